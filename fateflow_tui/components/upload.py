"""Upload: stores a delimited text file as a table."""

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
    """How to parse the values of a row: the `meta` of FATE 1.11, stored in the schema.

    Options that change the rows during the upload (match ids, and lists or ranges of them) are not supported.
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
    def _check_supported(self) -> Self:
        if self.with_match_id or self.id_list or self.id_range:
            raise ValueError(
                "match ids (with_match_id, id_list, id_range) are not supported: remove them, and make the id that "
                "parties match by the first column"
            )
        return self


class UploadParam(StrictParameters):
    """file: a path at the site. file_name: its display name, for messages. namespace, name: the new table.

    head: 1 if the first line is a header. id_delimiter: separates the fields; the first field is the id. partition: 1
    to 1023. destroy: replace an existing table once the new one is complete. duplicate_ids: keep the first or the last
    row of an id, rejecting and counting the others, or fail the upload. (FATE silently keeps the last one.)

    extend_sid: generate an id for each row; the first column becomes an ordinary one. auto_increasing_sid: these ids
    are 0, 1, 2, ...; otherwise they are globally unique. meta: see FormatParam; ignored unless with_meta is set,
    because
    clients of 1.11 always send it. table_schema: {"sid": name, "header": "a,b"} names the columns of a file without a
    header line; other members are stored as they are.

    storage_engine, storage_address: accepted and ignored; the site stores all tables itself.
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
    def _check_schema(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        for member in ("sid", "header"):
            if value and not isinstance(value.get(member, ""), str):
                raise ValueError(f'its member {member!r} must be a string, as in {{"sid": "id", "header": "x0,x1"}}')
        return value

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        if self.auto_increasing_sid and not self.extend_sid:
            raise ValueError("auto_increasing_sid requires extend_sid: set it to true as well")
        form = self.meta.input_format if self.with_meta and self.meta else "dense"
        if form != "dense" and (self.head or self.columns):
            raise ValueError(f"rows of input_format {form} have no header: set head to 0")
        if self.head and self.columns:
            raise ValueError("the header line (head 1) names the columns: remove sid and header from the schema")
        return self

    @property
    def columns(self) -> list[str]:
        """Return the column names in `table_schema`, in order."""
        given = self.table_schema or {}
        header = [name.strip() for name in str(given.get("header", "")).split(",") if name.strip()]
        sid = str(given.get("sid", "")).strip()
        return [sid, *header] if sid else header

    @property
    def schema_members(self) -> dict[str, Any]:
        """Return the members of the table's schema other than the column names."""
        members = {name: value for name, value in (self.table_schema or {}).items() if name not in ("sid", "header")}
        if self.extend_sid:
            members["extend_tag"] = True
        if self.with_meta:
            members["meta"] = (self.meta or FormatParam()).model_dump()
        return members


class _Tally(msgspec.Struct):
    """Row counts: read = stored + malformed + nameless + duplicates."""

    read: int = 0
    malformed: int = 0
    nameless: int = 0  # without an id
    duplicates: int = 0

    @property
    def rejected(self) -> int:
        return self.malformed + self.nameless + self.duplicates


class Upload(Module[UploadParam]):
    """Creates a table of kind `raw`: all columns are text. Memory use is bounded regardless of the file's size.

    With a header line each field is a column. Without one a row is its id and the rest as one text, as the sparse and
    tag formats need it. The summary and the metadata of the metric count the rows: read, stored, and rejected by
    reason, where read = stored + rejected.
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
        """Read and store the file. If ids turn out to repeat, read it a second time without the duplicate rows."""
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
                    f"{where.title} has no valid rows ({tally.rejected} were rejected)",
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
        """Yield the rows that have all fields and an id, given or generated. Count the others."""
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
    """Insert a first column of new ids: the prefix and a number counted from `start`."""
    import polars as pl

    name = next(name for name in ("sid", "extend_sid", "fateflow_sid") if name not in frame.columns)
    numbers = pl.int_range(start, start + frame.height, eager=True).cast(pl.String)
    return frame.select((pl.lit(prefix) + numbers).alias(name), pl.all())


def _without(frame: pl.DataFrame, start: int, rows: pl.Series) -> pl.DataFrame:
    """Remove rows by number. start: the number of the frame's first row."""
    import polars as pl

    return frame.filter(~pl.int_range(start, start + frame.height, eager=True).is_in(rows))
