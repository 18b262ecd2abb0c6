"""Request bodies: one JSON object, read leniently: 1.x clients differ in types and send much that is not asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from fastapi import Depends
from starlette.requests import Request

from fateflow_tui.core.document.json_text import path_text, read_json
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party

BODY_LIMIT = 16 << 20
DOCUMENT_LIMIT = 4 << 20
# A body that is too large is read to its end and thrown away, so that the client gets to see the answer.
_DRAIN_LIMIT = 256 << 20
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
}
_TRUE = {"1", "true", "yes"}


class UnreadableBody(BadRequest):
    """The body is no JSON object; HTTP status 400."""


class OversizedBody(BadRequest):
    """The body is larger than this call takes; HTTP status 413."""


class Body:
    """The members of a request. Numbers and texts stand for each other, as clients send either (`9999`, `"9999"`)."""

    def __init__(self, members: dict[str, Any]) -> None:
        self.members = members

    def require(self, *names: str) -> None:
        missing = [name for name in names if self.members.get(name) is None]
        if missing:
            raise BadRequest(f"required parameters are missing: {','.join(missing)};")

    def text(self, name: str, default: str = "") -> str:
        value = self.members.get(name)
        if value is None:
            return default
        if isinstance(value, str | int | float):
            return str(value)
        raise BadRequest(f"{name} must be a text, not {_kind(value)}")

    def integer(self, name: str, default: int) -> int:
        value = self.members.get(name)
        if value is None or value == "":
            return default
        try:
            return int(value)
        except (TypeError, ValueError, OverflowError):
            raise BadRequest(f"{name} must be a whole number, not {value!r:.80}") from None

    def number(self, name: str, default: float) -> float:
        value = self.members.get(name)
        try:
            return default if value is None else float(value)
        except (TypeError, ValueError, OverflowError):
            raise BadRequest(f"{name} must be a number, not {value!r:.80}") from None

    def flag(self, name: str, default: bool = False) -> bool:
        """True for 1, true and their texts; anything else is False (clients send 2 for "no")."""
        value = self.members.get(name)
        return default if value is None else str(value).lower() in _TRUE

    def texts(self, name: str) -> list[str]:
        """A list of texts; a single one, or several joined by commas, is taken for a list."""
        value = self.members.get(name)
        if value is None:
            return []
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        if isinstance(value, list):
            return [str(part) for part in value]
        raise BadRequest(f"{name} must be a list of texts, not {_kind(value)}")

    def mapping(self, name: str) -> dict[str, Any]:
        value = self.members.get(name)
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        raise BadRequest(f"{name} must be an object, not {_kind(value)}")

    def party(self) -> Party | None:
        """The named party, None when neither role nor party_id is given."""
        role, party_id = self.text("role"), self.text("party_id")
        if not role and not party_id:
            return None
        self.require("role", "party_id")
        return Party(role, party_id)


async def read_bytes(request: Request, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        elif size > _DRAIN_LIMIT:
            break
    if size > limit:
        raise OversizedBody(
            f"the request body has {size / 1e6:.1f} MB{' or more' if size > _DRAIN_LIMIT else ''}, "
            f"at most {limit / 1e6:.1f} MB are taken here",
            hint="job documents are small; upload data with `fateflow data upload`",
        )
    return b"".join(chunks)


def parse(content: bytes) -> Body:
    """Nothing, and JSON null, stand for {}."""
    if not content.strip():
        return Body({})
    try:
        members = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableBody(f"the request body is no JSON: {error}") from None
    except RecursionError:
        raise UnreadableBody("the request body is nested too deeply") from None
    if members is None:
        return Body({})
    if not isinstance(members, dict):
        raise UnreadableBody(f"the request body must be a JSON object, not {_kind(members)}")
    return Body(members)


def parse_documents(content: bytes) -> Body:
    """As `parse`, for bodies with job documents in them, where a key that stands twice is a component lost."""
    body = parse(content)
    for flaw in read_json(content).flaws:
        if flaw.code == "DuplicateKeyError":
            raise UnreadableBody(f"the request body, line {flaw.line}, {path_text(flaw.path)}: {flaw.message}")
    return body


def body_up_to(limit: int, read: Callable[[bytes], Body] = parse) -> Callable[[Request], Awaitable[Body]]:
    async def body(request: Request) -> Body:
        return read(await read_bytes(request, limit))

    return body


JsonBody = Annotated[Body, Depends(body_up_to(BODY_LIMIT))]
DocumentBody = Annotated[Body, Depends(body_up_to(DOCUMENT_LIMIT, parse_documents))]


def _kind(value: Any) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), "null")
