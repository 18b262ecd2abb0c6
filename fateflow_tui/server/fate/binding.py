"""Tables bound to files that stay where they are, and named addresses for them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.artifacts.binding import BindRequest
from fateflow_tui.artifacts.home import segment
from fateflow_tui.artifacts.table import TableMeta
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import BadRequest, NotBuilt, NotFound
from fateflow_tui.runtime.jobs.local import TableExists, is_truthy
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.openapi import FLAG, NUMBER, OBJECT, TEXT, TEXTS, described, members
from fateflow_tui.server.requests import Body, JsonBody
from fateflow_tui.server.tables.binding import look_at
from fateflow_tui.server.uploads import server_file
from fateflow_tui.store.collections import TinyCollection, open_collection

FILES: Final = ("PATH", "FILE", "LOCALFS")
# FATE's other stores.
_ELSEWHERE: Final = frozenset({"STANDALONE", "EGGROLL", "HDFS", "MYSQL", "HIVE", "LINKIS_HIVE", "API"})
_FORMATS: Final = "a CSV, TSV or Parquet file on the server"


def engine_of(body: Body, name: str = "engine") -> str:
    """Raises NotBuilt for a store that only FATE has, BadRequest for one that nobody knows."""
    engine = body.text(name).upper()
    if engine in FILES:
        return engine
    hint = f'{_FORMATS} can be bound: engine {" or ".join(FILES)}, address {{"path": ...}}'
    if engine in _ELSEWHERE:
        raise NotBuilt(f"this site has no {engine} store", hint=hint)
    raise BadRequest(f"{name} is {body.text(name)!r}", hint=hint)


def path_of(address: Mapping[str, Any], folder: str = "") -> str:
    """The path that an address names. folder: of a connector, to which the path is relative."""
    path = address.get("path")
    if not isinstance(path, str) or not path or "\0" in path:
        raise BadRequest('address must name a file, as in {"path": "/data/guest.csv"}', hint=f"that is {_FORMATS}")
    return str(Path(folder) / path) if folder else path


def bind_request(body: Body, path: Path) -> BindRequest:
    """Columns by id_name and feature_name (of 1.11: id_column, feature_column), else by schema {sid, header}."""
    schema = body.mapping("schema")
    known = Body({name: schema.get(name) for name in ("sid", "header")})
    features = body.texts("feature_column") or body.texts("feature_name") or known.texts("header")
    return BindRequest(
        path=str(path),
        head=zero_or_one(body, "head", 1) == 1,
        delimiter=body.text("id_delimiter"),
        sid=body.text("id_column") or body.text("id_name") or known.text("sid"),
        header=features,
    )


def partitions_of(body: Body) -> int:
    """The shipped example says `partition`, the original reads `partitions`."""
    partitions = body.integer("partitions", body.integer("partition", 1))
    if not 1 <= partitions <= 1023:
        raise BadRequest(f"partitions is {partitions}, it must be from 1 to 1023")
    return partitions


def schema_members(body: Body) -> dict[str, Any]:
    """What the table's schema is to say beyond the names of its columns. Raises NotBuilt for ids to be made."""
    if is_truthy(body.members.get("extend_sid")) or is_truthy(body.members.get("auto_increasing_sid")):
        raise NotBuilt("a bound file's rows get no new ids", hint="upload the file with extend_sid instead")
    members = {name: value for name, value in body.mapping("schema").items() if name not in ("sid", "header")}
    if is_truthy(body.members.get("with_meta")):
        members["meta"] = checked_format(body.mapping("meta"))
    return members


def checked_format(meta: Mapping[str, Any]) -> dict[str, Any]:
    """How the values of rows are written, with all defaults; see FormatParam."""
    from fateflow_tui.components.parameter_problems import problems
    from fateflow_tui.components.upload.parameters import FormatParam

    if found := problems(FormatParam, meta):
        raise BadRequest("; ".join(f"meta.{'.'.join(one.path)}: {one.message}" for one in found))
    return FormatParam.model_validate(dict(meta)).model_dump()


def zero_or_one(body: Body, name: str, default: int) -> int:
    value = body.members.get(name)
    if isinstance(value, bool):
        return int(value)
    number = body.integer(name, default)
    if number not in (0, 1):
        raise BadRequest(f"{name} is {number}, it must be 0 or 1")
    return number


router = APIRouter(tags=["table (FATE-Flow 1.x)"])

_BIND = described(
    members(
        "engine",
        "namespace",
        "name",
        "address",
        address=OBJECT,
        head=FLAG,
        id_delimiter=TEXT,
        partitions=NUMBER,
        id_column=TEXT,
        feature_column=TEXTS,
        drop=FLAG,
        schema=OBJECT,
        with_meta=FLAG,
        meta=OBJECT,
    ),
    {"engine": "PATH", "namespace": "experiment", "name": "guest", "address": {"path": "/data/guest.csv"}},
    {"namespace": "experiment", "table_name": "guest"},
)
_HIDDEN: Final = "******"
_SECRETS: Final = ("pass", "secret", "token", "key")


@router.post("/table/bind", **_BIND)
@router.post("/table/add", **_BIND)
async def bind(site: ThisSite, body: JsonBody) -> Response:
    """Makes a table of a CSV, TSV or Parquet file on the server, which is read where it is and never changed.

    `head`: 1 if its first line has the names. `id_column`, `feature_column`: which columns, the first and all others
    unless given. `drop`: a table of that name gives way.
    """
    name = "name" if body.text("name") else "table_name" if body.text("table_name") else "name"
    body.require("engine", "address", "namespace", name)
    namespace, table = segment(body.text("namespace"), "namespace"), segment(body.text(name), "table name")
    engine, drop = engine_of(body), is_truthy(body.members.get("drop"))
    if not drop and site.tables.meta(namespace, table) is not None:
        raise TableExists(
            f"The data table already exists: {table!r} in namespace {namespace!r}",
            hint="add drop=1 to bind the name to this file instead, or choose another name",
        )
    path = _file(site, body)
    partitions, kept = partitions_of(body), schema_members(body)
    found = await look_at(bind_request(body, path))
    source = found.source
    sid, *header = source.chosen
    meta = TableMeta(
        namespace=namespace,
        name=table,
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
        extra={"schema": kept, "rows_rejected": found.rejected},
    )
    await asyncio.to_thread(site.tables.bind, meta, replace=drop)
    return answer({"table_name": table, "namespace": namespace})


@router.post(
    "/table/connector/create",
    **described(
        members("connector_name", "engine", "connector_info", connector_info=OBJECT),
        {"connector_name": "shelf", "engine": "FILE", "connector_info": {"path": "/data"}},
    ),
)
async def create_connector(site: ThisSite, body: JsonBody) -> Response:
    """Keeps an address under a name; `address: {"connector_name": ..., "path": ...}` of table/bind then means a file
    below it. Passwords are not kept.
    """
    body.require("connector_name", "engine", "connector_info")
    info = _without_secrets(body.mapping("connector_info"))
    record = {"engine": body.text("engine").upper(), "connector_info": info}
    await asyncio.to_thread(_connectors(site).put, body.text("connector_name"), record)
    return answer()


@router.post(
    "/table/connector/query",
    **described(
        members("connector_name"),
        {"connector_name": "shelf"},
        {"connector_name": "shelf", "engine": "FILE", "connector_info": {"path": "/data"}},
    ),
)
async def query_connector(site: ThisSite, body: JsonBody) -> Response:
    """What is kept under a name."""
    body.require("connector_name")
    name = body.text("connector_name")
    return answer({"connector_name": name, **_connector(site, name)})


def _file(site: Site, body: Body) -> Path:
    """The existing file that a request means, its links resolved; see `server_file` for who may name which."""
    place = body.mapping("address")
    named, folder = place.get("connector_name"), ""
    if named is not None:
        if not isinstance(named, str):
            raise BadRequest("connector_name must be a text")
        info = _connector(site, named)["connector_info"]
        folder = info["path"] if isinstance(info.get("path"), str) else ""
    path = server_file(site, path_of(place, folder))
    if path.is_relative_to(site.home.root.resolve()):
        raise BadRequest(f"{path.name} is one of this site's own files, which no table can be bound to")
    try:
        is_file = path.is_file()
    except (OSError, ValueError):  # a name that is too long
        is_file = False
    if not is_file:
        raise BadRequest(
            f"there is no file {path.name!r} at this place on the server", hint="bind one file; folders are not built"
        )
    return path


def _connectors(site: Site) -> TinyCollection:
    return open_collection(site.home.root, "connectors")


def _connector(site: Site, name: str) -> dict[str, Any]:
    found = _connectors(site).get(name)
    if found is None:
        raise NotFound(f"there is no connector {name!r} at this site")
    return dict(found.record)


def _without_secrets(info: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_secrets(value)
        if isinstance(value, dict)
        else _HIDDEN
        if any(word in name.lower() for word in _SECRETS)
        else value
        for name, value in info.items()
    }
