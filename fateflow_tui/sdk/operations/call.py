"""A request and the reading of its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party
from fateflow_tui.sdk.answers import Envelope

T = TypeVar("T")


class Call(msgspec.Struct, Generic[T], frozen=True):
    """A request and the reading of its answer.

    path: below the scheduler's URL. tolerated: retcodes that are no failure. upload: the file that is sent as part
    `file`, with the body's members as text parts. target: where an answer that is a file is written; `read` then gets
    an envelope with this path as its data. patience: seconds that the answer may take beyond the client's own.
    """

    path: str
    body: dict[str, Any]
    read: Callable[[Envelope], T]
    method: str = "POST"
    tolerated: frozenset[int] = frozenset()
    upload: Path | None = None
    target: Path | None = None
    patience: float = 0.0


def as_(type_: type[T]) -> Callable[[Envelope], T]:
    """Reads `data`."""
    return lambda envelope: msgspec.convert(envelope.data, type_, strict=False)


def list_of(type_: type[T]) -> Callable[[Envelope], list[T]]:
    """Reads `data`; none is an empty list."""
    return lambda envelope: msgspec.convert(envelope.data or [], list[type_], strict=False)  # type: ignore[valid-type]


def member(name: str, type_: type[T]) -> Callable[[Envelope], T]:
    """Reads one member of `data`."""
    return lambda envelope: msgspec.convert((envelope.data or {}).get(name), type_, strict=False)


def nothing(envelope: Envelope) -> None:
    """The answer says no more than that it is done."""
    return


def whole(envelope: Envelope) -> Envelope:
    """The envelope itself."""
    return envelope


def raw(path: str, body: Mapping[str, Any] | None = None, method: str = "POST") -> Call[Envelope]:
    """Any call of the API below /v1, answered by its envelope; a failure is raised."""
    return Call(f"/v1/{path.strip('/')}", dict(body or {}), whole, method)


def fetch(path: str, body: Mapping[str, Any], target: Path | str, method: str = "GET") -> Call[Path]:
    """A call below /v1 that answers with a file, which is written to `target`: whole, or not at all."""
    return Call(f"/v1/{path.strip('/')}", dict(body), _written, method, target=Path(target).expanduser(), patience=600)


def existing(path: Path | str) -> Path:
    """A file that is to be sent. Raises BadRequest when there is none."""
    file = Path(path).expanduser()
    if not file.is_file():
        raise BadRequest(f"there is no file {file}")
    return file


def _written(envelope: Envelope) -> Path:
    return Path(envelope.data)


Document = Mapping[str, Any] | str | Path
PartyLike = Party | str
Roles = Mapping[str, Sequence[int | str]]


def document(source: Document) -> dict[str, Any] | str:
    """A job document as it is sent: a path's content as text, so that problems have lines; JSON text and objects as
    they are. Raises BadRequest for a file that cannot be read.
    """
    if isinstance(source, Mapping):
        return dict(source)
    if isinstance(source, str) and source.lstrip()[:1] in ("{", "["):
        return source
    try:
        return Path(source).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else str(error)
        raise BadRequest(f"cannot read the job document {source!s:.200}: {cause}") from None


def party_of(party: PartyLike) -> Party:
    """Raises BadRequest for a text that is not role:id."""
    if isinstance(party, Party):
        return party
    try:
        return Party.parse(party)
    except ValueError as error:
        raise BadRequest(str(error)) from None


def party_members(party: PartyLike | None) -> dict[str, Any]:
    """`role` and `party_id`; nothing without a party."""
    if party is None:
        return {}
    known = party_of(party)
    return {"role": known.role, "party_id": known.party_id}


def roles_of(model_id: str) -> dict[str, list[int]]:
    """The parties that a model id names: {"guest": [9999], "host": [10000]} for `guest-9999#host-10000#model`.

    Raises BadRequest for an id of another form.
    """
    roles: dict[str, list[int]] = {}
    for part in model_id.removesuffix("#model").split("#"):
        role, dash, numbers = part.partition("-")
        if not dash or not all(number.isdigit() for number in numbers.split("_")):
            raise BadRequest(f"{model_id!r} is no model id", hint="it looks like guest-9999#host-10000#model")
        roles[role] = [int(number) for number in numbers.split("_")]
    return roles


def first_guest(roles: Roles) -> str:
    """Who speaks for a model unless somebody else is named. Raises BadRequest when there is no guest."""
    guests = roles.get("guest") or ()
    if not guests:
        raise BadRequest("the model has no guest", hint="name the initiator")
    return f"guest:{guests[0]}"


def part_members(model_id: str, model_version: str, party: PartyLike) -> dict[str, Any]:
    """What names one party's part of a model version."""
    return {"model_id": model_id, "model_version": model_version, **party_members(party)}


def role_ids(roles: Roles) -> dict[str, list[int | str]]:
    """A conf's `role` member."""
    return {role: list(ids) for role, ids in roles.items()}


def given(body: dict[str, Any]) -> dict[str, Any]:
    """Without what was left empty."""
    return {name: value for name, value in body.items() if value is not False and value not in ("", None, [], {})}
