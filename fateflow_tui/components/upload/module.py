"""The module Upload."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from pydantic import Field

from fateflow_tui.components.contract import Context, Module
from fateflow_tui.components.parameter_types import AnyCase, StrictParameters
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    import polars as pl

    from fateflow_tui.artifacts.tables import Table, TableWriter
    from fateflow_tui.components.upload.delimited import Layout


class UploadParam(StrictParameters):
    """file: a path on the site. namespace, name: of the table to make. head: 1 if the first line is a header.

    id_delimiter: between the fields; the id is the first. partition: 1 to 1023. destroy: an existing table gives
    way, once the new one is complete. duplicate_ids: what becomes of rows with an id that was there before: the
    first or the last row of an id is kept and the others are rejected and counted, or the upload fails. (FATE keeps
    the last one and does not say so.)
    storage_engine, storage_address: accepted; tables are stored by the site itself.
    """

    file: str = ""
    head: Literal[0, 1] = 1
    id_delimiter: Annotated[str, Field(min_length=1)] = ","
    partition: Annotated[int, Field(ge=1, le=1023)] = 10
    namespace: str = ""
    name: str = ""
    storage_engine: str | None = ""
    storage_address: dict[str, Any] | None = None
    destroy: bool = False
    duplicate_ids: Annotated[Literal["first", "last", "fail"], AnyCase] = "first"


class _Tally(msgspec.Struct):
    """Rows of the file: read = stored + malformed + nameless + duplicates."""

    read: int = 0
    malformed: int = 0
    nameless: int = 0  # without an id
    duplicates: int = 0

    @property
    def rejected(self) -> int:
        return self.malformed + self.nameless + self.duplicates


class Upload(Module[UploadParam]):
    """Makes a table of kind `raw`: all columns text. Memory stays bounded whatever the file's size.

    With a header line each field is a column. Without one a row is its id and one text with all the rest, as the
    sparse and tag formats need it. Its summary counts the rows: read, stored, and rejected by reason.
    """

    name = "Upload"
    roles = frozenset({"local"})
    parameter_class = "UploadParam"
    parameter_type = UploadParam

    def run(self, ctx: Context) -> None:
        from fateflow_tui.components.upload.delimited import layout

        parameters = self.parameters
        path = Path(parameters.file)
        if not path.is_file():
            raise ComponentFailed(f"there is no file {path.name or repr(parameters.file)} to upload at this site")
        where = layout(path, parameters.head == 1, parameters.id_delimiter)
        table, tally = self._store(ctx, path, where)
        ctx.pass_on(table)
        ctx.metric("upload", "data_access", [("count", table.meta.count)], {"name": "upload", "metric_type": "UPLOAD"})
        counts = {
            "rows_read": tally.read,
            "rows_stored": table.meta.count,
            "rows_rejected": tally.rejected,
            "malformed": tally.malformed,
            "without_id": tally.nameless,
            "duplicate_ids": tally.duplicates,
        }
        ctx.summary(counts)
        log = ctx.log.warning if tally.rejected else ctx.log.info
        log("%s", ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in counts.items()))

    def _store(self, ctx: Context, path: Path, where: Layout) -> tuple[Table, _Tally]:
        """Reads the file once if no id repeats, which shows at the end; else again, without the repeated ones."""
        from fateflow_tui.components.upload.duplicates import IdHashes, rows_to_leave_out

        hashes = IdHashes()
        tally = _Tally()
        writer = self._writer(ctx, where)
        try:
            for frame in self._frames(ctx, path, where, tally):
                hashes.add(frame[where.names[0]])
                writer.write(frame)
            if tally.read == tally.rejected:
                raise ComponentFailed(f"{path.name} has no rows that could be stored ({tally.rejected} were rejected)")
            repeated = hashes.repeated()
            if not repeated.len():
                return writer.close(), tally
        finally:
            writer.discard()
        keep = self.parameters.duplicate_ids
        ids = (frame[where.names[0]] for frame in self._frames(ctx, path, where, _Tally()))
        left_out = rows_to_leave_out(ids, repeated, "last" if keep == "last" else "first")
        if keep == "fail" and left_out.len():
            raise ComponentFailed(
                f"{left_out.len()} rows of {path.name} have an id that occurs in another row",
                hint="make the ids unique, or set duplicate_ids to first or last",
            )
        tally = _Tally()
        start = 0
        with self._writer(ctx, where) as writer:
            for frame in self._frames(ctx, path, where, tally):
                writer.write(_without(frame, start, left_out))
                start += frame.height
            tally.duplicates = left_out.len()
            return writer.close(), tally

    def _frames(self, ctx: Context, path: Path, where: Layout, tally: _Tally) -> Iterator[pl.DataFrame]:
        """The rows that have all fields and an id; the others are counted."""
        import polars as pl

        from fateflow_tui.components.upload.delimited import blocks

        size = path.stat().st_size
        for rows in blocks(path, where):
            frame = rows.frame.filter(pl.col(where.names[0]) != "")
            tally.read += rows.frame.height + rows.malformed
            tally.malformed += rows.malformed
            tally.nameless += rows.frame.height - frame.height
            ctx.progress(rows.read, size)
            yield frame

    def _writer(self, ctx: Context, where: Layout) -> TableWriter:
        parameters = self.parameters
        return ctx.tables.create(
            parameters.namespace,
            parameters.name,
            partitions=parameters.partition,
            kind="raw",
            replace=parameters.destroy,
            id_delimiter=where.delimiter,
            have_head=where.head,
            origin={"job_id": ctx.job_id, "component": ctx.component},
        )


def _without(frame: pl.DataFrame, start: int, rows: pl.Series) -> pl.DataFrame:
    """The frame, whose first row has number `start`, without the rows of these numbers."""
    import polars as pl

    return frame.filter(~pl.int_range(start, start + frame.height, eager=True).is_in(rows))
