"""Tables bound to files that stay where they are, and named addresses for them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.artifacts.binding import BindRequest
from fateflow_tui.artifacts.home import segment
from fateflow_tui.artifacts.table import TableMeta
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import BadRequest, NotBuilt, NotFound
from fateflow_tui.runtime.jobs.local import TableExists
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.openapi import answers
from fateflow_tui.server.requests import NO_MEMBERS, Flag, Int, Json, Kind, Object, RequestBody, Text, Texts, read_int
from fateflow_tui.server.tables.reading import inspect_file
from fateflow_tui.server.uploads import server_file
from fateflow_tui.store.collections import TinyCollection, open_collection

router = APIRouter(tags=["table (FATE-Flow 1.x)"])

FILE_ENGINES: Final = ("PATH", "FILE", "LOCALFS")
# FATE's other stores.
_OTHER_ENGINES: Final = frozenset({"STANDALONE", "EGGROLL", "HDFS", "MYSQL", "HIVE", "LINKIS_HIVE", "API"})
_FORMATS: Final = "a CSV, TSV or Parquet file on the server"
_HIDDEN: Final = "******"
_SECRETS: Final = ("pass", "secret", "token", "key")
_BOUND: Final = {"namespace": "experiment", "table_name": "guest"}
_CONNECTOR: Final = {"connector_name": "data", "engine": "FILE", "connector_info": {"path": "/data"}}


def _zero_or_one(name: str, value: Any) -> bool:
    number = int(value) if isinstance(value, bool) else read_int(name, value)
    if number not in (0, 1):
        raise BadRequest(f"{name} must be 0 or 1, not {number}")
    return number == 1


# A flag for which other values are errors.
StrictFlag = Annotated[bool, Kind({"type": ["boolean", "integer", "string"]}, _zero_or_one, blank=True)]


class Partitions(RequestBody):
    """The shipped example says `partition`, the original reads `partitions`."""

    partitions: Int | None = None
    partition: Int | None = None

    @property
    def partition_count(self) -> int:
        given = (count for count in (self.partitions, self.partition) if count is not None)
        count = next(given, 1)
        if not 1 <= count <= 1023:
            raise BadRequest(f"partitions must be from 1 to 1023, not {count}")
        return count


class _Schema(RequestBody):
    sid: Text = ""
    header: Texts = ()


class BindTableRequest(
    Partitions,
    example={"engine": "PATH", "namespace": "experiment", "name": "guest", "address": {"path": "/data/guest.csv"}},
):
    """The columns are named by `id_column` and `feature_column` (`id_name` and `feature_name` before 1.11), else by
    `schema` {sid, header}; by default they are the first one and all others.
    """

    engine: Text
    address: Object
    namespace: Text
    name: Text = ""
    table_name: Text = ""
    head: Annotated[StrictFlag, "1 if the first line has the names of the columns"] = True
    id_delimiter: Text = ""
    id_column: Text = ""
    id_name: Text = ""
    feature_column: Texts = ()
    feature_name: Texts = ()
    drop: Annotated[Flag, "replace a table of this name"] = False
    schema: Object = NO_MEMBERS
    with_meta: Flag = False
    meta: Object = NO_MEMBERS
    extend_sid: Flag = False
    auto_increasing_sid: Flag = False

    def __init__(self, members: Mapping[str, Any]) -> None:
        super().__init__(members)
        if not (self.name or self.table_name):
            self.require("name")

    def bind_request(self, path: Path) -> BindRequest:
        schema = _Schema({name: self.schema.get(name) for name in ("sid", "header")})
        return BindRequest(
            path=str(path),
            head=self.head,
            delimiter=self.id_delimiter,
            sid=self.id_column or self.id_name or schema.sid,
            header=list(self.feature_column or self.feature_name or schema.header),
        )

    def schema_members(self) -> dict[str, Any]:
        """Return the schema without the names of the columns. Raises NotBuilt for generated ids."""
        if self.extend_sid or self.auto_increasing_sid:
            raise NotBuilt("ids cannot be generated for a bound file", hint="upload the file with extend_sid instead")
        members = {name: value for name, value in self.schema.items() if name not in ("sid", "header")}
        return {**members, "meta": checked_format(self.meta)} if self.with_meta else members


class CreateConnectorRequest(RequestBody, example=_CONNECTOR):
    connector_name: Text
    engine: Text
    connector_info: Object


class ConnectorRequest(RequestBody, example={"connector_name": "data"}):
    connector_name: Text


@router.post("/table/bind", **answers(_BOUND))
@router.post("/table/add", **answers(_BOUND))
async def bind(site: ThisSite, body: Json[BindTableRequest]) -> Response:
    """Bind a table to a CSV, TSV or Parquet file on the server. The file is read where it is and never changed."""
    namespace, name = segment(body.namespace, "namespace"), segment(body.name or body.table_name, "table name")
    engine = checked_engine("engine", body.engine)
    if not body.drop and site.tables.meta(namespace, name) is not None:
        raise TableExists(
            f"The data table already exists: {name!r} in namespace {namespace!r}",
            hint="add drop=1 to bind the name to this file instead, or choose another name",
        )
    path = _file(site, body.address)
    partitions, schema = body.partition_count, body.schema_members()
    found = await inspect_file(body.bind_request(path))
    source = found.source
    sid, *header = source.chosen
    meta = TableMeta(
        namespace=namespace,
        name=name,
        count=found.count,
        partitions=partitions,
        kind="raw",
        sid=sid,
        header=header,
        engine=engine,
        address={"path": str(path)},
        id_delimiter=source.delimiter,
        have_head=source.head or bool(source.names),
        external=True,
        created_at=now_ms(),
        files=[str(path)],
        source=source,
        extra={"schema": schema, "rows_rejected": found.rejected},
    )
    await asyncio.to_thread(site.tables.bind, meta, replace=body.drop)
    return answer({"table_name": name, "namespace": namespace})


@router.post("/table/connector/create", **answers())
async def create_connector(site: ThisSite, body: Json[CreateConnectorRequest]) -> Response:
    """Save an address under a name. `address: {"connector_name": ..., "path": ...}` of table/bind then refers to a file
    below it. Passwords are not saved.
    """
    record = {"engine": body.engine.upper(), "connector_info": _without_secrets(body.connector_info)}
    await asyncio.to_thread(_connectors(site).put, body.connector_name, record)
    return answer()


@router.post("/table/connector/query", **answers(_CONNECTOR))
async def query_connector(site: ThisSite, body: Json[ConnectorRequest]) -> Response:
    """Return the address that is saved under a name."""
    return answer({"connector_name": body.connector_name, **_connector(site, body.connector_name)})


def checked_engine(name: str, engine: str) -> str:
    """Return the storage engine in upper case. Raises NotBuilt for a store that only FATE has, BadRequest for an
    unknown one. name: of the member, for messages.
    """
    known = engine.upper()
    if known in FILE_ENGINES:
        return known
    hint = f'bind {_FORMATS}: engine {" or ".join(FILE_ENGINES)}, address {{"path": ...}}'
    if known in _OTHER_ENGINES:
        raise NotBuilt(f"this site has no {known} store", hint=hint)
    raise BadRequest(f"invalid {name} {engine!r}", hint=hint)


def path_of(address: Mapping[str, Any], folder: str = "") -> str:
    """Return the path that an address names. folder: of a connector, to which the path is relative."""
    path = address.get("path")
    if not isinstance(path, str) or not path or "\0" in path:
        raise BadRequest('address must name a file, as in {"path": "/data/guest.csv"}', hint=f"name {_FORMATS}")
    return str(Path(folder) / path) if folder else path


def checked_format(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return the format of the values of rows with all defaults; see FormatParam."""
    from fateflow_tui.components.parameter_problems import problems
    from fateflow_tui.components.upload import FormatParam

    if found := problems(FormatParam, meta):
        raise BadRequest("; ".join(f"meta.{'.'.join(one.path)}: {one.message}" for one in found))
    return FormatParam.model_validate(dict(meta)).model_dump()


def _file(site: Site, address: Mapping[str, Any]) -> Path:
    """Return the existing file that an address names, its links resolved; as far as `server_file` allows it."""
    named, folder = address.get("connector_name"), ""
    if named is not None:
        if not isinstance(named, str):
            raise BadRequest("connector_name must be a string")
        info = _connector(site, named)["connector_info"]
        folder = info["path"] if isinstance(info.get("path"), str) else ""
    path = server_file(site, path_of(address, folder))
    if path.is_relative_to(site.home.root.resolve()):
        raise BadRequest(f"{path.name} is one of this site's own files, which no table can be bound to")
    try:
        is_file = path.is_file()
    except (OSError, ValueError):  # a name that is too long
        is_file = False
    if not is_file:
        raise BadRequest(f"there is no file {path.name!r} in this folder on the server", hint="folders cannot be bound")
    return path


def _connectors(site: Site) -> TinyCollection:
    return open_collection(site.home.root, "connectors")


def _connector(site: Site, name: str) -> dict[str, Any]:
    found = _connectors(site).get(name)
    if found is None:
        raise NotFound(f"there is no connector {name!r} at this site")
    return dict(found.record)


def _without_secrets(info: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_secrets(value)
        if isinstance(value, dict)
        else _HIDDEN
        if any(word in name.lower() for word in _SECRETS)
        else value
        for name, value in info.items()
    }
