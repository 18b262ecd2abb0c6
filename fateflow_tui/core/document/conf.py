"""The runtime conf, versions 1 and 2, read into one form: parties, job parameters, layers of component parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from fateflow_tui.core.document.json_text import Path
from fateflow_tui.core.document.parties import all_parties, indices_of, read_initiator, read_roles
from fateflow_tui.core.document.problems import Problems, kind_of, shown
from fateflow_tui.core.ids import Party

# Keys that clients add from their command line.
CLIENT_KEYS: Final = frozenset(
    ["conf_path", "dsl_path", "output_path", "verbose", "local", "limit", "config", "dsl", "function"]
)
KEYS: Final = {
    1: ("initiator", "role", "job_parameters", "algorithm_parameters", "role_parameters", "dsl_version"),
    2: ("initiator", "role", "job_parameters", "component_parameters", "dsl_version", "provider"),
}


class Layer(msgspec.Struct, frozen=True):
    """Parameters by component from one place in the conf.

    path: of the object that holds the components. index: for version 1, the element of its role lists.
    """

    path: Path
    components: dict[str, dict[str, Any]]
    index: int | None = None

    def path_of(self, component: str, parameter: tuple[str, ...]) -> Path:
        end: Path = () if self.index is None or not parameter else (self.index,)
        return (*self.path, component, *parameter, *end)


class Conf(msgspec.Struct, frozen=True):
    """A parsed conf. If the document lacks them, initiator is None and roles are empty.

    job_parameters: the flat object (v1) or `common` (v2). own_job_parameters: overrides by party, each with its
    place, in the order in which they apply (v2).
    common, own: layers of component parameters, `own` by party and in the order in which they apply (v2).
    role_parameters: by role, as written (v1). document: the conf without the keys of clients, party ids as numbers.
    """

    version: int
    initiator: Party | None
    roles: dict[str, list[int]]
    job_parameters: dict[str, Any]
    own_job_parameters: dict[Party, list[tuple[Path, dict[str, Any]]]]
    common: Layer
    own: dict[Party, list[Layer]]
    role_parameters: dict[str, dict[str, Any]]
    document: dict[str, Any]

    @property
    def parties(self) -> list[Party]:
        return all_parties(self.roles)

    @property
    def job_path(self) -> Path:
        return ("job_parameters",) if self.version == 1 else ("job_parameters", "common")

    @property
    def job_type(self) -> Any:
        return self.job_parameters.get("job_type", "train")


def dsl_version(value: Any) -> int | None:
    """1 or 2; 1 if it is absent, None if it is invalid."""
    version = value.get("dsl_version", 1) if isinstance(value, dict) else 1
    if isinstance(version, str):
        version = {"1": 1, "2": 2}.get(version.strip())
    return version if type(version) is int and version in (1, 2) else None


def read_conf(value: Any, problems: Problems) -> Conf:
    """Read the conf. Add errors to `problems` and return the valid parts."""
    if not isinstance(value, dict) or not value:
        if not problems.has_errors:
            message = "the runtime conf is missing: expected a JSON object with initiator, role and job_parameters"
            problems.error("RequiredParameterMissingError", (), message)
        return _nothing()
    document = {key: item for key, item in value.items() if key not in CLIENT_KEYS}
    version = _version(document, problems)
    if "dsl_version" in document:
        document["dsl_version"] = version
    _check_keys(document, version, problems)
    roles = read_roles(document, problems)
    initiator = read_initiator(document, roles, problems)
    if roles:
        document["role"] = roles
    if initiator is not None:
        document["initiator"] = {"role": initiator.role, "party_id": int(initiator.party_id)}
    job_parameters = _section(document, "job_parameters", (), problems, required=True)
    own_job: dict[Party, list[tuple[Path, dict[str, Any]]]] = {}
    if version == 2:
        for party, path, given in _by_party(job_parameters, ("job_parameters",), roles, problems):
            own_job.setdefault(party, []).append((path, given))
        job_parameters = _common_job_parameters(job_parameters, problems)
    return Conf(
        version,
        initiator,
        roles,
        job_parameters,
        own_job,
        _common(document, version, problems),
        _own(document, roles, problems) if version == 2 else {},
        _role_parameters(document, roles, problems) if version == 1 else {},
        document,
    )


def _nothing() -> Conf:
    return Conf(2, None, {}, {}, {}, Layer((), {}), {}, {}, {})


def _version(document: Mapping[str, Any], problems: Problems) -> int:
    version = dsl_version(document)
    if version is None:
        message = f"unsupported dsl_version {shown(document['dsl_version'])}: expected 1 or 2"
        problems.error("DslVersionError", ("dsl_version",), message)
        return 2
    return version


def _check_keys(document: Mapping[str, Any], version: int, problems: Problems) -> None:
    for key in document:
        if key in KEYS[version]:
            continue
        other = 3 - version
        if key in KEYS[other] and key != "provider":
            message = f"`{key}` belongs to dsl_version {other}, but this conf has dsl_version {version}"
            problems.warn("UnknownConfKey", (key,), message, suggestion=f"dsl_version {other}")
        else:
            message = f"unknown key `{key}` in a conf of dsl_version {version}; it is ignored"
            problems.warn("UnknownConfKey", (key,), message, near=(key, KEYS[version]))


def _section(
    holder: Mapping[str, Any], key: str, path: Path, problems: Problems, *, required: bool = False
) -> dict[str, Any]:
    value = holder.get(key)
    if isinstance(value, dict):
        return value
    if value is not None:
        message = f"`{key}` must be an object, not {kind_of(value)}"
        problems.error("ConfTypeError", (*path, key), message)
    elif required:
        problems.error("RequiredParameterMissingError", path, f"`{key}` is missing", near=(key, holder))
    return {}


def _common_job_parameters(job_parameters: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    common = job_parameters.get("common")
    if isinstance(common, dict):
        return common
    message = "`job_parameters` of dsl_version 2 needs a `common` object"
    problems.error("JobParametersCommonNotExistError", ("job_parameters",), message)
    return {}


def _common(document: Mapping[str, Any], version: int, problems: Problems) -> Layer:
    if version == 1:
        path: Path = ("algorithm_parameters",)
        common = _section(document, "algorithm_parameters", (), problems)
    else:
        path = ("component_parameters", "common")
        parameters = _section(document, "component_parameters", (), problems)
        common = _section(parameters, "common", ("component_parameters",), problems)
    return Layer(path, _components(common, path, problems))


def _own(document: Mapping[str, Any], roles: Mapping[str, list[int]], problems: Problems) -> dict[Party, list[Layer]]:
    parameters = document.get("component_parameters")
    if not isinstance(parameters, dict):
        return {}
    own: dict[Party, list[Layer]] = {}
    layers: dict[Path, Layer] = {}  # parties that share an index key share its layer
    for party, path, given in _by_party(parameters, ("component_parameters",), roles, problems):
        if path not in layers:
            layers[path] = Layer(path, _components(given, path, problems))
        own.setdefault(party, []).append(layers[path])
    return own


def _by_party(
    holder: Mapping[str, Any], path: Path, roles: Mapping[str, list[int]], problems: Problems
) -> Iterator[tuple[Party, Path, dict[str, Any]]]:
    """The objects at `role.<role>.<index key>`, for each party that the key selects, in document order."""
    for role, ids, by_index, place in _role_entries(holder, "role", path, roles, problems):
        for key, given in by_index.items():
            here: Path = (*place, key)
            indices = indices_of(key, len(ids))
            if indices is None:
                message = f'invalid {role} index {shown(key)}: expected "0", "0|1" or "all"; it is ignored'
                problems.warn("UnknownIndexKey", here, message)
                continue
            if not isinstance(given, dict):
                message = f"the parameters of {role} {key} must be an object, not {kind_of(given)}"
                problems.error("ConfTypeError", here, message)
                continue
            for index in indices:
                if index < len(ids):
                    yield Party.of(role, ids[index]), here, given
                else:
                    message = f"no {role} has index {index}: the job has {len(ids)}, counted from 0"
                    problems.error("PartyIndexError", here, message)


def _role_entries(
    holder: Mapping[str, Any], key: str, path: Path, roles: Mapping[str, list[int]], problems: Problems
) -> Iterator[tuple[str, list[int], dict[str, Any], Path]]:
    for role, value in _section(holder, key, path, problems).items():
        place: Path = (*path, key, role)
        if not isinstance(value, dict):
            message = f"the parameters of role {role} must be an object, not {kind_of(value)}"
            problems.error("ConfTypeError", place, message)
        elif role not in roles:
            if roles and value:
                message = f"there are parameters for role {role}, which is not in `role`"
                problems.error("RoleNotExistError", place, message, near=(role, roles))
        else:
            yield role, roles[role], value, place


def _role_parameters(
    document: Mapping[str, Any], roles: Mapping[str, list[int]], problems: Problems
) -> dict[str, dict[str, Any]]:
    entries = _role_entries(document, "role_parameters", (), roles, problems)
    return {role: _components(value, place, problems) for role, _, value, place in entries}


def _components(value: Mapping[str, Any], path: Path, problems: Problems) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for component, parameters in value.items():
        if isinstance(parameters, dict):
            found[component] = parameters
        else:
            message = f"the parameters of {component} must be an object, not {kind_of(parameters)}"
            problems.error("ConfTypeError", (*path, component), message)
    return found


def conf_for(conf: Mapping[str, Any], party: Party) -> dict[str, Any]:
    """The conf without the parameters and tables of other parties.

    Version 2: keep only the index keys that select this party. Version 1: replace the elements of other parties in
    the lists of role parameters by null, which keeps the positions.
    """
    ids = conf["role"].get(party.role, [])
    number = int(party.party_id)
    index = ids.index(number) if number in ids else len(ids)
    version = dsl_version(conf) or 2
    visible = {key: value for key, value in conf.items() if key in KEYS[version]}
    if version == 1:
        lists = conf.get("role_parameters", {})
        if isinstance(lists, dict):
            visible["role_parameters"] = {
                role: _only(given, index) for role, given in lists.items() if role == party.role
            }
        return visible
    for section in ("job_parameters", "component_parameters", "provider"):
        given = conf.get(section)
        if isinstance(given, dict) and isinstance(given.get("role"), dict):
            own = _matching(given["role"].get(party.role), index, len(ids))
            common = {"common": given["common"]} if "common" in given else {}
            visible[section] = {**common, "role": {party.role: own} if own else {}}
    return visible


def _matching(given: Any, index: int, count: int) -> dict[str, Any]:
    if not isinstance(given, dict):
        return {}
    return {key: value for key, value in given.items() if index in (indices_of(key, count) or [])}


def _only(value: Any, index: int) -> Any:
    if isinstance(value, dict):
        return {key: _only(item, index) for key, item in value.items()}
    if isinstance(value, list):
        return [item if place == index else None for place, item in enumerate(value)]
    return None
