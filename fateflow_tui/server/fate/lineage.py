"""Lineage: which tables jobs have read and made at this site's parties."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import NotFound
from fateflow_tui.core.plan import PartyDocument, TaskPlan
from fateflow_tui.core.ports import ModuleCatalog, loadable_facts
from fateflow_tui.core.records import JobState
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.context import ThisSite, known_job
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.fate.filters import each
from fateflow_tui.server.fate.records import own_documents
from fateflow_tui.server.fate.tables import TableRequest
from fateflow_tui.server.openapi import JOB, answers
from fateflow_tui.server.requests import JobId, Json, RequestBody
from fateflow_tui.server.tracking import output_tables

Name = tuple[str, str]  # namespace, name


class Use(msgspec.Struct, frozen=True):
    """A component at a party that read or made a table. namespace, name: of the table. port: of its output."""

    party: str
    component: str
    namespace: str
    name: str
    port: str = ""

    @property
    def table(self) -> Name:
        return self.namespace, self.name


def read_from_outside(state: JobState, catalog: ModuleCatalog) -> list[Use]:
    """Return the tables that a job was given, without those that its components exchange."""
    return [use for document in own_documents(state).values() for use in _given(document, catalog)]


def made(state: JobState, catalog: ModuleCatalog) -> list[Use]:
    """Return the tables that the job made. Components that pass on the table they read do not count."""
    given = {use.table for use in read_from_outside(state, catalog)}
    return [use for use in _outputs(state) if use.table not in given]


def parents(state: JobState, table: Name, catalog: ModuleCatalog) -> list[Name]:
    """Return the distinct inputs of the component that made a table."""
    found: dict[Name, None] = {}
    for document in own_documents(state).values():
        for plan in document.tasks:
            outputs = output_tables(state.newest_run(document.party, plan.component))
            if any((output.namespace, output.table) == table for output in outputs):
                inputs = _inputs(state, document, plan, catalog)
                found.update(dict.fromkeys(name for name in inputs if name != table))
    return list(found)


def uses(state: JobState, table: Name, catalog: ModuleCatalog) -> bool:
    """Whether the table is an input of a component of the job."""
    if any(use.table == table for use in read_from_outside(state, catalog)):
        return True
    return any(
        table in _inputs(state, document, plan, catalog)
        for document in own_documents(state).values()
        for plan in document.tasks
    )


def sources(site: Site, table: Name, seen: frozenset[Name] = frozenset()) -> list[Name]:
    """Return the original tables, those without parents; the table itself when it has none."""
    above = [] if table in seen else parents_of(site, table)
    found: dict[Name, None] = {}
    for parent in above:
        found.update(dict.fromkeys(sources(site, parent, seen | {table})))
    return list(found) or [table]


def parents_of(site: Site, table: Name) -> list[Name]:
    state = _maker(site, table)
    return parents(state, table, site.catalog) if state else []


def line(tables: Tables, use: Use) -> dict[str, Any]:
    """Return a use with the facts of its table: rows, and the job that made it."""
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


def _given(document: PartyDocument, catalog: ModuleCatalog) -> Iterator[Use]:
    for plan in document.tasks:
        for namespace, name in named_tables(plan, catalog):
            yield Use(str(document.party), plan.component, namespace, name)


def named_tables(plan: TaskPlan, catalog: ModuleCatalog) -> Iterator[Name]:
    """Yield the tables that a component's parameters or, in version 1, its inputs name."""
    facts = loadable_facts(catalog, plan.module)
    if facts is not None and (table := facts.table_read(plan.parameters)):
        yield table
    for outside in plan.inputs.get("tables", {}).values():
        yield str(outside.get("namespace")), str(outside.get("name"))


def _inputs(state: JobState, document: PartyDocument, plan: TaskPlan, catalog: ModuleCatalog) -> list[Name]:
    found = list(named_tables(plan, catalog))
    for references in plan.inputs.get("data", {}).values():
        for reference in references:
            component, _, port = reference.rpartition(".")
            outputs = output_tables(state.newest_run(document.party, component))
            found += [(output.namespace, output.table) for output in outputs if output.name == port]
    return found


def _outputs(state: JobState) -> Iterator[Use]:
    for document in own_documents(state).values():
        for plan in document.tasks:
            for output in output_tables(state.newest_run(document.party, plan.component)):
                yield Use(str(document.party), plan.component, output.namespace, output.table, output.name)


router = APIRouter(tags=["table (FATE-Flow 1.x)"])

_TABLE: Final = {"namespace": "experiment", "table_name": "breast_guest"}
_SOURCE: Final = {
    "parent_table_name": "breast_guest",
    "parent_table_namespace": "experiment",
    "source_table_name": "breast_guest",
    "source_table_namespace": "experiment",
    "job_id": JOB,
    "component_name": "dataio_0",
}


class LineageRequest(RequestBody, example={"job_id": JOB}):
    job_id: JobId


@router.post("/table/tracking/source", **answers([_SOURCE]))
async def tracking_source(site: ThisSite, body: Json[TableRequest]) -> Response:
    """List the tables that a table was made from, each with its original sources; [] for an uploaded or bound table."""
    table = body.table
    meta = site.tables.meta(*table)
    if meta is None:
        raise NotFound("no find table")
    return answer(
        [
            {
                "parent_table_name": parent[1],
                "parent_table_namespace": parent[0],
                "source_table_name": source[1],
                "source_table_namespace": source[0],
                "job_id": meta.origin.get("job_id", ""),
                "component_name": meta.origin.get("component", ""),
            }
            for parent in parents_of(site, table)
            for source in sources(site, parent)
        ]
    )


@router.post("/table/tracking/job", **answers({"count": 1, "job": [JOB]}))
async def tracking_job(site: ThisSite, body: Json[TableRequest]) -> Response:
    """List the jobs that used a table, newest first, even if the table was deleted since."""
    table = body.table
    found = [state.job_id async for state in each(site.jobs.states()) if uses(state, table, site.catalog)]
    return answer({"count": len(found), "job": found})


@router.post(
    "/job/lineage",
    tags=["jobs"],
    **answers(
        {
            "tables_read": [{"party": "guest:9999", "component": "reader_0", **_TABLE}],
            "tables_made": [],
            "model": {"model_id": "guest-9999#model", "model_version": JOB, "made": True},
        }
    ),
)
async def job_lineage(site: ThisSite, body: Json[LineageRequest]) -> Response:
    """Show the tables that a job read, with the jobs that made them, the tables that it made, and its model."""
    state = known_job(site, body.job_id)

    def lines(uses: list[Use]) -> list[dict[str, object]]:
        return [line(site.tables, use) for use in uses]

    tables_read, tables_made = await asyncio.gather(
        asyncio.to_thread(lines, read_from_outside(state, site.catalog)),
        asyncio.to_thread(lines, made(state, site.catalog)),
    )
    document = next(iter(own_documents(state).values()), None)
    predicts = document is not None and document.job_parameters.get("job_type") == "predict"
    trained = any(output.kind == "model" for task in state.tasks.values() for output in task.outputs)
    model = None
    if document is not None and (predicts or trained):
        model = {"model_id": document.model_id, "model_version": document.model_version, "made": not predicts}
    return answer({"tables_read": tables_read, "tables_made": tables_made, "model": model})
