"""FATE-Flow's `table` app: facts of a table, deletion, the tables of a job."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.core.errors import BadRequest, NotFound
from fateflow_tui.server.body import Body, JsonBody
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.envelope import answer
from fateflow_tui.server.tracked import job_tables

router = APIRouter(tags=["table (FATE-Flow 1.x)"])


@router.post("/table/table_info")
async def table_info(site: ThisSite, body: JsonBody) -> Response:
    """A table's row count, partitions and schema; `exist` is 0 when there is none."""
    namespace, name = _names(body)
    meta = site.tables.meta(namespace, name) if namespace and name else None
    return answer(
        {
            "table_name": name or None,
            "namespace": namespace or None,
            "exist": int(meta is not None),
            "count": meta.count if meta else 0,
            "partition": meta.partitions if meta else None,
            "schema": meta.schema if meta else None,
        }
    )


@router.post("/table/delete")
async def delete(site: ThisSite, body: JsonBody) -> Response:
    """Deletes a table; the files behind a bound one stay."""
    namespace, name = _names(body)
    gone = bool(namespace and name) and await asyncio.to_thread(site.tables.delete, namespace, name)
    if not gone:
        raise NotFound("no find table")  # fate_test compares these words
    return answer({"table_name": name, "namespace": namespace})


@router.post("/table/list")
async def list_tables(site: ThisSite, body: JsonBody) -> Response:
    """Input and output tables of each component of a job at one party of this site."""
    body.require("job_id", "role", "party_id")
    party, state = body.party(), site.jobs.state(body.text("job_id"))
    if party is None or state is None or str(party) not in state.documents:
        raise NotFound("no found job")
    return answer(job_tables(state, party, state.documents[str(party)]))


def _names(body: Body) -> tuple[str, str]:
    name = body.text("table_name") or body.text("name")
    namespace = body.text("namespace")
    if bool(name) != bool(namespace):
        raise BadRequest("a table is named by both table_name and namespace")
    return namespace, name
