"""FATE-Flow 1.11's data/writer: a table is written to another one, or to a file on the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.artifacts.home import segment
from fateflow_tui.core.errors import BadRequest, NotBuilt
from fateflow_tui.runtime.data_jobs import means_yes
from fateflow_tui.runtime.local_jobs import TableExists
from fateflow_tui.server.bind_request import FILES, engine_of, partitions_of, path_of, zero_or_one
from fateflow_tui.server.body import Body, JsonBody
from fateflow_tui.server.context import Asker, ThisAddress, ThisSite
from fateflow_tui.server.described import FLAG, JOB, NUMBER, OBJECT, TEXT, described, members
from fateflow_tui.server.door import Site
from fateflow_tui.server.envelope import answer
from fateflow_tui.server.server_files import file_to_write
from fateflow_tui.server.submission import submission
from fateflow_tui.server.table_routes import named_table

router = APIRouter(tags=["data (FATE-Flow 1.x)"])

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
async def writer(site: ThisSite, address: ThisAddress, body: JsonBody, asker: Asker) -> Response:
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
    state = await site.local_jobs.write(parameters, body.members, by=asker)
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
    name, drop = segment(body.text("output_name"), "table name"), means_yes(body.members.get("drop"))
    if not drop and site.tables.meta(namespace, name) is not None:
        raise TableExists(
            f"The data table already exists: {name!r} in namespace {namespace!r}",
            hint="add drop=1 to replace it, or choose another name",
        )
    given = {"output_namespace": namespace, "output_table_name": name, "destroy": drop}
    return {**given, "partitions": partitions_of(body)} if body.members.get("partitions") else given
