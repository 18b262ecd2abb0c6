"""Where tables come from and where they go: what jobs have read and made at this site's parties."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.plan import PartyDocument, TaskPlan
from fateflow_tui.core.records import JobState
from fateflow_tui.server.door import Site
from fateflow_tui.server.records import own_documents
from fateflow_tui.server.tracked import newest_run, output_tables

Name = tuple[str, str]  # namespace, name


class Use(msgspec.Struct, frozen=True):
    """A component at a party that has read or made a table. namespace, name: of the table. port: of its output."""

    party: str
    component: str
    namespace: str
    name: str
    port: str = ""

    @property
    def table(self) -> Name:
        return self.namespace, self.name


def read_from_outside(state: JobState) -> list[Use]:
    """The tables that a job was given, not those that its components pass on among themselves."""
    return [use for document in own_documents(state).values() for use in _given(document)]


def made(state: JobState) -> list[Use]:
    """The tables that exist because of the job. A Reader's output is the table that it read, so it is none."""
    given = {use.table for use in read_from_outside(state)}
    return [use for use in _outputs(state) if use.table not in given]


def parents(state: JobState, table: Name) -> list[Name]:
    """What the component that made a table had for its input, without repeats."""
    found: dict[Name, None] = {}
    for document in own_documents(state).values():
        for plan in document.tasks:
            outputs = output_tables(newest_run(state, document.party, plan.component))
            if any((output.namespace, output.table) == table for output in outputs):
                found.update(dict.fromkeys(name for name in _inputs(state, document, plan) if name != table))
    return list(found)


def uses(state: JobState, table: Name) -> bool:
    """Whether a component of the job has the table for its input."""
    if any(use.table == table for use in read_from_outside(state)):
        return True
    return any(
        table in _inputs(state, document, plan) for document in own_documents(state).values() for plan in document.tasks
    )


def sources(site: Site, table: Name, seen: frozenset[Name] = frozenset()) -> list[Name]:
    """The tables at the beginning: those without parents; the table itself when it has none."""
    above = [] if table in seen else parents_of(site, table)
    found: dict[Name, None] = {}
    for parent in above:
        found.update(dict.fromkeys(sources(site, parent, seen | {table})))
    return list(found) or [table]


def parents_of(site: Site, table: Name) -> list[Name]:
    state = _maker(site, table)
    return parents(state, table) if state else []


def line(tables: Tables, use: Use) -> dict[str, Any]:
    """A use with what is known of its table: rows, and the job that made it."""
    meta = tables.meta(*use.table)
    return {
        **msgspec.to_builtins(use),
        "exists": meta is not None,
        "count": meta.count if meta else None,
        "job_id": meta.origin.get("job_id", "") if meta else "",
    }


def _maker(site: Site, table: Name) -> JobState | None:
    meta = site.tables.meta(*table)
    job_id = meta.origin.get("job_id", "") if meta else ""
    return site.jobs.state(job_id) if job_id else None


def _given(document: PartyDocument) -> Iterator[Use]:
    for plan in document.tasks:
        for namespace, name in named_tables(plan):
            yield Use(str(document.party), plan.component, namespace, name)


def named_tables(plan: TaskPlan) -> Iterator[Name]:
    """The tables that stand in a component's parameters or, in version 1, in its inputs."""
    parameters = plan.parameters
    table = parameters.get("table") if plan.module == "Reader" else None
    if isinstance(table, dict):
        yield str(table.get("namespace")), str(table.get("name"))
    if plan.module == "Writer":
        yield str(parameters.get("namespace")), str(parameters.get("table_name"))
    if plan.module == "Download":
        yield str(parameters.get("namespace")), str(parameters.get("name"))
    for outside in plan.inputs.get("tables", {}).values():
        yield str(outside.get("namespace")), str(outside.get("name"))


def _inputs(state: JobState, document: PartyDocument, plan: TaskPlan) -> list[Name]:
    found = list(named_tables(plan))
    for references in plan.inputs.get("data", {}).values():
        for reference in references:
            component, _, port = reference.rpartition(".")
            outputs = output_tables(newest_run(state, document.party, component))
            found += [(output.namespace, output.table) for output in outputs if output.name == port]
    return found


def _outputs(state: JobState) -> Iterator[Use]:
    for document in own_documents(state).values():
        for plan in document.tasks:
            for output in output_tables(newest_run(state, document.party, plan.component)):
                yield Use(str(document.party), plan.component, output.namespace, output.table, output.name)
