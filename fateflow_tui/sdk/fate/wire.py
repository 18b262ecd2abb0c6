"""HTTP of `FlowClient`."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.sdk.operations.call import Document, document
from fateflow_tui.sdk.signature import FORM, Signature

Answer = dict[str, Any]
Conf = Document  # an object, as in 1.11, or the path of a JSON file, as in 1.6

_TIMEOUT = httpx.Timeout(600.0, connect=5.0)  # seconds
_FAILED = 100  # FATE's retcode for errors in the client


class Wire:
    """Calls below one address."""

    def __init__(self, base: str, app_key: str, secret_key: str) -> None:
        self._base = base
        auth = Signature(app_key, secret_key) if app_key and secret_key else None
        self._http = httpx.Client(base_url=base, auth=auth, timeout=_TIMEOUT, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Return the answer, whatever its retcode. Members of the body that are None are not sent."""
        try:
            return _decoded(self._http.post(path, json=given(body or {})))
        except httpx.HTTPError as error:
            return self._unreachable(error)

    def post_file(self, path: str, file: Path, *, query: str = "", form: Mapping[str, Any] | None = None) -> Answer:
        """Send a file as part `file`. form: text parts beside it."""
        fields = {name: str(value) for name, value in (form or {}).items()}
        url = f"{path}?{query}" if query else path
        if not file.is_file():
            return {"retcode": _FAILED, "retmsg": f"file not found: {file}"}
        try:
            with file.open("rb") as content:
                files = {"file": (file.name, content, "application/octet-stream")}
                return _decoded(self._http.post(url, data=fields, files=files, extensions={FORM: fields}))
        except httpx.HTTPError as error:
            return self._unreachable(error)

    def archive(self, method: str, path: str, body: Mapping[str, Any], folder: Path) -> Answer:
        """Unpack an answer that is a tar archive into a folder; return any other answer unchanged."""
        with self._saved(method, path, body) as found:
            if isinstance(found, dict):
                return found
            folder.mkdir(parents=True, exist_ok=True)
            with tarfile.open(found[0], "r:gz") as tar:
                tar.extractall(folder, filter="data")
        return {"retcode": 0, "directory": str(folder), "retmsg": f"downloaded to {folder}"}

    def file(self, method: str, path: str, body: Mapping[str, Any], folder: Path) -> Answer:
        """Save an answer that is a file in a folder, under the name given in the answer."""
        with self._saved(method, path, body) as found:
            if isinstance(found, dict):
                return found
            folder.mkdir(parents=True, exist_ok=True)
            target = folder / Path(found[1]).name
            target.write_bytes(found[0].read_bytes())
        return {"retcode": 0, "file": str(target), "retmsg": f"downloaded to {target}"}

    @contextmanager
    def _saved(self, method: str, path: str, body: Mapping[str, Any]) -> Iterator[Answer | tuple[Path, str]]:
        """The file of an answer and its name, or the answer if it is not a file."""
        with tempfile.TemporaryDirectory(prefix="fateflow-") as folder:
            spool = Path(folder) / "answer"
            try:
                with self._http.stream(method, path, json=given(body)) as response:
                    if response.status_code != httpx.codes.OK:
                        response.read()
                        yield _decoded(response)
                        return
                    with spool.open("wb") as file:
                        for chunk in response.iter_bytes():
                            file.write(chunk)
            except httpx.HTTPError as error:
                yield self._unreachable(error)
                return
            name = response.headers.get("content-disposition", "").rpartition("filename=")[2]
            yield spool, name or "file"

    def _unreachable(self, error: httpx.HTTPError) -> Answer:
        return {"retcode": _FAILED, "retmsg": f"no scheduler answers at {self._base}: {error}"}


def conf_of(*candidates: Conf | None) -> dict[str, Any]:
    """Return the first configuration that is not None; a path is read. Raises BadRequest when there is none."""
    found = next((one for one in candidates if one is not None), None)
    if found is None:
        raise BadRequest("no configuration given", hint="pass an object, or the path of a JSON file")
    content = document(found)
    if isinstance(content, dict):
        return content
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise BadRequest(f"{found!s:.200} is not a JSON object: {error}") from None


def given(body: Mapping[str, Any]) -> dict[str, Any]:
    """Drop members that are None."""
    return {name: value for name, value in body.items() if value is not None}


def filled(answer: Answer) -> Answer:
    """Add empty `data` to a successful answer without data."""
    return {**answer, "data": answer.get("data") or {}} if answer.get("retcode") == 0 else answer


def as_query(conf: Mapping[str, Any]) -> str:
    """A configuration as FATE's clients write it into a URL."""
    return quote(msgspec.json.encode(dict(conf)).decode(), safe="")


def _decoded(response: httpx.Response) -> Answer:
    try:
        found = msgspec.json.decode(response.content, type=dict[str, Any])
    except msgspec.MsgspecError:
        text = response.content[:200].decode(errors="replace")
        return {
            "retcode": _FAILED,
            "retmsg": f"the server is not FATE-Flow: HTTP status {response.status_code}: {text}",
        }
    return found
