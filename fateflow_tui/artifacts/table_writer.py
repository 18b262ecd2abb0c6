"""Writing a table: parts go to a hidden directory that is renamed at the end."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import msgspec

from fateflow_tui.artifacts.table import META_FILE, Table, TableMeta
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import ComponentFailed, Conflict
from fateflow_tui.core.files import make_directories, sync, write_file

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


# Bound what a writer, and a reader of batches, hold in memory at once.
PART_ROWS = 200_000
PART_BYTES = 48 << 20


class TableWriter:
    """A table being written: invisible until `close` returns, removed if the block raises.

    As a context manager it closes at the end of the block. The first frame fixes the columns: the first is the id
    and must be text; later frames must have the same names and types. Raises ComponentFailed for a frame that does
    not fit, Conflict from `close` if a table of that name was created meanwhile.
    """

    def __init__(self, directory: Path, meta: TableMeta, *, replace: bool = False) -> None:
        """directory: of the table, not created yet. meta: facts known so far; sid, header, count, files are filled
        in."""
        self._directory = directory
        self._meta = meta
        self._replace = replace
        self._random = secrets.token_hex(4)
        # A name may fill the file system's limit by itself, so the hidden one holds only its beginning.
        self._hidden = directory.with_name(f".{directory.name[:40]}.{self._random}")
        self._files: list[str] = []
        self._pending: list[pl.DataFrame] = []
        self._pending_rows = self._pending_bytes = 0
        self._schema: dict[str, Any] | None = None
        self._count = 0
        self.table: Table | None = None  # after close
        self.discarded = False
        make_directories(directory.parent)
        self._hidden.mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.discard()

    @property
    def count(self) -> int:
        """Rows written so far."""
        return self._count

    def describe(self, **facts: Any) -> Self:
        """Set facts of `TableMeta` before `close`: kind, label, partitions, extra, and so on."""
        self._meta = msgspec.structs.replace(self._meta, **facts)
        return self

    def write(self, frame: pl.DataFrame) -> None:
        """Append rows; they are on disk when `close` returns."""
        self._check(frame)
        self._count += frame.height
        self._pending.append(frame)
        self._pending_rows += frame.height
        self._pending_bytes += int(frame.estimated_size())
        if self._pending_rows >= PART_ROWS or self._pending_bytes >= PART_BYTES:
            self._flush()

    def close(self) -> Table:
        """Make the table visible and return it; a second call returns the same."""
        if self.table is not None:
            return self.table
        try:
            self._flush()
            self.table = self._publish()
        except BaseException:
            self.discard()
            raise
        return self.table

    def discard(self) -> None:
        """Discard the table, unless it is closed."""
        self.discarded = self.table is None
        self._pending.clear()
        shutil.rmtree(self._hidden, ignore_errors=True)

    def _check(self, frame: pl.DataFrame) -> None:
        import polars as pl

        schema = dict(frame.schema)
        if self._schema is None:
            sid = next(iter(schema), None)
            if sid is None or schema[sid] != pl.String:
                raise ComponentFailed(
                    f"the first column of table {self._where} must be the id as text, not "
                    + (f"{sid!r} of type {schema[sid]}" if sid is not None else "missing")
                )
            self._schema = schema
        elif list(schema.items()) != list(self._schema.items()):
            raise ComponentFailed(
                f"rows with columns {schema} cannot follow rows with columns {self._schema} in table {self._where}"
            )

    @property
    def _where(self) -> str:
        return f"{self._meta.namespace}/{self._meta.name}"

    def _flush(self) -> None:
        import polars as pl

        if not self._pending:
            return
        rows = self._pending[0] if len(self._pending) == 1 else pl.concat(self._pending)
        self._pending.clear()
        self._pending_rows = self._pending_bytes = 0
        if not rows.height and self._files:
            return
        for part in rows.iter_slices(PART_ROWS) if rows.height else [rows]:
            name = f"{self._random}-{len(self._files):05}.parquet"
            part.write_parquet(self._hidden / name, compression="lz4")
            self._files.append(name)

    def _publish(self) -> Table:
        columns = list(self._schema) if self._schema else self._meta.columns
        meta = msgspec.structs.replace(
            self._meta,
            count=self._count,
            sid=columns[0],
            header=columns[1:],
            files=self._files,
            created_at=now_ms(),
        )
        for name in self._files:
            sync(self._hidden / name)
        if self._replace and (self._directory / META_FILE).exists():
            self._take_over(meta)
        else:
            write_file(self._hidden / META_FILE, msgspec.json.encode(meta))
            try:
                self._hidden.rename(self._directory)
            except OSError as error:
                raise Conflict(
                    f"table {self._where} already exists: it was created while this one was written"
                ) from error
            sync(self._directory.parent)
        return Table(self._directory, meta)

    def _take_over(self, meta: TableMeta) -> None:
        """The old table's directory stays; the new meta file, put in place at once, decides which parts count."""
        for name in self._files:
            os.rename(self._hidden / name, self._directory / name)
        write_file(self._directory / META_FILE, msgspec.json.encode(meta))
        for path in self._directory.glob("*.parquet"):
            if path.name not in self._files:
                path.unlink(missing_ok=True)
        self._hidden.rmdir()


Keep = Literal["first", "last"]


class IdHashes:
    """Collects 8 bytes for each id; equal ids have equal hashes, different ids rarely do."""

    def __init__(self) -> None:
        self._parts: list[np.ndarray[Any, np.dtype[np.uint64]]] = []

    def add(self, ids: pl.Series) -> None:
        self._parts.append(ids.hash().to_numpy())

    def repeated(self) -> pl.Series:
        """The hashes that occurred more than once. Sorting them in place needs less than any table of them."""
        import numpy as np
        import polars as pl

        hashes = np.concatenate(self._parts) if self._parts else np.empty(0, np.uint64)
        self._parts = [hashes]
        hashes.sort()
        later = hashes[1:]
        return pl.Series(np.unique(later[later == hashes[:-1]]), dtype=pl.UInt64)


def rows_to_leave_out(ids: Iterable[pl.Series], repeated: pl.Series, keep: Keep) -> pl.Series:
    """Row numbers, from 0 over all parts of `ids`, of the rows to drop in favour of the kept row of their id."""
    import polars as pl

    suspects: list[pl.DataFrame] = []
    start = 0
    for part in ids:
        numbered = pl.DataFrame(
            {"row": range(start, start + part.len()), "id": part}, schema_overrides={"row": pl.Int64}
        )
        suspects.append(numbered.filter(part.hash().is_in(repeated)))
        start += part.len()
    rows = pl.concat(suspects)
    kept = rows.unique("id", keep=keep)["row"]
    return rows["row"].filter(~rows["row"].is_in(kept))
