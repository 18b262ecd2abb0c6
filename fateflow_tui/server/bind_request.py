"""What table/bind asks for: an engine and an address as FATE's clients name them, and the table that is to be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fateflow_tui.artifacts.binding import Wish
from fateflow_tui.core.errors import BadRequest, NotBuilt
from fateflow_tui.runtime.data_jobs import means_yes
from fateflow_tui.server.body import Body

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


def wish_of(body: Body, path: Path) -> Wish:
    """Columns by id_name and feature_name (of 1.11: id_column, feature_column), else by schema {sid, header}."""
    schema = body.mapping("schema")
    known = Body({name: schema.get(name) for name in ("sid", "header")})
    features = body.texts("feature_column") or body.texts("feature_name") or known.texts("header")
    return Wish(
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
    if means_yes(body.members.get("extend_sid")) or means_yes(body.members.get("auto_increasing_sid")):
        raise NotBuilt("a bound file's rows get no new ids", hint="upload the file with extend_sid instead")
    members = {name: value for name, value in body.mapping("schema").items() if name not in ("sid", "header")}
    if means_yes(body.members.get("with_meta")):
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
