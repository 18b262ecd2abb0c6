"""The modules a DSL names, looked up in the catalog, and what a module demands of the job's parties."""

from __future__ import annotations

from collections.abc import Mapping

from fateflow_tui.core.document.dsl import Component, Dsl
from fateflow_tui.core.document.problems import Problems
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.ports import ModuleCatalog, ModuleFacts

# Guest and arbiter on one party could decrypt what the arbiter is there to keep apart.
_KEEP_ARBITER_APART = frozenset({"HeteroLR", "HeteroLinR", "HeteroPoisson"})


def find_modules(dsl: Dsl, catalog: ModuleCatalog, version: int, problems: Problems) -> dict[str, ModuleFacts]:
    """The facts of each module that exists; for the others there is a problem."""
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
            message = f"module {module} of component {component.name} cannot be read: {broken[module]}"
            problems.error("ModuleConfigError", path, message)
        elif module not in found:
            message = f"component {component.name} is of module {module}, which does not exist"
            problems.error("ModuleNotExistError", path, message, near=(module, catalog.names()))
        else:
            _check_module(component, found[module], version, problems)
    return found


def _check_module(component: Component, facts: ModuleFacts, version: int, problems: Problems) -> None:
    path = (*component.path, "module")
    if not facts.built:
        message = f"module {facts.name} of component {component.name} is known, but not part of this version"
        problems.warn("ModuleNotBuilt", path, message)
    elif not facts.parameter_class:
        message = f"module {facts.name} of component {component.name} has no parameter class"
        problems.error("ParamClassNotExistError", path, message)
    if version == 1 and facts.name == "Reader":
        message = f"component {component.name}: in dsl_version 1 tables come from args, not from a Reader"
        problems.error("ReaderNotAllowedError", path, message, suggestion="dsl_version 2")


def check_parties(
    dsl: Dsl, modules: Mapping[str, ModuleFacts], roles: Mapping[str, list[int]], problems: Problems
) -> None:
    """Every component needs a party that runs it, and some modules want the arbiter to be a party of its own."""
    shared = set(roles.get("guest", [])) & set(roles.get("arbiter", []))
    together = bool(shared) and shared != set(roles.get("host", []))
    for component in dsl.components.values():
        facts = modules.get(component.module)
        if facts is None:
            continue
        path = (*component.path, "module")
        if not facts.roles & roles.keys():
            message = (
                f"no party runs component {component.name}: module {facts.name} is for "
                f"{', '.join(sorted(facts.roles))}, the job has {', '.join(roles)}"
            )
            problems.error("NoPartyForModuleError", path, message)
        if together and facts.name in _KEEP_ARBITER_APART:
            message = (
                f"component {component.name}: {facts.name} wants an arbiter that is not also guest, but party "
                f"{', '.join(map(str, sorted(shared)))} is both (allowed only if it is all the hosts as well)"
            )
            problems.error("ComponentConstraintError", path, message)
