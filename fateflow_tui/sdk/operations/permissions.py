"""Permissions: what parties of other sites may use at this one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fateflow_tui.sdk.operations.call import Call, as_, given, list_of, nothing
from fateflow_tui.sdk.types import Grant

Words = Sequence[str] | str


def listed(party: str = "") -> Call[list[Grant]]:
    """All grants, or those of one party."""
    return Call("/v1/party/grants", given({"party": party}), list_of(Grant))


def grant(
    party: str,
    *,
    roles: Words = (),
    commands: Words = (),
    components: Words = (),
    datasets: Words = (),
) -> Call[Grant]:
    """Allows a party what is listed, and of these kinds nothing else; `all` for everything. Gives what it then has.

    party: `guest:9999`, `9999` for any role, `guest:*`, or `*`. roles: of this site's parties. commands: create, run.
    components: modules. datasets: `namespace.name`.
    """
    return Call("/v1/party/grant", _wanted(party, roles, commands, components, datasets), as_(Grant))


def revoke(
    party: str,
    *,
    roles: Words = (),
    commands: Words = (),
    components: Words = (),
    datasets: Words = (),
) -> Call[Grant]:
    """Takes back what was granted; a list that becomes empty allows nothing. Gives what the party then has."""
    return Call("/v1/party/revoke", _wanted(party, roles, commands, components, datasets), as_(Grant))


def forget(party: str) -> Call[None]:
    """Forgets all grants of a party, as if nothing had ever been granted or restricted."""
    return Call("/v1/party/revoke", {"party": party, "forget": True}, nothing)


def _wanted(party: str, roles: Words, commands: Words, components: Words, datasets: Words) -> dict[str, Any]:
    kinds = {"role": roles, "command": commands, "component": components, "dataset": datasets}
    lists = {kind: [words] if isinstance(words, str) and words else list(words) for kind, words in kinds.items()}
    return {"party": party, **given(lists)}
