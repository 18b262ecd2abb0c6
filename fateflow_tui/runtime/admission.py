"""Whether a party of this site wants to run its part of a job: modules, tables, grants."""

from __future__ import annotations

from collections.abc import Iterator

from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import FateFlowError, NotBuilt, NotFound
from fateflow_tui.core.messages import Refusal
from fateflow_tui.core.plan import PartyDocument, TaskPlan
from fateflow_tui.core.ports import ModuleCatalog


def admit(document: PartyDocument, catalog: ModuleCatalog, tables: Tables) -> Refusal | None:
    """None: welcome. Otherwise one refusal that names everything that is in the way at this party."""
    obstacles = [obstacle for plan in document.tasks for obstacle in _obstacles(document, plan, catalog, tables)]
    if not obstacles:
        return None
    first = obstacles[0]
    text = "; ".join(obstacle.message for obstacle in obstacles)
    return Refusal(code=first.code, message=f"{document.party} cannot take part: {text}", retcode=first.retcode)


def _obstacles(
    document: PartyDocument, plan: TaskPlan, catalog: ModuleCatalog, tables: Tables
) -> Iterator[FateFlowError]:
    facts = catalog.facts(plan.module)
    if facts is None:
        yield NotFound(f"{plan.component} asks for module {plan.module}, which this site does not have")
    elif not facts.built:
        yield NotBuilt(f"{plan.component} asks for module {plan.module}, which is known but not built yet")
    elif document.party.role not in facts.roles:
        yield NotFound(f"{plan.component}: module {plan.module} has no part for a {document.party.role}")
    for component, namespace, name in _outside_tables(plan):
        if tables.meta(namespace, name) is None:
            yield NotFound(f"{component} reads table {namespace}.{name}, which does not exist here")


def _outside_tables(plan: TaskPlan) -> Iterator[tuple[str, str, str]]:
    table = plan.parameters.get("table") if plan.module == "Reader" else None
    if isinstance(table, dict):
        yield plan.component, str(table.get("namespace")), str(table.get("name"))
    for reference, outside in plan.inputs.get("tables", {}).items():
        yield f"{plan.component} ({reference})", str(outside.get("namespace")), str(outside.get("name"))
