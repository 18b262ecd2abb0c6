"""Model versions as the user names them: whole, by their beginning, as `@last`, or by an alias."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from commands import classic
from commands.context import Session
from commands.option_groups import ModelOptions
from commands.options import required
from fateflow_tui.core.errors import BadRequest, NotFound


class Version(NamedTuple):
    """A version that is registered at the asked site. parties: those whose parts are here, the guest first."""

    model_id: str
    model_version: str
    parties: list[str]

    @property
    def body(self) -> dict[str, Any]:
        return {"model_id": self.model_id, "model_version": self.model_version}


def known(session: Session, word: str, model_id: str | None = None) -> Version:
    """Raises NotFound when no such version is registered here, Conflict when the word fits several."""
    version = session.version(word)
    asked = {"model_version": version, "model_id": model_id, "query_filters": ["model_id", "role", "party_id"]}
    envelope = classic.ask(session, "model/query", asked)
    records = envelope.get("data") or []
    if not records:
        raise NotFound(
            f"there is no model version {word} at this site", hint="see those that exist: fateflow model list"
        )
    parties = [f"{one['f_role']}:{one['f_party_id']}" for one in records]
    return Version(records[0]["f_model_id"], version, sorted(parties, key=lambda one: (one[:5] != "guest", one)))


def classic_body(session: Session, which: ModelOptions) -> dict[str, Any]:
    """As FATE's client names it; an unknown version stays as it is, for the scheduler to answer in FATE's own way."""
    body = which.body()
    return {**body, "model_version": session.known_version(body["model_version"])}


def whose_part(version: Version, party: str | None) -> str:
    """The party whose part is meant: the named one, else the guest's or the only one here. Raises NotFound."""
    if party is None:
        return version.parties[0]
    if party not in version.parties:
        raise NotFound(
            f"there is no part of {party} of version {version.model_version} at this site",
            hint=f"the parts here: {', '.join(version.parties)}",
        )
    return party


def part_body(version: Version, party: str | None) -> dict[str, Any]:
    """One part, in FATE's names."""
    role, _, party_id = whose_part(version, party).partition(":")
    return {**version.body, "role": role, "party_id": party_id}


def only_one(first: object, conf_path: Path | None, what: str) -> None:
    """Raises BadRequest unless exactly one of both is given."""
    if (not first) == (conf_path is None):
        raise BadRequest(f"name either {what} or a configuration with -c")


def named(word: str | None) -> str:
    """A version that must be named. Raises BadRequest."""
    return required(word, "VERSION")
