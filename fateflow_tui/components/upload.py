"""Upload: a delimited text file becomes a stored table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from uuid import uuid4

import msgspec
from pydantic import Field, field_validator, model_validator

from fateflow_tui.components.contract import AnyCase, Context, Module, StrictParameters
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    import polars as pl

    from fateflow_tui.artifacts.delimited import DelimitedLayout
    from fateflow_tui.artifacts.table import Table
    from fateflow_tui.artifacts.table_writer import TableWriter


Format = Annotated[Literal["dense", "svmlight", "libsvm", "sparse", "tag"], AnyCase]


class FormatParam(StrictParameters):
    """How the values of a row are written, for those who read the table: the `meta` of FATE 1.11, kept in the schema.

    What would change the rows while they are stored is not built: match ids and lists or ranges of them.
    """

    input_format: Format = "dense"
    delimiter: Annotated[str, Field(min_length=1)] = ","
    tag_with_value: bool = False
    tag_value_delimiter: Annotated[str, Field(min_length=1)] = ":"
    with_label: bool = False
    label_name: str = "y"
    label_type: str = "int"
    data_type: str = "float64"
    exclusive_data_type: dict[str, str] | None = None
    with_match_id: bool = False
    id_list: list[str] | None = None
    id_range: int = 0

    @model_validator(mode="after")
    def _built(self) -> Self:
        if self.with_match_id or self.id_list or self.id_range:
            raise ValueError(
                "match ids (with_match_id, id_list, id_range) are not supported: remove them, and make the id that "
                "parties match by the first column"
            )
        return self


class UploadParam(StrictParameters):
    """file: a path on the site. file_name: what people call it, in messages. namespace, name: of the table to make.
    head: 1 if the first line is a header.

    id_delimiter: between the fields; the id is the first. partition: 1 to 1023. destroy: an existing table gives
    way, once the new one is complete. duplicate_ids: what becomes of rows with an id that was there before: the
    first or the last row of an id is kept and the others are rejected and counted, or the upload fails. (FATE keeps
    the last one and does not say so.)
    extend_sid: rows get ids of their own, and the first column becomes one like the others. auto_increasing_sid:
    these ids are 0, 1, 2 and so on, otherwise they are unique over all tables. meta: see FormatParam; it
    counts only with with_meta, as 1.11's clients always send it.
    table_schema: {"sid": name, "header": "a,b"} names the columns of a file without a header line; other members are
    kept.
    storage_engine, storage_address: accepted; tables are stored by the site itself.
    """

    file: str = ""
    file_name: str = ""
    head: Literal[0, 1] = 1
    id_delimiter: Annotated[str, Field(min_length=1)] = ","
    partition: Annotated[int, Field(ge=1, le=1023)] = 10
    namespace: str = ""
    name: str = ""
    storage_engine: str | None = ""
    storage_address: dict[str, Any] | None = None
    destroy: bool = False
    duplicate_ids: Annotated[Literal["first", "last", "fail"], AnyCase] = "first"
    extend_sid: bool = False
    auto_increasing_sid: bool = False
    with_meta: bool = False
    meta: FormatParam | None = None
    table_schema: dict[str, Any] | None = None

    @field_validator("table_schema")
    @classmethod
    def _named(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        for member in ("sid", "header"):
            if value and not isinstance(value.get(member, ""), str):
                raise ValueError(f'its member {member!r} must be a text, as in {{"sid": "id", "header": "x0,x1"}}')
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.auto_increasing_sid and not self.extend_sid:
            raise ValueError("auto_increasing_sid requires extend_sid: set it to true as well")
        form = self.meta.input_format if self.with_meta and self.meta else "dense"
        if form != "dense" and (self.head or self.columns):
            raise ValueError(f"rows of input_format {form} have no columns to name: set head 0")
        if self.head and self.columns:
            raise ValueError("the header line (head 1) names the columns: leave sid and header out of the schema")
        return self

    @property
    def columns(self) -> list[str]:
        """The names that `table_schema` gives to a file's columns, in their order."""
        given = self.table_schema or {}
        header = [name.strip() for name in str(given.get("header", "")).split(",") if name.strip()]
        sid = str(given.get("sid", "")).strip()
        return [sid, *header] if sid else header

    @property
    def schema_members(self) -> dict[str, Any]:
        """What the table's schema says beyond the names of its columns."""
        members = {name: value for name, value in (self.table_schema or {}).items() if name not in ("sid", "header")}
        if self.extend_sid:
            members["extend_tag"] = True
        if self.with_meta:
            members["meta"] = (self.meta or FormatParam()).model_dump()
        return members


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
    has_metrics = False
    writes = ("namespace", "name")
    file = "file"

    def run(self, ctx: Context) -> None:
        from fateflow_tui.artifacts.delimited import layout

        parameters = self.parameters
        path = Path(parameters.file)
        if not path.is_file():
            raise ComponentFailed(
                f"the file to upload does not exist at this site: {path.name or repr(parameters.file)}"
            )
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
                    hint="put one row per line below the header, with the id as the first field",
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
