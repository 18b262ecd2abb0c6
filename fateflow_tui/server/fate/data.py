"""FATE-Flow's `data` app: upload, download, and what was uploaded before."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.artifacts.home import segment
from fateflow_tui.core.errors import BadRequest, NotBuilt
from fateflow_tui.core.records import JobState
from fateflow_tui.core.status import Status
from fateflow_tui.runtime.jobs.local import TableExists, is_truthy
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.context import ClientName, ThisAddress, ThisSite
from fateflow_tui.server.fate.binding import FILES, engine_of, partitions_of, path_of, zero_or_one
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.fate.filters import each
from fateflow_tui.server.fate.jobs import submission
from fateflow_tui.server.fate.tables import named_table
from fateflow_tui.server.openapi import FILE, FLAG, JOB, NUMBER, OBJECT, TEXT, described, members
from fateflow_tui.server.requests import BODY_LIMIT, Body, JsonBody, parse, read_bytes
from fateflow_tui.server.uploads import conf_of_query, file_to_write, receive_file, server_file

router = APIRouter(tags=["data (FATE-Flow 1.x)"])

_NO_FILE = "send it as multipart part `file`, or set use_local_data to 0 and name a file on the server"
_REQUIRED = ("namespace", "table_name", "head", "partition")

_TABLE = {"namespace": "experiment", "table_name": "breast_guest"}
_OPTIONS = {"head": FLAG, "partition": NUMBER, "drop": FLAG, "id_delimiter": TEXT}
_UPLOAD = members(*_REQUIRED, "file", **_OPTIONS, use_local_data=FLAG)
# In place of parts, 1.x clients send the configuration as the URL's query: one JSON object.
_UPLOAD_PARTS = members("file", namespace=TEXT, table_name=TEXT, **_OPTIONS, file=FILE)
_UPLOAD_EXAMPLE = {**_TABLE, "head": 1, "partition": 4, "file": "data/breast_guest.csv", "use_local_data": 0}
_DOWNLOAD_EXAMPLE = {**_TABLE, "output_path": "breast_guest.csv"}
_MADE = {"job_id": JOB, "board_url": "http://127.0.0.1:9380/", **_TABLE}


@router.post("/data/upload", **described(_UPLOAD, _UPLOAD_EXAMPLE, _MADE, parts=_UPLOAD_PARTS))
async def upload(request: Request, site: ThisSite, address: ThisAddress, client: ClientName) -> Response:
    """Makes a table of a CSV file. Either multipart with the part `file` and the configuration as URL query (one
    JSON object), or a JSON body with `use_local_data` 0 and `file`, a path on the server.
    """
    if request.headers.get("content-type", "").startswith("multipart/"):
        path = site.home.uploads / secrets.token_hex(8)
        try:
            conf = conf_of_query(request.scope["query_string"])
            conf = {**await receive_file(request, path), **conf}
            state = await _store(site, Body(conf), path, client)
        except BaseException:  # also a client that hangs up half-way
            path.unlink(missing_ok=True)
            raise
        request.app.state.spool.discard_after(site, state.job_id, path)
    else:
        body = parse(await read_bytes(request, BODY_LIMIT))
        body.require(*_REQUIRED, "file")
        if body.flag("use_local_data", True):
            raise BadRequest("the request has no file", hint=_NO_FILE)
        conf = body.members
        state = await _store(site, body, server_file(site, body.text("file")), client)
    names = {"table_name": str(conf["table_name"]), "namespace": str(conf["namespace"])}
    return answer({**submission(site, address, state), **names}, job_id=state.job_id)


@router.post(
    "/data/download",
    **described(
        members("namespace", "table_name", "output_path", delimiter=TEXT, head=FLAG, quoted=FLAG),
        _DOWNLOAD_EXAMPLE,
        _MADE,
    ),
)
async def download(site: ThisSite, address: ThisAddress, body: JsonBody, client: ClientName) -> Response:
    """Writes a table to `output_path`, a file on the server. head: 1 for a first line with the names of the columns.
    quoted: 1 for double quotes around values that hold the delimiter.
    """
    body.require("namespace", "table_name", "output_path")
    path = await file_to_write(site, body.text("output_path"))
    state = await site.local_jobs.download({**body.members, "output_path": str(path)}, by=client)
    return answer(submission(site, address, state), job_id=state.job_id)


@router.post(
    "/data/upload/history",
    **described(members(limit=NUMBER, job_id=TEXT), {"limit": 10}, [{JOB: {"upload_info": {}, "notes": ""}}]),
)
async def upload_history(site: ThisSite, body: JsonBody) -> Response:
    """What was uploaded, newest first, as far as the tables still exist."""
    limit, job_id = body.integer("limit", 0), body.text("job_id")
    if job_id:
        state = site.jobs.state(job_id)
        entries = [_history(site, state)] if state else []
        return answer([entry for entry in entries if entry])
    found: list[dict[str, Any]] = []
    async for state in each(site.jobs.states()):
        entry = _history(site, state)
        if entry:
            found.append(entry)
        if 0 < limit <= len(found):
            break
    return answer(found)


def _history(site: Site, state: JobState) -> dict[str, Any] | None:
    """A successful upload's entry; None for other jobs and for tables that are gone."""
    document = next((one for one in state.documents.values() if one.party.role == "local"), None)
    plan = next((plan for plan in document.tasks if plan.module == "Upload"), None) if document else None
    if document is None or plan is None or state.parties[str(document.party)].status is not Status.SUCCESS:
        return None
    namespace, name = str(plan.parameters.get("namespace")), str(plan.parameters.get("name"))
    meta = site.tables.meta(namespace, name)
    if meta is None:
        return None
    return {
        state.job_id: {
            "upload_info": {
                "table_name": name,
                "namespace": namespace,
                "partition": meta.partitions,
                "upload_count": meta.count,
            },
            "notes": state.parties[str(document.party)].description,
            "schema": meta.schema,
        }
    }


async def _store(site: Site, conf: Body, path: Path, client: str) -> JobState:
    conf.require(*_REQUIRED)
    namespace, name = conf.text("namespace"), conf.text("table_name")
    old = None if conf.flag("drop") else site.tables.meta(namespace, name)
    if old is not None:
        raise TableExists(
            f"The data table already exists: {name!r} in namespace {namespace!r} has {old.count} rows",
            hint="add drop=1 to replace it, or choose another name",
        )
    return await site.local_jobs.upload(conf.members, path, by=client)


_TABLES: Final = ("", "STANDALONE")
_TEXT_FILES: Final = (".csv", ".tsv", ".txt")


@router.post(
    "/data/writer",
    **described(
        members(
            "namespace",
            "table_name",
            name=TEXT,
            output_namespace=TEXT,
            output_name=TEXT,
            partitions=NUMBER,
            drop=FLAG,
            storage_engine=TEXT,
            address=OBJECT,
            output_path=TEXT,
            delimiter=TEXT,
            head=FLAG,
        ),
        {"namespace": "experiment", "table_name": "guest", "output_namespace": "backup", "output_name": "guest"},
        {"job_id": JOB, "namespace": "backup", "table_name": "guest"},
    ),
)
async def writer(site: ThisSite, address: ThisAddress, body: JsonBody, client: ClientName) -> Response:
    """Writes a table to a new one (`output_namespace`, `output_name`; `drop`: an old one gives way), or to a CSV or
    TSV file on the server (`storage_engine` PATH, FILE or LOCALFS and `address: {"path": ...}`, or `output_path`).
    """
    namespace, name = named_table(body)
    parameters: dict[str, Any] = {"namespace": namespace, "table_name": name}
    path = await _path(site, body)
    if path is None:
        parameters |= _new_table(site, body)
        target = {"table_name": parameters["output_table_name"], "namespace": parameters["output_namespace"]}
    else:
        delimiter = body.text("delimiter") or ("\t" if path.suffix.lower() == ".tsv" else ",")
        if len(delimiter) != 1 or not delimiter.isascii():
            raise BadRequest(f"delimiter is {delimiter!r:.80}, it must be one ASCII character")
        parameters |= {
            "output_path": str(path),
            "delimiter": delimiter,
            "head": zero_or_one(body, "head", 1) == 1,
        }
        target = {"output_path": str(path)}
    state = await site.local_jobs.write(parameters, body.members, by=client)
    return answer({**submission(site, address, state), **target}, job_id=state.job_id)


async def _path(site: Site, body: Body) -> Path | None:
    """The file to write; None for a table. Raises NotBuilt for stores and kinds of files that are not."""
    named = body.text("output_path")
    if body.text("storage_engine").upper() not in (*_TABLES, *FILES):
        engine_of(body, "storage_engine")
    if not named and body.text("storage_engine").upper() in FILES:
        named = path_of(body.mapping("address"))
    if not named:
        return None
    path = await file_to_write(site, named)
    if path.suffix.lower() not in _TEXT_FILES:
        raise NotBuilt(
            f"{path.name!r:.200} is no name of a text file; other kinds of files are not written",
            hint=f"let the name end in {' or '.join(_TEXT_FILES)}",
        )
    return path


def _new_table(site: Site, body: Body) -> dict[str, Any]:
    body.require("output_namespace", "output_name")
    namespace = segment(body.text("output_namespace"), "namespace")
    name, drop = segment(body.text("output_name"), "table name"), is_truthy(body.members.get("drop"))
    if not drop and site.tables.meta(namespace, name) is not None:
        raise TableExists(
            f"The data table already exists: {name!r} in namespace {namespace!r}",
            hint="add drop=1 to replace it, or choose another name",
        )
    given = {"output_namespace": namespace, "output_table_name": name, "destroy": drop}
    return {**given, "partitions": partitions_of(body)} if body.members.get("partitions") else given
