"""Files outside the home that tables are bound to: how they are checked and read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from fateflow_tui.artifacts.delimited import BLOCK, blocks, layout
from fateflow_tui.core.errors import ComponentFailed, Conflict, FateFlowError, NotFound

if TYPE_CHECKING:
    import polars as pl


_PEEK = 1 << 20  # bytes to read for a preview
_ROWS = 250_000  # rows of a Parquet file per batch


class Source(msgspec.Struct, frozen=True):
    """format: delimited text, or Parquet. chosen: the file's names of the table's columns, the id first.

    names: of all columns of a file without a header line, [] when its lines are an id and a value. size: bytes,
    modified: ns since the epoch, both when it was bound.
    """

    format: Literal["delimited", "parquet"]
    chosen: list[str]
    head: bool = True
    delimiter: str = ","
    names: list[str] = []
    size: int = 0
    modified: int = 0

    def obstacle(self, path: Path, table: str) -> FateFlowError | None:
        """Why the file cannot be read as this table, judged by its size and time only."""
        try:
            facts = path.stat()
        except OSError as error:
            return NotFound(
                f"table {table} is bound to the file {path.name}, which cannot be read: {error.strerror}",
                hint="restore the file, or bind the table to another one",
            )
        if (facts.st_size, facts.st_mtime_ns) != (self.size, self.modified):
            return Conflict(
                f"table {table} is bound to the file {path.name}, which has changed since then",
                hint="bind it again (with drop 1) to count and check its rows",
            )
        return None

    def frames(self, path: Path, limit: int | None = None) -> Iterator[pl.DataFrame]:
        """The rows that have all fields and an id, as text columns, a bounded number at a time. limit: rows that are
        needed; more may come.
        """
        for frame, _ in self.counted(path, limit):
            yield frame

    def counted(self, path: Path, limit: int | None = None) -> Iterator[tuple[pl.DataFrame, int]]:
        """Like `frames`, each with the number of rows read from the file, including the omitted ones."""
        parts = self._parquet(path, limit) if self.format == "parquet" else self._delimited(path, limit)
        for part, read in parts:
            yield part.filter(part[self.chosen[0]] != ""), read

    def _delimited(self, path: Path, limit: int | None) -> Iterator[tuple[pl.DataFrame, int]]:
        where = layout(path, self.head, self.delimiter, self.names)
        if missing := [name for name in self.chosen if name not in where.names]:
            raise ComponentFailed(f"the file {path.name} has no column {missing[0]!r}")
        for rows in blocks(path, where, BLOCK if limit is None else _PEEK):
            yield rows.frame.select(self.chosen), rows.frame.height + rows.malformed

    def _parquet(self, path: Path, limit: int | None) -> Iterator[tuple[pl.DataFrame, int]]:
        import polars as pl

        size = _ROWS if limit is None else min(max(limit, 1), _ROWS)
        start = 0
        try:
            scan = pl.scan_parquet(path, glob=False)
            scan = scan.select(as_text(scan.collect_schema(), self.chosen))
            while (part := scan.slice(start, size).collect()).height:
                yield part, part.height
                start += part.height
        except pl.exceptions.PolarsError as error:
            raise ComponentFailed(f"the file {path.name} cannot be read as Parquet: {error}") from error


def as_text(schema: Mapping[str, pl.DataType], columns: Sequence[str]) -> list[pl.Expr]:
    """Any plain value as text with the same number; null as empty text, true and false as 1 and 0."""
    import polars as pl

    flags = [name for name in columns if schema[name] == pl.Boolean]
    return [
        (pl.col(name).cast(pl.Int8) if name in flags else pl.col(name)).cast(pl.String).fill_null("")
        for name in columns
    ]
