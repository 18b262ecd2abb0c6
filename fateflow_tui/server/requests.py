"""Request bodies: each is declared once, as a class, and read leniently.

    class StopJobRequest(RequestBody, example={"job_id": JOB}):
        job_id: JobId
        reason: Annotated[Text, "why the job is stopped"] = ""

A route takes `Json[StopJobRequest]`. Parsing, checks and the OpenAPI schema come from the declaration. 1.x clients
differ in types and send many members that no route reads: numbers and texts are interchangeable, null stands for a
member left out, and unknown members are ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Final,
    Self,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec
from fastapi import Depends
from starlette.requests import Request

from fateflow_tui.core.document.json_text import path_text, read_json
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party

BODY_LIMIT: Final = 16 << 20
DOCUMENT_LIMIT: Final = 4 << 20
# A body that is too large is read to its end and discarded, so that the client receives the answer.
_DRAIN_LIMIT: Final = 256 << 20
_TRUE: Final = frozenset({"1", "true", "yes"})
_KIND_NAMES: Final = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
}

Schema = Mapping[str, Any]
R = TypeVar("R", bound="RequestBody")


class UnreadableBody(BadRequest):
    """The body is not a JSON object; HTTP status 400."""


class OversizedBody(BadRequest):
    """The body is larger than this call accepts; HTTP status 413."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of member: its JSON schema, and how a value of the member of this name is read.

    blank: "" stands for a member left out. checked_later: a missing one reads as "", and the route decides what it
    answers, although the schema requires it.
    """

    schema: Schema
    read: Callable[[str, Any], Any]
    blank: bool = False
    checked_later: bool = False


class Member(msgspec.Struct, frozen=True):
    """A declared member of a request."""

    name: str
    kind: Kind
    required: bool
    description: str = ""


def _text(name: str, value: Any) -> str:
    if isinstance(value, str | int | float):
        return str(value)
    raise BadRequest(f"{name} must be a string, not {_kind_name(value)}")


def read_int(name: str, value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise BadRequest(f"{name} must be an integer, not {value!r:.80}") from None


def _float(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise BadRequest(f"{name} must be a number, not {value!r:.80}") from None


def _flag(name: str, value: Any) -> bool:
    """Clients send 2 for "no"."""
    return str(value).lower() in _TRUE


def read_texts(name: str, value: Any) -> tuple[str, ...]:
    """A single text, or several joined by commas, is read as a list."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if isinstance(value, list):
        return tuple(str(part) for part in value)
    raise BadRequest(f"{name} must be a list of strings, not {_kind_name(value)}")


def _mapping(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise BadRequest(f"{name} must be an object, not {_kind_name(value)}")


def _anything(name: str, value: Any) -> Any:
    return value


def _reuse(name: str, value: Any) -> str | bool:
    text = _text(name, value)
    return text if text.isdigit() and len(text) > 1 else _flag(name, value)


def _roles(name: str, value: Any) -> dict[str, list[int]]:
    roles: dict[str, list[int]] = {}
    for role, ids in _mapping(name, value).items():
        if not isinstance(ids, list):
            raise BadRequest(f"{name}.{role} must be a list of party ids")
        try:
            roles[role] = [int(one) for one in ids]
        except (TypeError, ValueError, OverflowError):
            raise BadRequest(f"{name}.{role} must be a list of party ids, not {ids!r:.80}") from None
    return roles


def one_of(*words: str) -> Kind:
    """A text; the route itself checks that it is one of these."""
    return Kind({"type": "string", "enum": list(words)}, _text)


_TEXT: Final[Schema] = {"type": ["string", "integer"]}
_INT: Final[Schema] = {"type": ["integer", "string"], "pattern": "^(-?[0-9]{1,18})?$"}
_FLOAT: Final[Schema] = {"type": ["number", "string"], "pattern": r"^[0-9]{1,9}(\.[0-9]{1,9})?$"}
_FLAG: Final[Schema] = {"type": ["boolean", "integer", "string"], "description": "1, true and yes mean yes"}
_TEXTS: Final[Schema] = {
    "type": ["array", "string", "integer"],
    "items": _TEXT,
    "description": "a list, or a comma-separated string",
}
_DOCUMENT: Final[Schema] = {"type": ["object", "string"], "description": "an object, or its JSON text"}
_REUSE: Final[Schema] = {"type": ["boolean", "string"], "description": "a job id, or true for the newest job that fits"}
_PARTIES: Final[Schema] = {
    "type": "object",
    "description": "role: its party ids",
    "additionalProperties": {"type": "array", "items": _TEXT},
}
_PARTY: Final[Schema] = {
    "type": "object",
    "properties": {"role": _TEXT, "party_id": _TEXT},
    "required": ["role", "party_id"],
}
_RANGE: Final[Schema] = {
    "type": ["array", "integer", "string"],
    "items": {"type": ["integer", "string", "null"]},
    "description": "a value, or from and to: ms since the epoch or YYYY-MM-DD HH:MM:SS",
}

Text = Annotated[str, Kind(_TEXT, _text)]
Int = Annotated[int, Kind(_INT, read_int, blank=True)]
Float = Annotated[float, Kind(_FLOAT, _float)]
Flag = Annotated[bool, Kind(_FLAG, _flag)]
Texts = Annotated[tuple[str, ...], Kind(_TEXTS, read_texts)]
Object = Annotated[Mapping[str, Any], Kind({"type": "object"}, _mapping)]
Document = Annotated[Any, Kind(_DOCUMENT, _anything)]
Reuse = Annotated[str | bool, Kind(_REUSE, _reuse)]
Roles = Annotated[Mapping[str, list[int]], Kind(_PARTIES, _roles)]
Parties = Annotated[Any, Kind(_PARTIES, _anything)]
PartyObject = Annotated[Mapping[str, Any], Kind(_PARTY, _mapping)]
# A value, or a list of values that match.
Filter = Annotated[Any, Kind(_TEXTS, _anything)]
Range = Annotated[Any, Kind(_RANGE, _anything)]
# A name that the schema requires, and whose absence the route answers in its own way.
Name = Annotated[str, Kind(_TEXT, _text, checked_later=True)]
JobId = Name

NO_MEMBERS: Final[Mapping[str, Any]] = {}


def _declared(cls: type[RequestBody]) -> Iterator[Member]:
    for name, hint in get_type_hints(cls, include_extras=True).items():
        notes = list(_notes(hint))
        kind = next((one for one in notes if isinstance(one, Kind)), None)
        if kind is not None:
            description = " ".join(one for one in notes if isinstance(one, str))
            yield Member(name, kind, not hasattr(cls, name), description)


def _notes(hint: Any) -> Iterator[Any]:
    """All metadata of a type hint, also within `Int | None`."""
    if get_origin(hint) is Annotated:
        inner, *notes = get_args(hint)
        yield from notes
        yield from _notes(inner)
    elif get_origin(hint) in (Union, UnionType):
        for one in get_args(hint):
            yield from _notes(one)


class RequestBody:
    """The base of all request declarations. A member with a default may be left out.

    members: everything that the client sent. example: a valid body, for the OpenAPI document.
    """

    example: ClassVar[Mapping[str, Any]] = NO_MEMBERS
    fields: ClassVar[tuple[Member, ...]] = ()
    has_documents: ClassVar[bool] = False

    def __init_subclass__(cls, *, example: Mapping[str, Any] | None = None, has_documents: bool = False) -> None:
        cls.fields = tuple(_declared(cls))
        cls.example = example if example is not None else cls.example
        cls.has_documents = has_documents or cls.has_documents

    def __init__(self, members: Mapping[str, Any] = NO_MEMBERS) -> None:
        self.members = members
        self.require(*(one.name for one in self.fields if one.required and not one.kind.checked_later))
        for field in self.fields:
            value = members.get(field.name)
            if value is not None and not (field.kind.blank and value == ""):
                setattr(self, field.name, field.kind.read(field.name, value))
            elif field.required:
                setattr(self, field.name, "")

    def require(self, *names: str) -> None:
        """Raise BadRequest when one of these members is missing."""
        missing = [name for name in names if self.members.get(name) is None]
        if missing:
            raise BadRequest(f"required parameters are missing: {','.join(missing)};")

    @classmethod
    async def receive(cls, request: Request) -> Self:
        """Read the body of a request. Bodies with job documents are small, and no key of theirs may occur twice."""
        if cls.has_documents:
            return cls(parse_documents(await read_bytes(request, DOCUMENT_LIMIT)))
        return cls(parse(await read_bytes(request, BODY_LIMIT)))

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        properties = {
            one.name: {**one.kind.schema, **({"description": one.description} if one.description else {})}
            for one in cls.fields
        }
        schema: dict[str, Any] = {"type": "object", "properties": properties}
        required = [one.name for one in cls.fields if one.required]
        return {**schema, "required": required} if required else schema


class AtParty(RequestBody):
    """A request that may name a party by its role and its id."""

    role: Text = ""
    party_id: Text = ""

    def party_or_none(self) -> Party | None:
        """Return the named party, None without role and party_id. Raises BadRequest for one without the other."""
        if not self.role and not self.party_id:
            return None
        self.require("role", "party_id")
        return Party(self.role, self.party_id)


if TYPE_CHECKING:
    Json = Annotated[R, "the request body"]
else:

    class Json:
        """`Json[StopJobRequest]`: the route's body, read as this request."""

        def __class_getitem__(cls, request: type[RequestBody]) -> Any:
            return Annotated[request, Depends(request.receive)]


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
            f"the request body has {size / 1e6:.1f} MB{' or more' if size > _DRAIN_LIMIT else ''}; "
            f"this call accepts at most {limit / 1e6:.1f} MB",
            hint="job documents are small; upload data with `fateflow data upload`",
        )
    return b"".join(chunks)


def parse(content: bytes) -> dict[str, Any]:
    """Return the members of a JSON object; an empty body and null have none."""
    if not content.strip():
        return {}
    try:
        members = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableBody(f"the request body is not valid JSON: {error}") from None
    except RecursionError:
        raise UnreadableBody("the request body is nested too deeply") from None
    if members is None:
        return {}
    if not isinstance(members, dict):
        raise UnreadableBody(f"the request body must be a JSON object, not {_kind_name(members)}")
    return members


def parse_documents(content: bytes) -> dict[str, Any]:
    """As `parse`, for bodies with job documents: a key that occurs twice would silently drop a component."""
    members = parse(content)
    for flaw in read_json(content).errors:
        if flaw.code == "DuplicateKeyError":
            raise UnreadableBody(f"the request body, line {flaw.line}, {path_text(flaw.path)}: {flaw.message}")
    return members


def _kind_name(value: Any) -> str:
    return _KIND_NAMES.get(type(value), "null")
