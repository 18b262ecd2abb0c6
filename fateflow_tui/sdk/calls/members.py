"""Members of request bodies: job documents, parties, models, and leaving out what was not given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party

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
