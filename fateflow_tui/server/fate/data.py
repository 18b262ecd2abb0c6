"""FATE-Flow's `data` app: upload, download, write, and what was uploaded before."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.artifacts.home import segment
from fateflow_tui.core.errors import BadRequest, NotBuilt
from fateflow_tui.core.records import JobState
from fateflow_tui.core.status import Status
from fateflow_tui.runtime.jobs.local import TableExists
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.context import ClientName, ThisAddress, ThisSite
from fateflow_tui.server.fate.binding import (
    FILE_ENGINES,
    Partitions,
    StrictFlag,
    checked_engine,
    path_of,
)
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.fate.filters import each
from fateflow_tui.server.fate.jobs import submission
from fateflow_tui.server.fate.tables import TableRequest
from fateflow_tui.server.openapi import JOB, answers
from fateflow_tui.server.requests import (
    BODY_LIMIT,
    NO_MEMBERS,
    Flag,
    Int,
    Json,
    Object,
    RequestBody,
    Text,
    parse,
    read_bytes,
)
from fateflow_tui.server.uploads import conf_of_query, file_to_write, receive_file, server_file

router = APIRouter(tags=["data (FATE-Flow 1.x)"])

_UPLOAD_HINT: Final = "send it as multipart part `file`, or set use_local_data to 0 and name a file on the server"
_STANDALONE: Final = ("", "STANDALONE")
_TEXT_FILES: Final = (".csv", ".tsv", ".txt")
_TABLE: Final = {"namespace": "experiment", "table_name": "breast_guest"}
_JOB_MADE: Final = {"job_id": JOB, "board_url": "http://127.0.0.1:9380/", **_TABLE}


class UploadRequest(RequestBody, example={**_TABLE, "head": 1, "partition": 4}):
    """With a multipart body, 1.x clients send the configuration as the URL's query: one JSON object."""

    namespace: Text
    table_name: Text
    head: Flag
    partition: Int
    drop: Annotated[Flag, "replace a table of this name"] = False
    id_delimiter: Text = ""


class ServerFileUploadRequest(
    UploadRequest, example={**UploadRequest.example, "file": "data/breast_guest.csv", "use_local_data": 0}
):
    file: Annotated[Text, "a path on the server"]
    use_local_data: Annotated[Flag, "must be 0: the file is on the server"] = True


class DownloadRequest(RequestBody, example={**_TABLE, "output_path": "breast_guest.csv"}):
    namespace: Text
    table_name: Text
    output_path: Annotated[Text, "a file on the server"]
    delimiter: Text = ""
    head: Annotated[Flag, "1 for a first line with the names of the columns"] = False
    quoted: Annotated[Flag, "1 for double quotes around values that contain the delimiter"] = False


class UploadHistoryRequest(RequestBody, example={"limit": 10}):
    limit: Annotated[Int, "0 for all"] = 0
    job_id: Text = ""


class WriteTableRequest(
    TableRequest,
    Partitions,
    example={"namespace": "experiment", "table_name": "guest", "output_namespace": "backup", "output_name": "guest"},
):
    """The target is a new table (`output_namespace`, `output_name`), or a file: `storage_engine` PATH, FILE or LOCALFS
    with `address: {"path": ...}`, or `output_path`.
    """

    output_namespace: Text = ""
    output_name: Text = ""
    drop: Annotated[Flag, "replace a table of this name"] = False
    storage_engine: Text = ""
    address: Object = NO_MEMBERS
    output_path: Text = ""
    delimiter: Text = ""
    head: StrictFlag = True

    def table_parameters(self, site: Site) -> dict[str, Any]:
        self.require("output_namespace", "output_name")
        namespace, name = segment(self.output_namespace, "namespace"), segment(self.output_name, "table name")
        if not self.drop and site.tables.meta(namespace, name) is not None:
            raise TableExists(
                f"The data table already exists: {name!r} in namespace {namespace!r}",
                hint="add drop=1 to replace it, or choose another name",
            )
        given = {"output_namespace": namespace, "output_table_name": name, "destroy": self.drop}
        return {**given, "partitions": self.partition_count} if self.members.get("partitions") else given

    def file_parameters(self, path: Path) -> dict[str, Any]:
        delimiter = self.delimiter or ("\t" if path.suffix.lower() == ".tsv" else ",")
        if len(delimiter) != 1 or not delimiter.isascii():
            raise BadRequest(f"delimiter must be one ASCII character, not {delimiter!r:.80}")
        return {"output_path": str(path), "delimiter": delimiter, "head": self.head}

    async def target_file(self, site: Site) -> Path | None:
        """Return the file to write; None for a table. Raises NotBuilt for unsupported stores and kinds of files."""
        named, engine = self.output_path, self.storage_engine.upper()
        if engine not in (*_STANDALONE, *FILE_ENGINES):
            checked_engine("storage_engine", self.storage_engine)
        if not named and engine in FILE_ENGINES:
            named = path_of(self.address)
        if not named:
            return None
        path = await file_to_write(site, named)
        if path.suffix.lower() not in _TEXT_FILES:
            raise NotBuilt(
                f"{path.name!r:.200} is not a text file; other kinds of files are not written",
                hint=f"use a name that ends in {' or '.join(_TEXT_FILES)}",
            )
        return path


@router.post("/data/upload", **answers(_JOB_MADE, json_body=ServerFileUploadRequest, multipart=UploadRequest))
async def upload(request: Request, site: ThisSite, address: ThisAddress, client: ClientName) -> Response:
    """Upload a CSV file as a table. Send the file as multipart part `file`, with the configuration as the URL's query
    (one JSON object), or name a file on the server in a JSON body with `use_local_data` 0.
    """
    if request.headers.get("content-type", "").startswith("multipart/"):
        path = site.home.uploads / secrets.token_hex(8)
        try:
            conf = conf_of_query(request.scope["query_string"])
            body = UploadRequest({**await receive_file(request, path), **conf})
            state = await _store(site, body, path, client)
        except BaseException:  # also when the client disconnects half-way
            path.unlink(missing_ok=True)
            raise
        request.app.state.spool.discard_after(site, state.job_id, path)
    else:
        body = local = ServerFileUploadRequest(parse(await read_bytes(request, BODY_LIMIT)))
        if local.use_local_data:
            raise BadRequest("the request has no file", hint=_UPLOAD_HINT)
        state = await _store(site, body, server_file(site, local.file), client)
    names = {"table_name": body.table_name, "namespace": body.namespace}
    return answer({**submission(site, address, state), **names}, job_id=state.job_id)


@router.post("/data/download", **answers(_JOB_MADE))
async def download(site: ThisSite, address: ThisAddress, body: Json[DownloadRequest], client: ClientName) -> Response:
    """Download a table to a file on the server."""
    path = await file_to_write(site, body.output_path)
    state = await site.local_jobs.download({**body.members, "output_path": str(path)}, by=client)
    return answer(submission(site, address, state), job_id=state.job_id)


@router.post("/data/upload/history", **answers([{JOB: {"upload_info": {}, "notes": ""}}]))
async def upload_history(site: ThisSite, body: Json[UploadHistoryRequest]) -> Response:
    """List earlier uploads whose tables still exist, newest first."""
    if body.job_id:
        state = site.jobs.state(body.job_id)
        entries = [_history(site, state)] if state else []
        return answer([entry for entry in entries if entry])
    found: list[dict[str, Any]] = []
    async for state in each(site.jobs.states()):
        entry = _history(site, state)
        if entry:
            found.append(entry)
        if 0 < body.limit <= len(found):
            break
    return answer(found)


@router.post("/data/writer", **answers({"job_id": JOB, "namespace": "backup", "table_name": "guest"}))
async def writer(site: ThisSite, address: ThisAddress, body: Json[WriteTableRequest], client: ClientName) -> Response:
    """Write a table to a new table, or to a CSV or TSV file on the server."""
    namespace, name = body.table
    path = await body.target_file(site)
    if path is None:
        target = body.table_parameters(site)
        shown = {"table_name": target["output_table_name"], "namespace": target["output_namespace"]}
    else:
        target = body.file_parameters(path)
        shown = {"output_path": str(path)}
    parameters = {"namespace": namespace, "table_name": name, **target}
    state = await site.local_jobs.write(parameters, body.members, by=client)
    return answer({**submission(site, address, state), **shown}, job_id=state.job_id)


def _history(site: Site, state: JobState) -> dict[str, Any] | None:
    """A successful upload's entry; None for other jobs and for tables that were deleted."""
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


async def _store(site: Site, body: UploadRequest, path: Path, client: str) -> JobState:
    old = None if body.drop else site.tables.meta(body.namespace, body.table_name)
    if old is not None:
        raise TableExists(
            f"The data table already exists: {body.table_name!r} in namespace {body.namespace!r} has {old.count} rows",
            hint="add drop=1 to replace it, or choose another name",
        )
    return await site.local_jobs.upload(body.members, path, by=client)
