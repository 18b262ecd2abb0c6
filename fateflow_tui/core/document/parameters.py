"""The parameters of each component at each party: class defaults, then common, then own (FATE's merge order).

In a training job a component whose input is a model of its own module (`input.model`, no `train_data`) starts from
the parameters of that source instead of the defaults, because it continues with what the source learned. Its own
parameters in the conf are merged on top; if the result is not valid, they are ignored with a warning (FATE always
ignores them). Predict jobs have no such inheritance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from fateflow_tui.core.document.conf import Conf, Layer
from fateflow_tui.core.document.dsl import Component, Dsl
from fateflow_tui.core.document.json_text import Path
from fateflow_tui.core.document.problems import Problems
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.ids import Party
from fateflow_tui.core.ports import ModuleCatalog, ModuleFacts, ParameterProblem

Nested = Callable[[tuple[str, ...]], bool]
Parameters = dict[str, Any]


def merge(base: Mapping[str, Any], own: Mapping[str, Any], nested: Nested, at: tuple[str, ...] = ()) -> Parameters:
    """Merge `own` over `base`: parameter objects by key, everything else is replaced. The arguments are not changed;
    unchanged values are shared with `base`.
    """
    merged = dict(base)
    for key, value in own.items():
        below = base.get(key)
        if isinstance(value, dict) and isinstance(below, dict) and nested((*at, key)):
            merged[key] = merge(below, value, nested, (*at, key))
        else:
            merged[key] = value
    return merged


class _Resolved(msgspec.Struct, frozen=True):
    parameters: Parameters
    problems: list[ParameterProblem]


class ParameterResolver:
    """Merges and checks parameters, each combination of layers once however many parties share it."""

    def __init__(self, catalog: ModuleCatalog, conf: Conf, *, predict: bool, dsl: Problems, problems: Problems) -> None:
        self._catalog = catalog
        self._conf = conf
        self._predict = predict
        self._dsl_problems = dsl
        self._problems = problems
        self._defaults: dict[str, Parameters] = {}
        self._resolved: dict[tuple[str, int, tuple[int, ...]], _Resolved] = {}
        self._kept: list[Parameters] = []  # keeps these objects alive, because `_resolved` uses their ids

    def resolve(
        self, dsl: Dsl, modules: Mapping[str, ModuleFacts], own: Mapping[Party, list[Layer]]
    ) -> dict[str, dict[Party, Parameters]]:
        """component -> party that runs it -> parameters. Invalid parameters are added to `problems`."""
        result: dict[str, dict[Party, Parameters]] = {}
        for name, component in dsl.components.items():
            facts = modules.get(component.module)
            if facts is None:
                continue
            result[name] = {}
            source = self._source(component, dsl)
            for party in self._conf.parties:
                if party.role in facts.roles:
                    inherited = result.get(source, {}).get(party) if source else None
                    layers = [layer for layer in (self._conf.common, *own.get(party, ())) if name in layer.components]
                    result[name][party] = self._one(component, facts, layers, inherited)
        return result

    def _source(self, component: Component, dsl: Dsl) -> str:
        """The component whose parameters this one starts from, or ''."""
        if self._predict or not component.models or "train_data" in component.data:
            return ""
        source = dsl.components.get(component.models[-1].component)
        return source.name if source is not None and source.module == component.module else ""

    def _one(
        self, component: Component, facts: ModuleFacts, layers: list[Layer], inherited: Parameters | None
    ) -> Parameters:
        base = self._default(facts.name) if inherited is None else inherited
        resolved = self._merged(component, facts, layers, base)
        if resolved.problems:
            if inherited is not None:
                self._warn_ignored(component, layers, resolved.problems)
                return inherited
            return self._refuse(component, facts, layers, resolved)
        return resolved.parameters

    def _default(self, module: str) -> Parameters:
        if module not in self._defaults:
            self._defaults[module] = self._catalog.defaults(module)
        return self._defaults[module]

    def _merged(self, component: Component, facts: ModuleFacts, layers: Iterable[Layer], base: Parameters) -> _Resolved:
        given = [layer.components[component.name] for layer in layers]
        key = (facts.name, id(base), tuple(map(id, given)))
        found = self._resolved.get(key)
        if found is None:
            merged = base
            for parameters in given:
                merged = merge(merged, parameters, lambda path: self._catalog.is_nested(facts.name, path))
            found = _Resolved(merged, self._catalog.check(facts.name, merged))
            self._resolved[key] = found
            self._kept += [base, *given]
        return found

    def _warn_ignored(self, component: Component, layers: list[Layer], found: Iterable[ParameterProblem]) -> None:
        for problem in found:
            message = (
                f"component {component.name} continues with the model and the parameters of "
                f"{component.models[-1].component}; its own parameters are ignored: {_text(problem)}"
            )
            self._problems.warn(_code(problem), _place(component, layers, problem) or (), message)

    def _refuse(self, component: Component, facts: ModuleFacts, layers: list[Layer], resolved: _Resolved) -> Parameters:
        parameters = resolved.parameters
        for problem in resolved.problems:
            message = f"component {component.name} ({component.module}): {_text(problem)}"
            place = _place(component, layers, problem)
            if problem.unknown and self._predict and self._conf.version == 1:
                parameters = without(parameters, problem.path)
                self._problems.warn(_code(problem), place or (), f"{message}; it is ignored")
            elif facts.source and problem.path[:1] in ((), (facts.source,)) and not problem.unknown:
                continue  # `check_sources` reports it
            elif place is None:
                self._dsl_problems.error(_code(problem), component.path, message)
            else:
                self._problems.error(_code(problem), place, message, suggestion=problem.suggestion)
        return parameters


def without(parameters: Mapping[str, Any], path: tuple[str, ...]) -> Parameters:
    """A copy that lacks the parameter at this path."""
    left = dict(parameters)
    if len(path) > 1 and isinstance(left.get(path[0]), dict):
        left[path[0]] = without(left[path[0]], path[1:])
    elif path:
        left.pop(path[0], None)
    return left


def _code(problem: ParameterProblem) -> str:
    return "RedundantParameterError" if problem.unknown else "ParameterCheckError"


def _text(problem: ParameterProblem) -> str:
    name = ".".join(problem.path)
    if problem.unknown:
        return f"unknown parameter {name}"
    return f"{name}: {problem.message}" if name else problem.message


def _place(component: Component, layers: Iterable[Layer], problem: ParameterProblem) -> Path | None:
    """The place of the invalid value in the conf, in the last layer that has it; None if no layer has it."""
    for path in (problem.path[:end] for end in range(len(problem.path), -1, -1)):
        for layer in reversed(list(layers)):
            value: Any = layer.components[component.name]
            for step in path:
                value = value.get(step, _ABSENT) if isinstance(value, dict) else _ABSENT
            if value is not _ABSENT:
                return layer.path_of(component.name, path)
    return None


_ABSENT = object()


def check_sources(
    parameters: Mapping[str, Mapping[Party, Parameters]],
    dsl: Dsl,
    modules: Mapping[str, ModuleFacts],
    problems: Problems,
) -> None:
    """Check that each component that brings a table into the job has one at every party that runs it."""
    for name, by_party in parameters.items():
        source = modules[dsl.components[name].module].source
        if not source:
            continue
        for party, given in by_party.items():
            reason = table_problem(given.get(source), source)
            if reason:
                message = f"component {name} has no table at {party}: {reason}"
                problems.error("ReaderTableNotExistError", dsl.components[name].path, message)


def table_problem(table: Any, parameter: str = "table") -> str:
    """Why this is not `{"name": ..., "namespace": ...}`, or ''."""
    if table is None:
        return f"`{parameter}` is missing"
    if not isinstance(table, dict):
        return f"`{parameter}` must be an object with name and namespace"
    missing = [key for key in ("name", "namespace") if not isinstance(table.get(key), str) or not table[key]]
    return f"`{parameter}` lacks {' and '.join(missing)}" if missing else ""


def find_modules(dsl: Dsl, catalog: ModuleCatalog, version: int, problems: Problems) -> dict[str, ModuleFacts]:
    """The facts of each existing module. For the others add a problem."""
    found: dict[str, ModuleFacts] = {}
    broken: dict[str, str] = {}
    for component in dsl.components.values():
        module, path = component.module, (*component.path, "module")
        if not module:
            continue
        if module not in found and module not in broken:
            try:
                facts = catalog.facts(module)
            except FateFlowError as error:
                broken[module] = error.message
            else:
                if facts is not None:
                    found[module] = facts
        if module in broken:
            message = f"module {module} of component {component.name} cannot be loaded: {broken[module]}"
            problems.error("ModuleConfigError", path, message)
        elif module not in found:
            message = f"component {component.name} has unknown module {module}"
            problems.error("ModuleNotExistError", path, message, near=(module, catalog.names()))
        else:
            _check_module(component, found[module], version, problems)
    return found


def _check_module(component: Component, facts: ModuleFacts, version: int, problems: Problems) -> None:
    path = (*component.path, "module")
    if not facts.built:
        message = f"module {facts.name} of component {component.name} is not available in this version"
        problems.warn("ModuleNotBuilt", path, message)
    elif not facts.parameter_class:
        message = f"module {facts.name} of component {component.name} has no parameter class"
        problems.error("ParamClassNotExistError", path, message)
    if version == 1 and facts.source:
        message = f"component {component.name}: in dsl_version 1 tables come from args, not from a {facts.name}"
        problems.error("ReaderNotAllowedError", path, message, suggestion="dsl_version 2")


def check_parties(
    dsl: Dsl, modules: Mapping[str, ModuleFacts], roles: Mapping[str, list[int]], problems: Problems
) -> None:
    """Check that some party runs each component, and that the arbiter is a separate party where a module needs it."""
    shared = set(roles.get("guest", [])) & set(roles.get("arbiter", []))
    together = bool(shared) and shared != set(roles.get("host", []))
    for component in dsl.components.values():
        facts = modules.get(component.module)
        if facts is None:
            continue
        path = (*component.path, "module")
        if not facts.roles & roles.keys():
            message = (
                f"no party runs component {component.name}: module {facts.name} runs at "
                f"{', '.join(sorted(facts.roles))}, the job has {', '.join(roles)}"
            )
            problems.error("NoPartyForModuleError", path, message)
        if together and facts.separate_arbiter:
            message = (
                f"component {component.name}: {facts.name} needs an arbiter that is not also the guest, but party "
                f"{', '.join(map(str, sorted(shared)))} is both (allowed only if the hosts are the same parties)"
            )
            problems.error("ComponentConstraintError", path, message)
