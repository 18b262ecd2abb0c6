"""One stored table: its facts, its rows and a preview of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from fateflow_tui.artifacts.bound_files import Source
from fateflow_tui.core.errors import Conflict, FateFlowError, NotFound

if TYPE_CHECKING:
    import polars as pl


META_FILE = "meta.json"


class TableMeta(msgspec.Struct, frozen=True):
    """A table's facts.

    kind: "raw" (text columns as uploaded), "instances" (numbers, maybe a label), "scores" (predictions: label,
    predict_result, predict_score, predict_detail as JSON text, type).
    sid: name of the id column, always the first column of the data. header: the other columns, in order.
    label: the name of the label column among them, "" if none. partitions: as asked for by the client; how the
    rows are split into files is the writer's business.
    external: bound, not made here; its files are never deleted. origin: job and component that made it.
    files: names in the table's directory, in row order; absolute paths where the table is external.
    source: of an external table, its one file as it was bound. enabled: False keeps jobs from using it.
    extra: more facts; its `schema` has what FATE's schema says beyond the names of the columns.
    """

    namespace: str
    name: str
    count: int
    partitions: int
    kind: str
    sid: str
    header: list[str]
    label: str = ""
    engine: str = "STANDALONE"
    address: dict[str, Any] = {}
    id_delimiter: str = ","
    have_head: bool = True
    external: bool = False
    created_at: int = 0
    origin: dict[str, str] = {}
    files: list[str] = []
    extra: dict[str, Any] = {}
    source: Source | None = None
    enabled: bool = True

    @property
    def schema(self) -> dict[str, Any]:
        """FATE's form: {"sid": name, "header": "a,b,c"}, without these two when there was no header line; more
        members where they were given, such as `meta`.
        """
        names = {"sid": self.sid, "header": self.id_delimiter.join(self.header)} if self.have_head else {}
        return {**names, **self.extra.get("schema", {})}

    @property
    def columns(self) -> list[str]:
        return [self.sid, *self.header]

    @property
    def identity(self) -> str:
        """Different for tables with different rows, even if they have the same name."""
        rows = [self.namespace, self.name, self.created_at, self.count, self.files, self.source]
        content = msgspec.json.encode([*rows, self.sid, self.header, self.id_delimiter])
        return sha256(content).hexdigest()

    def obstacle(self) -> FateFlowError | None:
        """Why jobs cannot use the table now: it is disabled, or its file is missing or has changed since it was
        bound."""
        if not self.enabled:
            return Conflict(
                f"table {self.namespace}.{self.name} is disabled", hint="`fateflow table enable` lets jobs use it again"
            )
        return self.source.obstacle(Path(self.files[0]), f"{self.namespace}.{self.name}") if self.source else None


class Table:
    """An existing table, opened for reading. Raises NotFound if its files no longer exist (deleted, replaced)."""

    def __init__(self, directory: Path, meta: TableMeta) -> None:
        self.directory = directory
        self.meta = meta

    def __repr__(self) -> str:
        return f"Table({self.meta.namespace}/{self.meta.name}, {self.meta.count} rows)"

    @property
    def paths(self) -> list[Path]:
        """The Parquet files in row order."""
        return [self.directory / name for name in self.meta.files]

    def frame(self) -> pl.DataFrame:
        """All rows: the id column first (text), then `meta.header`."""
        import polars as pl

        parts = list(self._parts())
        return pl.concat(parts, rechunk=True) if parts else self._empty()

    def batches(self, rows: int = 100_000) -> Iterator[pl.DataFrame]:
        """The rows in order, a bounded number at a time."""
        return chain.from_iterable(part.iter_slices(rows) for part in self._parts())

    def head(self, limit: int) -> pl.DataFrame:
        """The first rows, without reading the others."""
        import polars as pl

        parts: list[pl.DataFrame] = []
        wanted = max(limit, 0)
        for part in self._parts(wanted):
            parts.append(part.head(wanted))
            wanted -= parts[-1].height
            if wanted <= 0:
                break
        return pl.concat(parts) if parts else self._empty()

    def _parts(self, limit: int | None = None) -> Iterator[pl.DataFrame]:
        """limit: the number of rows that are needed."""
        source = self.meta.source
        parts = source.frames(self.paths[0], limit) if source else (self._read(path, limit) for path in self.paths)
        if source and (obstacle := source.obstacle(self.paths[0], f"{self.meta.namespace}.{self.meta.name}")):
            raise obstacle
        for part in parts:
            yield self._named(part)

    def _named(self, part: pl.DataFrame) -> pl.DataFrame:
        """The files may have older column names than the table."""
        if part.columns == self.meta.columns:
            return part
        return part.rename(dict(zip(part.columns, self.meta.columns, strict=True)))

    def _read(self, path: Path, limit: int | None = None) -> pl.DataFrame:
        import polars as pl

        try:
            return pl.read_parquet(path, n_rows=limit, use_pyarrow=False, glob=False)
        except FileNotFoundError as error:
            raise NotFound(
                f"rows of table {self.meta.namespace}/{self.meta.name} are missing: {path.name} does not exist",
                hint="the table was deleted or replaced; open it again",
            ) from error

    def _empty(self) -> pl.DataFrame:
        import polars as pl

        return pl.DataFrame(schema=dict.fromkeys(self.meta.columns, pl.String))


def plain(value: Any) -> Any:
    """A value in a form that JSON can express, also inside lists and dicts; NumPy's numbers become Python's."""
    if isinstance(value, float):  # also NumPy's float64
        if math.isfinite(value):
            return float(value)
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)


# FATE's name for the id column of an uploaded table, whatever its header line says.
_RAW_ID = "sid"


class Preview(msgspec.Struct, frozen=True):
    """header: column names; rows: JSON-able cells in the same order; total: rows of the whole table."""

    header: list[str]
    rows: list[list[Any]]
    total: int


def preview(table: Table, limit: int = 100) -> Preview:
    """The first `limit` rows.

    raw: id and texts. instances: id, label, numbers. scores: id, label, predict_result, predict_score,
    predict_detail as an object, type. Numbers that JSON cannot express are strings ("NaN", "Infinity").
    """
    meta = table.meta
    columns = meta.columns
    if meta.label:
        columns = [meta.sid, meta.label, *(name for name in meta.header if name != meta.label)]
    frame = table.head(limit).select(columns)
    rows = [[plain(cell) for cell in row] for row in frame.iter_rows()]
    if "predict_detail" in columns:
        at = columns.index("predict_detail")
        for row in rows:
            row[at] = msgspec.json.decode(row[at]) if row[at] else {}
    if meta.kind == "raw":
        columns = [_RAW_ID, *columns[1:]] if meta.have_head else [_RAW_ID]
    return Preview(columns, rows, meta.count)


def by_id(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows sorted by id, the first column."""
    import polars as pl

    sid = frame.columns[0]
    return frame.sort(pl.col(sid).str.len_bytes(), pl.col(sid))
