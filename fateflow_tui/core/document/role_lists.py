"""Version 1 confs: `role_parameters`, where each value is a list with one element per party of the role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fateflow_tui.core.document.conf import Conf, Layer
from fateflow_tui.core.document.dsl import Dsl
from fateflow_tui.core.document.json_text import Path
from fateflow_tui.core.document.parameters import table_problem
from fateflow_tui.core.document.problems import Problems, kind_of
from fateflow_tui.core.ids import Party
from fateflow_tui.core.ports import ModuleCatalog, ModuleFacts

Tables = dict[str, dict[str, str]]


def own_layers(
    conf: Conf, dsl: Dsl, modules: Mapping[str, ModuleFacts], catalog: ModuleCatalog, problems: Problems
) -> dict[Party, list[Layer]]:
    """The parameters of each party, as a layer. The module's parameter class decides which values are lists of
    parties and which are objects with such lists.
    """
    own: dict[Party, list[Layer]] = {}
    for role, components in conf.role_parameters.items():
        path: Path = ("role_parameters", role)
        ids = conf.roles[role]
        given: list[dict[str, dict[str, Any]]] = [{} for _ in ids]
        for name, parameters in components.items():
            component = dsl.components.get(name)
            if name == "args" or component is None:
                continue
            facts = modules.get(component.module)
            lists = _Lists(len(ids), catalog, facts if facts is not None and facts.built else None, problems)
            for index, chosen in enumerate(lists.split(parameters, (*path, name), ())):
                given[index][name] = chosen
        for index, number in enumerate(ids):
            own[Party.of(role, number)] = [Layer(path, given[index], index)]
    return own


class _Lists:
    """Splits the role parameters of a component into one object per party. facts: None if the class is unknown."""

    def __init__(self, count: int, catalog: ModuleCatalog, facts: ModuleFacts | None, problems: Problems) -> None:
        self._count = count
        self._catalog = catalog
        self._facts = facts
        self._problems = problems

    def split(self, value: Mapping[str, Any], path: Path, at: tuple[str, ...]) -> list[dict[str, Any]]:
        chosen: list[dict[str, Any]] = [{} for _ in range(self._count)]
        for key, item in value.items():
            place: Path = (*path, key)
            if isinstance(item, dict) and self._is_nested((*at, key)):
                for part, own in zip(chosen, self.split(item, place, (*at, key)), strict=True):
                    part[key] = own
            elif one_per_party(item, self._count, place, self._problems):
                for part, own in zip(chosen, item, strict=True):
                    part[key] = own
        return chosen

    def _is_nested(self, path: tuple[str, ...]) -> bool:
        return self._facts is None or self._catalog.is_nested(self._facts.name, path)


def one_per_party(value: Any, count: int, path: Path, problems: Problems) -> bool:
    """Whether the value is a list with one element per party. If not, add a problem."""
    if not isinstance(value, list):
        message = f"{path[-1]}: role parameters must be lists with one value per party, not {kind_of(value)}"
        problems.error("RoleParameterNotListError", path, message)
        return False
    if len(value) != count:
        message = f"{path[-1]}: role {path[1]} has {count} parties, but the list has {len(value)} values"
        problems.error("RoleParameterNotConsistencyError", path, message)
        return False
    return True


def tables_by_party(conf: Conf, dsl: Dsl, problems: Problems, dsl_problems: Problems) -> dict[Party, Tables]:
    """party -> "args.<dataset>" -> {name, namespace}, for the datasets that the DSL uses.

    As in FATE one party with the dataset is enough; the component runs without data at the others.
    """
    datasets = dsl.datasets()
    found: dict[Party, Tables] = {}
    known: dict[str, None] = {}
    for role, components in conf.role_parameters.items():
        ids = conf.roles[role]
        path: Path = ("role_parameters", role, "args", "data")
        for dataset, tables in _data_of(components, path, problems).items():
            known[dataset] = None
            place: Path = (*path, dataset)
            if not one_per_party(tables, len(ids), place, problems):
                continue
            for index, table in enumerate(tables):
                if reason := table_problem(table):
                    message = f"{dataset} of {role}:{ids[index]} is not a table: {reason}"
                    problems.error("TableFormatError", (*place, index), message)
                elif dataset in datasets:
                    tables_of = found.setdefault(Party.of(role, ids[index]), {})
                    tables_of[f"args.{dataset}"] = {key: table[key] for key in ("name", "namespace")}
    for dataset, used_at in datasets.items():
        if dataset not in known:
            message = f"args.{dataset} is used, but no role has {dataset} in its `args.data`"
            dsl_problems.error("DataNotExistInSubmitConfError", used_at, message, near=(dataset, known))
    return found


def _data_of(components: Mapping[str, Any], path: Path, problems: Problems) -> dict[str, Any]:
    args = components.get("args", {})
    data = args.get("data", {})
    if isinstance(data, dict):
        return data
    problems.error("ConfTypeError", path, f"`args.data` must be an object, not {kind_of(data)}")
    return {}
