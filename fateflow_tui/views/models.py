"""Words for the rows and facts of model versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fateflow_tui.sdk.types.models import ModelLine

Roles = Mapping[str, Sequence[int]]

_ROLE_ORDER: Final = ("guest", "host", "arbiter")


def version_kind(line: ModelLine) -> str:
    """Return `loaded`, `deployed`, `imported` or `trained`, the most important that applies."""
    if line.loaded:
        return "loaded"
    return "deployed" if line.deployed else "imported" if line.imported else "trained"


def parties_of(roles: Roles) -> list[str]:
    """Return parties as `role:id`."""
    return [f"{role}:{party}" for role, ids in _in_order(roles) for party in ids]


def grouped_parties(roles: Roles) -> str:
    """Return `guest:9999 host:10000,10001`."""
    return " ".join(f"{role}:{','.join(map(str, ids))}" for role, ids in _in_order(roles))


def short_parties(roles: Roles) -> str:
    """Return `G9999 H10000 H10001`."""
    return " ".join(f"{role[:1].upper()}{party}" for role, ids in _in_order(roles) for party in ids)


def _in_order(roles: Roles) -> Iterator[tuple[str, Sequence[int]]]:
    names = [role for role in _ROLE_ORDER if role in roles] + [role for role in roles if role not in _ROLE_ORDER]
    return ((role, roles[role]) for role in names)
