"""A component's parameters: the origin of each, and checks of changed ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from fateflow_tui.core.document.check import with_changes
from fateflow_tui.core.document.json_text import JsonDocument, Path, path_text, read_json
from fateflow_tui.core.document.problems import Problem
from fateflow_tui.core.errors import FateFlowError

DEFAULT = "default"
COMMON = "common"


class Parameter(msgspec.Struct, frozen=True):
    """A parameter by its path, as in `init_param.init_method`. origin: default, common, a role, or a party."""

    path: str
    value: Any
    origin: str

    @property
    def text(self) -> str:
        return msgspec.json.encode(self.value).decode() if not isinstance(self.value, str) else self.value


def parameters_of(
    effective: Mapping[str, Any], conf: Mapping[str, Any], component: str, party: str
) -> Iterator[Parameter]:
    """Yield the parameters of a component. effective: merged, as the component gets them. conf: the job's."""
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


_SECTION = "component_parameters"


class Remark(msgspec.Struct, frozen=True):
    """A message at a place in the text. line, column: from 0. error: it prevents the rerun."""

    line: int
    column: int
    text: str
    error: bool = True


def of_component(conf: Mapping[str, Any], component: str, roles: Sequence[str]) -> dict[str, Any]:
    """Return what the conf sets for a component, in the format of changes. Roles without values are shown empty."""
    given = conf.get(_SECTION)
    sections: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    common = sections.get("common")
    found: dict[str, Any] = {"common": {component: _own(common, component)}}
    by_role: dict[str, Any] = {}
    role_section = sections.get("role")
    for role in roles:
        members = role_section.get(role) if isinstance(role_section, Mapping) else None
        for index, section in (members if isinstance(members, Mapping) else {}).items():
            if isinstance(section, Mapping) and component in section:
                by_role.setdefault(role, {})[index] = {component: section[component]}
    return {**found, "role": by_role} if by_role else found


def read(text: str) -> tuple[JsonDocument, list[Remark]]:
    """Parse the text; return the document and its errors."""
    document = read_json(text)
    remarks = [Remark(max(0, flaw.line - 1), max(0, flaw.column - 1), flaw.message) for flaw in document.errors]
    if not remarks and not isinstance(document.value, dict):
        remarks.append(Remark(0, 0, "expected an object: {…}"))
    unknown = [key for key in document.value or () if key not in ("common", "role")] if not remarks else []
    for key in unknown:
        line, column = document.positions([(key,)]).get((key,), (1, 1))
        remarks.append(Remark(line - 1, column - 1, f"unexpected key {key!r}: parameters go in common or role"))
    return document, remarks


def changed_conf(conf: Mapping[str, Any], changes: Any) -> dict[str, Any] | str:
    """Return the conf with the changes applied, or why they cannot be applied."""
    try:
        return with_changes(conf, None, changes)
    except (FateFlowError, AttributeError, TypeError, ValueError) as error:
        return str(error)


def left_out(given: Any, changes: Any) -> list[str]:
    """List given values that the changes lack, as `common.dataio_0.label_name = "y"`. Changes are merged into the job's
    conf, so these values stay in effect.
    """
    kept = set(_paths(changes, ()))
    missing = [path for path in _paths(given, ()) if path not in kept and path[:-1] in (kept | {()})]
    return [_assignment(given, path) for path in missing]


def placed(document: JsonDocument, problems: Sequence[Problem]) -> list[Remark]:
    """Return the problems of the whole conf that concern the text, at their places in it."""
    by_path = {path_text((_SECTION, *path)): path for path in _paths(document.value, ())}
    wanted = {}
    for problem in problems:
        found = next((by_path[path] for path in _upwards(problem.path) if path in by_path), None)
        if found is not None and problem.path.startswith(f"$.{_SECTION}"):
            wanted[problem] = found
    places = document.positions(wanted.values())
    remarks = []
    for problem, path in wanted.items():
        line, column = places.get(path, (1, 1))
        advice = f" ({problem.suggestion})" if problem.suggestion else ""
        remarks.append(Remark(line - 1, column - 1, f"{problem.message}{advice}", problem.severity == "error"))
    return remarks


def _own(section: Any, component: str) -> Any:
    return section.get(component, {}) if isinstance(section, Mapping) else {}


def _assignment(given: Any, path: Path) -> str:
    value = given
    for key in path:
        value = value[key]
    return f"{'.'.join(map(str, path))} = {json.dumps(value, ensure_ascii=False)}"


def _paths(value: Any, path: Path) -> Iterator[Path]:
    members: Any = ()
    if isinstance(value, dict):
        members = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    for key, member in members:
        yield (*path, key)
        yield from _paths(member, (*path, key))


def _upwards(path: str) -> Iterator[str]:
    while path:
        yield path
        cut = max(path.rfind("."), path.rfind("["))
        path = path[:cut] if cut > 0 else ""
