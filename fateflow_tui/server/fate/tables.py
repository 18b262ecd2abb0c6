"""FATE-Flow's `table` app: facts of a table, rows, deletion, the tables of a job."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.artifacts.table import TableMeta
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import BadRequest, NotFound
from fateflow_tui.server.archives import tar_answer
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.fate.binding import checked_format
from fateflow_tui.server.fate.envelope import answer, wants_detail
from fateflow_tui.server.fate.jobs import OneJobAtPartyRequest
from fateflow_tui.server.openapi import TAR, answers
from fateflow_tui.server.requests import Flag, Int, Json, Object, RequestBody, Text
from fateflow_tui.server.tables.reading import PREVIEW_ROWS, previews, table_archive
from fateflow_tui.server.tracking import job_tables

router = APIRouter(tags=["table (FATE-Flow 1.x)"])

_MAX_ROWS: Final = 1000
_TABLE: Final = {"namespace": "experiment", "table_name": "breast_guest"}
_OUTPUTS: Final = "output_data_"  # the beginning of the namespaces of jobs' output tables


class TableQuery(RequestBody, example=_TABLE):
    """`name` stands for `table_name`."""

    namespace: Text = ""
    table_name: Text = ""
    name: Text = ""

    @property
    def names(self) -> tuple[str, str]:
        """Namespace and name, both or neither."""
        name = self.table_name or self.name
        if bool(name) != bool(self.namespace):
            raise BadRequest("a table is named by both table_name and namespace")
        return self.namespace, name

    def chosen(self, tables: Tables) -> list[TableMeta]:
        """Return the tables that the request names: one, all of a namespace, all of a name, or all."""
        name = self.table_name or self.name
        if self.namespace and name:
            meta = tables.meta(self.namespace, name)
            return [meta] if meta else []
        return [meta for meta in _metas(tables, self.namespace) if name in ("", meta.name)]


class TableRequest(TableQuery):
    """A request about one table."""

    @property
    def table(self) -> tuple[str, str]:
        """Namespace and name. Raises BadRequest when one is missing."""
        if not self.names[0]:
            raise BadRequest("required parameters are missing: namespace,table_name;")
        return self.names


class PreviewRequest(TableRequest):
    limit: Annotated[Int, f"the number of rows, at most {_MAX_ROWS}"] = PREVIEW_ROWS


class DownloadTableRequest(TableRequest):
    limit: Annotated[Int, "the number of rows; -1 for all"] = -1
    head: Annotated[Flag, "with a header line"] = True


class UpdateSchemaRequest(TableRequest, example={**_TABLE, "schema": {"sid": "id"}}):
    schema: Object


class ListTablesRequest(RequestBody, example={"namespace": "experiment"}):
    namespace: Text = ""
    limit: Annotated[Int, "0 for all"] = 0
    outputs: Annotated[Flag, "also the output tables of jobs"] = False


class _NewNames(RequestBody):
    sid: Text = ""
    header: Text = ""


@router.post("/table/table_info", **answers({**_TABLE, "exist": 1, "count": 569, "partition": 4}))
async def table_info(request: Request, site: ThisSite, body: Json[TableQuery]) -> Response:
    """Return a table's row count, partitions and schema; `exist` is 0 when there is no such table."""
    namespace, name = body.names
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


@router.post("/table/delete", **answers(_TABLE))
async def delete(site: ThisSite, body: Json[TableQuery]) -> Response:
    """Delete a table. The file of a bound table stays."""
    namespace, name = body.names
    deleted = bool(namespace and name) and await asyncio.to_thread(site.tables.delete, namespace, name)
    if not deleted:
        raise NotFound("no find table")  # fate_test compares these words
    return answer({"table_name": name, "namespace": namespace})


@router.post("/table/list", **answers({"dataio_0": {"input": {}, "output": {}}}))
async def list_tables(site: ThisSite, body: Json[OneJobAtPartyRequest]) -> Response:
    """List the input and output tables of each component of a job at one party of this site."""
    state = site.jobs.state(body.job_id)
    if state is None or str(body.party) not in state.documents:
        raise NotFound("no found job")
    return answer(job_tables(state, body.party, state.documents[str(body.party)]))


@router.post("/table/preview", **answers({"header": ["sid", "x0"], "data": [["1", "0.25"]], "count": 569}))
async def preview(site: ThisSite, body: Json[PreviewRequest]) -> Response:
    """Return the first rows of a table."""
    namespace, name = body.table
    limit = min(max(body.limit, 0), _MAX_ROWS)
    found = await previews(site.tables.root, [("table", namespace, name)], limit)
    return answer({"header": found["header"][0], "data": found["rows"][0], "count": found["total"][0]})


@router.get("/table/download", **answers(file=TAR))
@router.post("/table/download", **answers(file=TAR))
async def download(site: ThisSite, body: Json[DownloadTableRequest]) -> Response:
    """Download a table as tar.gz of `table.csv` and `table.meta`."""
    namespace, name = body.table
    if body.limit == 0:
        raise BadRequest("limit must not be 0")
    archive = await table_archive(site.tables.root, [("table", namespace, name)], limit=body.limit, head=body.head)
    if not archive.read(1):
        archive.close()
        raise NotFound(f"table {namespace}.{name} has no rows")
    archive.seek(0)
    plain = re.sub(r"[^0-9A-Za-z_.\-]", "_", f"{namespace}_{name}")
    return tar_answer(archive, f"table_{plain}.tar.gz")


@router.post("/table/schema/update", **answers(_TABLE))
async def update_schema(site: ThisSite, body: Json[UpdateSchemaRequest]) -> Response:
    """Update a table's schema. `sid` and `header` rename the columns, whose number cannot change."""
    namespace, name = body.table
    meta = site.tables.open(namespace, name).meta
    changed = await asyncio.to_thread(lambda: site.tables.update(namespace, name, **_updated(meta, body.schema)))
    return answer({"table_name": name, "namespace": namespace, "schema": changed.schema})


@router.post("/table/enable", **answers([_TABLE]))
async def enable(site: ThisSite, body: Json[TableQuery]) -> Response:
    """Enable a table for jobs again, or all tables of a namespace or a name."""
    return answer(await _set_enabled(site.tables, body, True))


@router.post("/table/disable", **answers([_TABLE]))
async def disable(site: ThisSite, body: Json[TableQuery]) -> Response:
    """Disable a table for jobs, or all tables of a namespace or a name, until it is enabled again."""
    return answer(await _set_enabled(site.tables, body, False))


@router.post("/table/disable/delete", **answers([_TABLE]))
async def delete_disabled(site: ThisSite, body: Json[TableQuery]) -> Response:
    """Delete the disabled tables, all or those named. The files of bound tables stay."""

    def delete() -> list[TableMeta]:
        disabled = [meta for meta in body.chosen(site.tables) if not meta.enabled]
        return [meta for meta in disabled if site.tables.delete(meta.namespace, meta.name)]

    return answer(_named(await asyncio.to_thread(delete)))


@router.post("/table/all", **answers([{**_TABLE, "count": 569, "kind": "raw", "external": False, "enable": True}]))
async def all_tables(site: ThisSite, body: Json[ListTablesRequest]) -> Response:
    """List the site's tables, newest first."""

    def lines() -> list[dict[str, Any]]:
        metas = [
            meta
            for meta in _metas(site.tables, body.namespace)
            if body.namespace or body.outputs or not meta.namespace.startswith(_OUTPUTS)
        ]
        metas.sort(key=lambda meta: meta.created_at, reverse=True)
        return [_line(meta) for meta in (metas[: body.limit] if body.limit > 0 else metas)]

    return answer(await asyncio.to_thread(lines))


def _details(meta: TableMeta) -> dict[str, Any]:
    """The members that 1.11 added, and those of this site alone."""
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


async def _set_enabled(tables: Tables, body: TableQuery, enabled: bool) -> list[dict[str, str]]:
    if not (body.namespace or body.table_name or body.name):
        raise BadRequest("name the table by namespace and table_name, or several by one of them")

    def update() -> list[TableMeta]:
        return [tables.update(meta.namespace, meta.name, enabled=enabled) for meta in body.chosen(tables)]

    return _named(await asyncio.to_thread(update))


def _named(metas: list[TableMeta]) -> list[dict[str, str]]:
    if not metas:
        raise NotFound("no find table")
    return [{"table_name": meta.name, "namespace": meta.namespace} for meta in metas]


def _updated(meta: TableMeta, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a table under a changed schema. Raises BadRequest for names that do not fit its columns."""
    given = _NewNames(schema)
    sid = given.sid or meta.sid
    header = meta.header
    if schema.get("header") is not None:
        header = [name.strip() for name in given.header.split(meta.id_delimiter)] if schema["header"] else []
    names = [sid, *header]
    if len(header) != len(meta.header):
        raise BadRequest(f"the table has {len(meta.header)} columns besides the id, the header names {len(header)}")
    if len(set(names)) < len(names) or "" in names:
        raise BadRequest("every column needs a name of its own")
    others = {name: value for name, value in schema.items() if name not in ("sid", "header")}
    if isinstance(others.get("meta"), dict):
        others["meta"] = checked_format(others["meta"])
    label = header[meta.header.index(meta.label)] if meta.label in meta.header else meta.label
    extra = {**meta.extra, "schema": {**meta.extra.get("schema", {}), **others}}
    return {"sid": sid, "header": header, "label": label, "extra": extra}
