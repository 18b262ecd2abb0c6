"""Uploads as clients send them, and files on the server that a client may name."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import BadRequest, Conflict
from fateflow_tui.runtime.jobs.admission import FileRules
from fateflow_tui.runtime.site import Site

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks


def server_file(site: Site, name: str) -> Path:
    """Return the file that a client names, if `FileRules` allow it. Raises BadRequest, PartyRefused."""
    return FileRules(site.config, site.home.uploads, site.catalog).named(name)


async def file_to_write(site: Site, name: str) -> Path:
    """As `server_file`, for a file to create or replace. Raises Conflict for one to which a table is bound: this site
    never changes it.
    """
    path = server_file(site, name)
    if path.is_relative_to(site.home.root.resolve()):
        raise BadRequest(f"{path.name!r:.200} would be among this site's own files", hint="choose another folder")
    await asyncio.to_thread(_refuse_bound, site.tables, path)
    return path


def _refuse_bound(tables: Tables, path: Path) -> None:
    for namespace, name in tables.names():
        meta = tables.meta(namespace, name)
        if meta is not None and meta.external and str(path) in meta.files:
            raise Conflict(
                f"table {namespace}.{name} is bound to the file {path.name}, so the file is not overwritten",
                hint="choose another file, or delete that table first",
            )


_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_FIELD_LIMIT = 1 << 20
_CUT = "the configuration in the URL is incomplete: clients cut the URL at '#'; use names without '#'"


def conf_of_query(raw: bytes) -> dict[str, Any]:
    """Return the members of a query string. `+` is kept, and so is `%` without two hex digits."""
    decoded = _unescaped(raw)
    if decoded.startswith(b"%7B"):
        decoded = _unescaped(decoded)  # clients escape everything twice when a value has a literal `%`
    text = decoded.decode("utf-8", errors="replace")
    if text.lstrip().startswith("{"):
        try:
            conf = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            cut = not text.rstrip().endswith("}")
            raise BadRequest(_CUT if cut else f"the configuration in the URL is not valid JSON: {error}") from None
        return conf if isinstance(conf, dict) else {}
    return dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True))


def _unescaped(text: bytes) -> bytes:
    return _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), text)


class PartWriter:
    """Receives a multipart body: the part `file` is streamed to disk, other parts are fields."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._disposition: dict[bytes, bytes] = {}
        self._in_file = False
        self._field = bytearray()
        self.found = False
        self.fields: dict[str, str] = {}

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self.on_part_begin,
            "on_header_field": self.on_header_field,
            "on_header_value": self.on_header_value,
            "on_header_end": self.on_header_end,
            "on_headers_finished": self.on_headers_finished,
            "on_part_data": self.on_part_data,
            "on_part_end": self.on_part_end,
        }

    def on_part_begin(self) -> None:
        self._disposition = {}
        self._field = bytearray()
        self._in_file = False

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def on_header_end(self) -> None:
        if self._header[0].lower() == b"content-disposition":
            _, self._disposition = parse_options_header(bytes(self._header[1]))
        self._header = (bytearray(), bytearray())

    def on_headers_finished(self) -> None:
        self._in_file = self._disposition.get(b"name") == b"file" and b"filename" in self._disposition
        self.found = self.found or self._in_file

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._target.write(data[start:end])
            return
        self._field.extend(data[start:end])
        if len(self._field) > _FIELD_LIMIT:
            raise BadRequest("a field of the upload is too large")

    def on_part_end(self) -> None:
        name = self._disposition.get(b"name")
        if name and not self._in_file:
            self.fields[name.decode(errors="replace")] = self._field.decode(errors="replace")


async def receive_file(request: Request, path: Path) -> dict[str, str]:
    """Stream the part `file` to `path`, which must not exist, and return the other parts. The part's own file name is
    ignored. Raises BadRequest when the part is missing or the body is not multipart.
    """
    _, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if not boundary:
        raise BadRequest("the upload has no file: send it as multipart part `file`, or name a file on the server")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as target:
        parts = PartWriter(target)
        parser = MultipartParser(boundary, parts.callbacks())
        try:
            async for chunk in request.stream():
                parser.write(chunk)
            parser.finalize()
        except ValueError as error:
            raise BadRequest(f"the multipart body is damaged: {error}") from None
    if not parts.found:
        raise BadRequest("the upload has no part `file`")
    return parts.fields
