"""Lineage: from which tables and job a table came, which jobs used it, and the same seen from a job."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.core.errors import NotFound
from fateflow_tui.server import lineage
from fateflow_tui.server.body import JsonBody
from fateflow_tui.server.context import ThisSite, known_job
from fateflow_tui.server.described import JOB, TEXT, described, members
from fateflow_tui.server.envelope import answer
from fateflow_tui.server.records import own_documents
from fateflow_tui.server.search import each
from fateflow_tui.server.table_routes import named_table

router = APIRouter(tags=["table (FATE-Flow 1.x)"])

_NAMES = members("namespace", "table_name", name=TEXT)
_EXAMPLE = {"namespace": "experiment", "table_name": "breast_guest"}


@router.post(
    "/table/tracking/source",
    **described(
        _NAMES,
        _EXAMPLE,
        [
            {
                "parent_table_name": "breast_guest",
                "parent_table_namespace": "experiment",
                "source_table_name": "breast_guest",
                "source_table_namespace": "experiment",
                "job_id": JOB,
                "component_name": "dataio_0",
            }
        ],
    ),
)
async def tracking_source(site: ThisSite, body: JsonBody) -> Response:
    """The tables that a table was made of, and the ones at the beginning; [] for one that came from outside."""
    table = named_table(body)
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
            for parent in lineage.parents_of(site, table)
            for source in lineage.sources(site, parent)
        ]
    )


@router.post("/table/tracking/job", **described(_NAMES, _EXAMPLE, {"count": 1, "job": [JOB]}))
async def tracking_job(site: ThisSite, body: JsonBody) -> Response:
    """The jobs that have used a table, newest first; also of a table that is gone."""
    table = named_table(body)
    found = [state.job_id async for state in each(site.jobs.states()) if lineage.uses(state, table)]
    return answer({"count": len(found), "job": found})


@router.post(
    "/job/lineage",
    tags=["jobs"],
    **described(
        members("job_id"),
        {"job_id": JOB},
        {
            "tables_read": [{"party": "guest:9999", "component": "reader_0", **_EXAMPLE}],
            "tables_made": [],
            "model": {"model_id": "guest-9999#model", "model_version": JOB, "made": True},
        },
    ),
)
async def job_lineage(site: ThisSite, body: JsonBody) -> Response:
    """The tables that a job read, with the jobs that made them, the tables that it made, and its model."""
    state = known_job(site, body)

    def lines(uses: list[lineage.Use]) -> list[dict[str, object]]:
        return [lineage.line(site.tables, use) for use in uses]

    read, made = await asyncio.gather(
        asyncio.to_thread(lines, lineage.read_from_outside(state)), asyncio.to_thread(lines, lineage.made(state))
    )
    document = next(iter(own_documents(state).values()), None)
    predicts = document is not None and document.job_parameters.get("job_type") == "predict"
    trained = any(output.kind == "model" for task in state.tasks.values() for output in task.outputs)
    model = None
    if document is not None and (predicts or trained):
        model = {"model_id": document.model_id, "model_version": document.model_version, "made": not predicts}
    return answer({"tables_read": read, "tables_made": made, "model": model})
