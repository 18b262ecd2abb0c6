"""FATE-Flow's `table` app: facts of a table, deletion, the tables of a job."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.artifacts.table import TableMeta
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import BadRequest, FateFlowError, NotFound
from fateflow_tui.server.archives import tar_answer
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.fate.binding import checked_format
from fateflow_tui.server.fate.envelope import answer, file_failure, wants_detail
from fateflow_tui.server.openapi import AT_GUEST, FLAG, NUMBER, OBJECT, TAR, TEXT, described, members
from fateflow_tui.server.requests import Body, JsonBody
from fateflow_tui.server.tables.reading import PREVIEW_ROWS, previews, table_archive
from fateflow_tui.server.tracking import job_tables

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


_MOST_ROWS: Final = 1000
_PREVIEW_EXAMPLE: Final = {"namespace": "experiment", "table_name": "breast_guest"}
_STATE_NAMES: Final = members("namespace", "table_name", name=TEXT)
_SOME: Final = members(namespace=TEXT, table_name=TEXT, name=TEXT)
_DOWNLOAD: Final = described(members("namespace", "table_name", limit=NUMBER, head=FLAG), _PREVIEW_EXAMPLE, file=TAR)
_OUTPUTS: Final = "output_data_"  # with which the namespaces of jobs' output tables begin


@router.post(
    "/table/preview",
    **described(
        members("namespace", "table_name", limit=NUMBER),
        _PREVIEW_EXAMPLE,
        {"header": ["sid", "x0"], "data": [["1", "0.25"]], "count": 569},
    ),
)
async def preview(site: ThisSite, body: JsonBody) -> Response:
    """The first rows of a table. `limit`: how many, 100 unless given, 1000 at the most."""
    namespace, name = named_table(body)
    limit = min(max(body.integer("limit", PREVIEW_ROWS), 0), _MOST_ROWS)
    shown = await previews(site.tables.root, [("table", namespace, name)], limit)
    return answer({"header": shown["header"][0], "data": shown["rows"][0], "count": shown["total"][0]})


@router.get("/table/download", **_DOWNLOAD)
@router.post("/table/download", **_DOWNLOAD)
async def download(request: Request, site: ThisSite, body: JsonBody) -> Response:
    """A table as tar.gz of `table.csv` and `table.meta`. `limit`: rows, -1 for all. `head`: with a header line."""
    try:
        namespace, name = named_table(body)
        limit = body.integer("limit", -1)
        if limit == 0:
            raise BadRequest("limit is 0")
        head = body.flag("head", True)
        archive = await table_archive(site.tables.root, [("table", namespace, name)], limit=limit, head=head)
        if not archive.read(1):
            archive.close()
            raise NotFound(f"table {namespace}.{name} has no rows")
        archive.seek(0)
    except FateFlowError as error:
        return file_failure(request, error)
    plain = re.sub(r"[^0-9A-Za-z_.\-]", "_", f"{namespace}_{name}")
    return tar_answer(archive, f"table_{plain}.tar.gz")


@router.post(
    "/table/schema/update",
    **described(
        members("namespace", "table_name", "schema", schema=OBJECT),
        {**_PREVIEW_EXAMPLE, "schema": {"sid": "id"}},
        _PREVIEW_EXAMPLE,
    ),
)
async def update_schema(site: ThisSite, body: JsonBody) -> Response:
    """Changes members of a table's schema. `sid` and `header` rename the columns, whose number stays as it is."""
    namespace, name = named_table(body)
    body.require("schema")
    meta = site.tables.open(namespace, name).meta
    facts = _new_facts(meta, body.mapping("schema"))
    changed = await asyncio.to_thread(lambda: site.tables.update(namespace, name, **facts))
    return answer({"table_name": name, "namespace": namespace, "schema": changed.schema})


@router.post("/table/enable", **described(_SOME, _PREVIEW_EXAMPLE, [_PREVIEW_EXAMPLE]))
async def enable(site: ThisSite, body: JsonBody) -> Response:
    """Lets jobs use a table again, or all of a namespace."""
    return answer(await _switch(site.tables, body, True))


@router.post("/table/disable", **described(_SOME, _PREVIEW_EXAMPLE, [_PREVIEW_EXAMPLE]))
async def disable(site: ThisSite, body: JsonBody) -> Response:
    """Keeps jobs from using a table, or all of a namespace, until it is enabled again."""
    return answer(await _switch(site.tables, body, False))


@router.post("/table/disable/delete", **described(_SOME, {}, [_PREVIEW_EXAMPLE]))
async def delete_disabled(site: ThisSite, body: JsonBody) -> Response:
    """Deletes the disabled tables, all or those named; the files behind bound ones stay."""

    def delete() -> list[TableMeta]:
        chosen = [meta for meta in _chosen(site.tables, body) if not meta.enabled]
        return [meta for meta in chosen if site.tables.delete(meta.namespace, meta.name)]

    return answer(_named(await asyncio.to_thread(delete)))


@router.post(
    "/table/all",
    **described(
        members(namespace=TEXT, limit=NUMBER, outputs=FLAG),
        {"namespace": "experiment"},
        [{**_PREVIEW_EXAMPLE, "count": 569, "kind": "raw", "external": False, "enable": True}],
    ),
)
async def all_tables(site: ThisSite, body: JsonBody) -> Response:
    """The site's tables, newest first. `limit`: how many, 0 for all. `outputs`: also the output tables of jobs."""
    namespace, outputs, limit = body.text("namespace"), body.flag("outputs"), body.integer("limit", 0)

    def lines() -> list[dict[str, Any]]:
        metas = [
            meta
            for meta in _metas(site.tables, namespace)
            if namespace or outputs or not meta.namespace.startswith(_OUTPUTS)
        ]
        metas.sort(key=lambda meta: meta.created_at, reverse=True)
        return [_line(meta) for meta in (metas[:limit] if limit > 0 else metas)]

    return answer(await asyncio.to_thread(lines))


def _line(meta: TableMeta) -> dict[str, Any]:
    return {
        "namespace": meta.namespace,
        "table_name": meta.name,
        "count": meta.count,
        "partition": meta.partitions,
        "kind": meta.kind,
        "engine": meta.engine,
        "origin": meta.origin,
        "external": meta.external,
        "enable": meta.enabled,
        "create_time": meta.created_at,
        "columns": len(meta.columns),
    }


def _metas(tables: Tables, namespace: str) -> Iterator[TableMeta]:
    for space, name in tables.names(namespace or None):
        meta = tables.meta(space, name)
        if meta is not None:
            yield meta


def _chosen(tables: Tables, body: Body) -> list[TableMeta]:
    """The tables that a request names: one, all of a namespace, all of a name, or all."""
    namespace, name = body.text("namespace"), body.text("table_name") or body.text("name")
    if namespace and name:
        meta = tables.meta(namespace, name)
        return [meta] if meta else []
    return [meta for meta in _metas(tables, namespace) if name in ("", meta.name)]


async def _switch(tables: Tables, body: Body, enabled: bool) -> list[dict[str, str]]:
    if not (body.text("namespace") or body.text("table_name") or body.text("name")):
        raise BadRequest("name the table: namespace and table_name, or one of them for all that have it")

    def switch() -> list[TableMeta]:
        return [tables.update(meta.namespace, meta.name, enabled=enabled) for meta in _chosen(tables, body)]

    return _named(await asyncio.to_thread(switch))


def _named(metas: list[TableMeta]) -> list[dict[str, str]]:
    if not metas:
        raise NotFound("no find table")
    return [{"table_name": meta.name, "namespace": meta.namespace} for meta in metas]


def _new_facts(meta: TableMeta, schema: dict[str, Any]) -> dict[str, Any]:
    """The facts of a table under a changed schema. Raises BadRequest for names that do not fit its columns."""
    given = Body(schema)
    sid = given.text("sid") or meta.sid
    header = meta.header
    if schema.get("header") is not None:
        header = [name.strip() for name in given.text("header").split(meta.id_delimiter)] if schema["header"] else []
    names = [sid, *header]
    if len(header) != len(meta.header):
        raise BadRequest(f"the table has {len(meta.header)} columns beside the id, the header names {len(header)}")
    if len(set(names)) < len(names) or "" in names:
        raise BadRequest("every column needs a name of its own")
    others = {name: value for name, value in schema.items() if name not in ("sid", "header")}
    if isinstance(others.get("meta"), dict):
        others["meta"] = checked_format(others["meta"])
    label = header[meta.header.index(meta.label)] if meta.label in meta.header else meta.label
    extra = {**meta.extra, "schema": {**meta.extra.get("schema", {}), **others}}
    return {"sid": sid, "header": header, "label": label, "extra": extra}
