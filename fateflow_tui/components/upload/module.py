"""The module Upload."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from fateflow_tui.components.contract import Context, Module
from fateflow_tui.components.upload.parameters import UploadParam
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    import polars as pl

    from fateflow_tui.artifacts.delimited import DelimitedLayout
    from fateflow_tui.artifacts.table import Table
    from fateflow_tui.artifacts.table_writer import TableWriter


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
    sparse and tag formats need it. Its summary and the meta of its metric count the rows: read, stored, and rejected
    by reason; read is always stored and rejected together.
    """

    name = "Upload"
    roles = frozenset({"local"})
    parameter_class = "UploadParam"
    parameter_type = UploadParam
    writes = ("namespace", "name")
    file = "file"

    def run(self, ctx: Context) -> None:
        from fateflow_tui.artifacts.delimited import layout

        parameters = self.parameters
        path = Path(parameters.file)
        if not path.is_file():
            raise ComponentFailed(f"there is no file {path.name or repr(parameters.file)} to upload at this site")
        where = layout(
            path,
            parameters.head == 1,
            parameters.id_delimiter,
            parameters.columns,
            whole=parameters.extend_sid,
            title=parameters.file_name,
        )
        table, tally = self._store(ctx, path, where)
        ctx.pass_on(table)
        counts = {
            "rows_read": tally.read,
            "rows_stored": table.meta.count,
            "rows_rejected": tally.rejected,
            "malformed": tally.malformed,
            "without_id": tally.nameless,
            "duplicate_ids": tally.duplicates,
        }
        meta = {"name": "upload", "metric_type": "UPLOAD", **counts}
        ctx.metric("upload", "data_access", [("count", table.meta.count)], meta)
        ctx.summary(counts)
        log = ctx.log.warning if tally.rejected else ctx.log.info
        log("%s", ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in counts.items()))

    def _store(self, ctx: Context, path: Path, where: DelimitedLayout) -> tuple[Table, _Tally]:
        """Reads the file once if no id repeats, which shows at the end; else again, without the repeated ones."""
        from fateflow_tui.artifacts.table_writer import IdHashes, rows_to_leave_out

        hashes = IdHashes()
        tally = _Tally()
        writer = self._writer(ctx, where)
        try:
            for frame in self._frames(ctx, path, where, tally):
                if not self.parameters.extend_sid:
                    hashes.add(frame[where.names[0]])
                writer.write(frame)
            if tally.read == tally.rejected:
                raise ComponentFailed(
                    f"{where.title} has no rows that could be stored ({tally.rejected} were rejected)",
                    hint="below the header there must be a line for each row, with the id in front",
                )
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
                f"{left_out.len()} rows of {where.title} have an id that occurs in another row",
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

    def _frames(self, ctx: Context, path: Path, where: DelimitedLayout, tally: _Tally) -> Iterator[pl.DataFrame]:
        """The rows that have all fields and an id, given or made for them; the others are counted."""
        import polars as pl

        from fateflow_tui.artifacts.delimited import blocks

        size = path.stat().st_size
        prefix = "" if self.parameters.auto_increasing_sid else uuid4().hex
        number = 0
        for rows in blocks(path, where):
            if self.parameters.extend_sid:
                frame = _with_ids(rows.frame, prefix, number)
                number += frame.height
            else:
                frame = rows.frame.filter(pl.col(where.names[0]) != "")
            tally.read += rows.frame.height + rows.malformed
            tally.malformed += rows.malformed
            tally.nameless += rows.frame.height - frame.height
            ctx.progress(rows.read, size)
            yield frame

    def _writer(self, ctx: Context, where: DelimitedLayout) -> TableWriter:
        parameters = self.parameters
        return ctx.tables.create(
            parameters.namespace,
            parameters.name,
            partitions=parameters.partition,
            kind="raw",
            replace=parameters.destroy,
            id_delimiter=where.delimiter,
            have_head=where.wide,
            origin={"job_id": ctx.job_id, "component": ctx.component},
            extra={"schema": members} if (members := parameters.schema_members) else {},
        )


def _with_ids(frame: pl.DataFrame, prefix: str, start: int) -> pl.DataFrame:
    """The frame with a first column of new ids, the prefix and a number that counts from `start`."""
    import polars as pl

    name = next(name for name in ("sid", "extend_sid", "fateflow_sid") if name not in frame.columns)
    numbers = pl.int_range(start, start + frame.height, eager=True).cast(pl.String)
    return frame.select((pl.lit(prefix) + numbers).alias(name), pl.all())


def _without(frame: pl.DataFrame, start: int, rows: pl.Series) -> pl.DataFrame:
    """The frame, whose first row has number `start`, without the rows of these numbers."""
    import polars as pl

    return frame.filter(~pl.int_range(start, start + frame.height, eager=True).is_in(rows))
