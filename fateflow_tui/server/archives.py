"""Answers that are files: tar archives and JSON documents, built in memory or in an unnamed file."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from fateflow_tui.core.errors import BadRequest

_CHUNK = 1 << 18


class WholeFile(FileResponse):
    """A file that is always sent whole: failures of range requests would not be envelopes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kept = [(name, value) for name, value in scope["headers"] if name not in (b"range", b"if-range")]
        await super().__call__({**scope, "headers": kept}, receive, send)


def log_archive(directory: Path) -> IO[bytes]:
    """Return all files below a directory as tar.gz, with relative names."""
    archive = tempfile.TemporaryFile()  # noqa: SIM115 (closed by the answer)
    with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=3) as tar:
        for path in sorted(directory.rglob("*")):
            if path.is_file() and not path.is_symlink():
                _add_growing(tar, path, str(path.relative_to(directory)))
    archive.seek(0)
    return archive


def example_archive(directory: Path) -> IO[bytes]:
    """Return the job documents of a directory and the tables in its `data` as tar.gz, with relative names."""
    archive = tempfile.TemporaryFile()  # noqa: SIM115 (closed by the answer)
    with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=3) as tar:
        for path in (*sorted(directory.glob("*.json")), *sorted(directory.glob("data/*.csv"))):
            _add_growing(tar, path, str(path.relative_to(directory)))
    archive.seek(0)
    return archive


def tar_answer(archive: IO[bytes], filename: str) -> Response:
    headers = {"Content-Disposition": f"attachment; filename={filename}"}
    return StreamingResponse(_chunks(archive), media_type="application/x-tar", headers=headers)


def json_file_answer(document: Any, filename: str) -> Response:
    """Return a document as a file of the requested name. Clients expect the name without quotes."""
    if not filename.isprintable() or any(sign in filename for sign in '/\\";'):
        raise BadRequest(f"invalid file name {filename!r}")
    content = msgspec.json.format(msgspec.json.encode(document), indent=4)
    headers = {"Content-Disposition": f"attachment; filename={filename.encode('ascii', 'replace').decode()}"}
    return Response(content, media_type="application/json", headers=headers)


def _add_growing(tar: tarfile.TarFile, path: Path, name: str) -> None:
    """Add a file at its current length; a running job's logs grow while they are read."""
    with path.open("rb") as file:
        info = tar.gettarinfo(arcname=name, fileobj=file)
        info.uname = info.gname = ""
        tar.addfile(info, file)


def _chunks(archive: IO[bytes]) -> Iterator[bytes]:
    with archive:
        while chunk := archive.read(_CHUNK):
            yield chunk
