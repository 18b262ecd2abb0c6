"""The parameters of a component as they are in effect at a party, each with where it comes from; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

DEFAULT = "default"
COMMON = "common"


class Parameter(msgspec.Struct, frozen=True):
    """path: `init_param.init_method`. origin: default, common, role (of all its parties), or the party itself."""

    path: str
    value: Any
    origin: str

    @property
    def text(self) -> str:
        return msgspec.json.encode(self.value).decode() if not isinstance(self.value, str) else self.value


def parameters_of(
    effective: Mapping[str, Any], conf: Mapping[str, Any], component: str, party: str
) -> Iterator[Parameter]:
    """effective: merged, as the component gets them. conf: the job's, as the party has it."""
    role, _, number = party.partition(":")
    sections = conf.get("component_parameters")
    given = sections if isinstance(sections, Mapping) else {}
    layers: list[tuple[str, Any]] = [(COMMON, _member(given.get("common"), component))]
    roles = conf.get("role")
    ids = [str(one) for one in roles.get(role, [])] if isinstance(roles, Mapping) else []
    index = str(ids.index(number)) if number in ids else ""
    of_role = _member(given.get("role"), role)
    for key, section in (of_role if isinstance(of_role, Mapping) else {}).items():
        if key == "all" or index in key.split("|"):
            origin = f"role {role}" if key == "all" and len(ids) > 1 else party
            layers.append((origin, _member(section, component)))
    if conf.get("dsl_version") == 1:
        layers = [(COMMON, _member(conf.get("algorithm_parameters"), component))]
        layers.append((party, _member(_member(conf.get("role_parameters"), role), component)))
    yield from _walk((), effective, [layer for layer in layers if layer[1] is not _NOTHING])


def _walk(path: tuple[str, ...], value: Any, layers: list[tuple[str, Any]]) -> Iterator[Parameter]:
    if isinstance(value, Mapping) and value:
        for key, member in value.items():
            below = [(origin, _member(layer, key)) for origin, layer in layers if isinstance(layer, Mapping)]
            below = [(origin, layer) for origin, layer in below if layer is not _NOTHING]
            yield from _walk((*path, str(key)), member, below)
        return
    yield Parameter(".".join(path), value, layers[-1][0] if layers else DEFAULT)


_NOTHING = object()


def _member(value: Any, key: str) -> Any:
    return value.get(key, _NOTHING) if isinstance(value, Mapping) else _NOTHING
