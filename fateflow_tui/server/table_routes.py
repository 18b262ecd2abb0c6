"""FATE-Flow's `table` app: facts of a table, deletion, the tables of a job."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.artifacts.tables import TableMeta
from fateflow_tui.core.errors import BadRequest, NotFound
from fateflow_tui.server.body import Body, JsonBody
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.described import AT_GUEST, TEXT, described, members
from fateflow_tui.server.envelope import answer, wants_detail
from fateflow_tui.server.tracked import job_tables

router = APIRouter(tags=["table (FATE-Flow 1.x)"])

_NAMES = members(namespace=TEXT, table_name=TEXT, name=TEXT)
_EXAMPLE = {"namespace": "experiment", "table_name": "breast_guest"}


@router.post("/table/table_info", **described(_NAMES, _EXAMPLE, {**_EXAMPLE, "exist": 1, "count": 569, "partition": 4}))
async def table_info(request: Request, site: ThisSite, body: JsonBody) -> Response:
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
            **(_details(meta) if meta and wants_detail(request) else {}),
        }
    )


@router.post("/table/delete", **described(_NAMES, _EXAMPLE, _EXAMPLE))
async def delete(site: ThisSite, body: JsonBody) -> Response:
    """Deletes a table; the files behind a bound one stay."""
    namespace, name = _names(body)
    gone = bool(namespace and name) and await asyncio.to_thread(site.tables.delete, namespace, name)
    if not gone:
        raise NotFound("no find table")  # fate_test compares these words
    return answer({"table_name": name, "namespace": namespace})


@router.post(
    "/table/list",
    **described(members("job_id", "role", "party_id"), AT_GUEST, {"dataio_0": {"input": {}, "output": {}}}),
)
async def list_tables(site: ThisSite, body: JsonBody) -> Response:
    """Input and output tables of each component of a job at one party of this site."""
    body.require("job_id", "role", "party_id")
    party, state = body.party(), site.jobs.state(body.text("job_id"))
    if party is None or state is None or str(party) not in state.documents:
        raise NotFound("no found job")
    return answer(job_tables(state, party, state.documents[str(party)]))


def named_table(body: Body) -> tuple[str, str]:
    """Namespace and name. Raises BadRequest when one is missing."""
    namespace, name = _names(body)
    if not namespace:
        raise BadRequest("required parameters are missing: namespace,table_name;")
    return namespace, name


def _details(meta: TableMeta) -> dict[str, Any]:
    """What 1.11 says besides, and what only this site knows."""
    return {
        "kind": meta.kind,
        "engine": meta.engine,
        "address": meta.address,
        "enable": meta.enabled,
        "origin": meta.origin,
        "external": meta.external,
        "extend_sid": bool(meta.extra.get("schema", {}).get("extend_tag")),
        "rows_rejected": meta.extra.get("rows_rejected"),
        "create_time": meta.created_at,
    }


def _names(body: Body) -> tuple[str, str]:
    name = body.text("table_name") or body.text("name")
    namespace = body.text("namespace")
    if bool(name) != bool(namespace):
        raise BadRequest("a table is named by both table_name and namespace")
    return namespace, name
