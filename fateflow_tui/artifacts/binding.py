"""Inspection of a file before a table is bound to it: its columns, its rows, and whether they can be a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from fateflow_tui.artifacts.delimited import layout
from fateflow_tui.artifacts.table_writer import IdHashes
from fateflow_tui.core.errors import BadRequest

if TYPE_CHECKING:
    pass
from fateflow_tui.artifacts.bound_files import Source

_MAGIC = b"PAR1"


_NESTED = frozenset({"List", "Array", "Struct", "Binary", "Object"})


class BindRequest(msgspec.Struct, frozen=True):
    """path: of the file. head: whether its first line has the names. delimiter: "" to choose it by the file's suffix.
    sid, header: the columns to use, "" and [] for the first and all others. For a file without a header line: the
    names of all its columns in order.
    """

    path: str
    head: bool = True
    delimiter: str = ""
    sid: str = ""
    header: list[str] = []


class Found(msgspec.Struct, frozen=True):
    """count: rows of the table. rejected: rows of the file that have too few or too many fields, or no id."""

    source: Source
    count: int
    rejected: int


def inspect(request: BindRequest) -> Found:
    """Read the whole file once. Raises BadRequest or ComponentFailed if it cannot be a table."""
    path = Path(request.path)
    facts = path.stat()
    with path.open("rb") as file:
        is_parquet = file.read(len(_MAGIC)) == _MAGIC
    source = _parquet(path, request) if is_parquet else _delimited(path, request)
    source = msgspec.structs.replace(source, size=facts.st_size, modified=facts.st_mtime_ns)
    hashes = IdHashes()
    count = read = 0
    for frame, rows in source.counted(path):
        count += frame.height
        read += rows
        hashes.add(frame[source.chosen[0]])
    if not count:
        raise BadRequest(f"the file {path.name} has no valid rows")
    if repeated := hashes.repeated().len():
        raise BadRequest(
            f"{repeated} ids of the file {path.name} occur in more than one row",
            hint="choose another column as id_name, or upload the file: an upload keeps one row of each id",
        )
    return Found(source, count, read - count)


def _delimited(path: Path, request: BindRequest) -> Source:
    delimiter = request.delimiter or ("\t" if path.suffix.lower() in (".tsv", ".tab") else ",")
    names = [] if request.head else [name for name in (request.sid, *request.header) if name]
    if not request.head and len(names) == 1:
        raise BadRequest("for a file without a header line name all its columns, or none")
    where = layout(path, request.head, delimiter, names)
    chosen = _chosen(path, where.names, request) if request.head else where.names
    return Source("delimited", chosen, request.head, delimiter, names)


def _parquet(path: Path, request: BindRequest) -> Source:
    import polars as pl

    try:
        schema = pl.read_parquet_schema(path)
    except pl.exceptions.PolarsError as error:
        raise BadRequest(f"the file {path.name} is damaged: {error}") from error
    chosen = _chosen(path, list(schema), request)
    for name in chosen:
        kind = str(schema[name].base_type())
        if kind in _NESTED:
            raise BadRequest(
                f"column {name!r} of {path.name} holds values of type {schema[name]}, which tables do not support",
                hint="name the columns to bind as feature_name, without this one",
            )
    return Source("parquet", chosen)


def _chosen(path: Path, names: list[str], request: BindRequest) -> list[str]:
    sid = request.sid or names[0]
    chosen = [sid, *(request.header or [name for name in names if name != sid])]
    for name in chosen:
        if name not in names:
            raise BadRequest(f"the file {path.name} has no column {name!r}", hint=f"it has {', '.join(names[:20])}")
    if len(set(chosen)) < len(chosen):
        raise BadRequest("a column is named twice in id_name and feature_name")
    return chosen
