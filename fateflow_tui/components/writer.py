"""Writer: copies a stored table to another table, or to a text file at its site."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from pydantic import Field

from fateflow_tui.components.contract import Context, Module, StrictParameters
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    from typing import TextIO

    from fateflow_tui.artifacts.table import Table

# Metadata that belongs to the copy; the rest is copied.
_OWN_FACTS = frozenset(
    {"namespace", "name", "count", "partitions", "external", "created_at", "origin", "files", "source", "enabled"}
    | {"engine", "address", "kind"}
)


class WriterParam(StrictParameters):
    """namespace, table_name: the table to copy. output_namespace, output_table_name: the new table.

    destroy: replace an existing table. partitions: of the new table; by default as many as the source has.
    output_path: a text file to write instead; the server has checked that the client may choose it. delimiter:
    separates its fields. head: whether to write a header line.
    """

    namespace: str = ""
    table_name: str = ""
    output_namespace: str = ""
    output_table_name: str = ""
    partitions: Annotated[int, Field(ge=1, le=1023)] | None = None
    destroy: bool = False
    output_path: str = ""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    head: bool = True


class Writer(Module[WriterParam]):
    """Writes the new table or file atomically."""

    name = "Writer"
    roles = frozenset({"local"})
    parameter_class = "WriterParam"
    parameter_type = WriterParam
    has_metrics = False
    reads = ("namespace", "table_name")
    writes = ("output_namespace", "output_table_name")
    file = "output_path"

    def run(self, ctx: Context) -> None:
        parameters = self.parameters
        table = ctx.tables.usable(parameters.namespace, parameters.table_name)
        if bool(parameters.output_path) == bool(parameters.output_table_name):
            raise ComponentFailed(
                f"{ctx.component} must write either a table or a file",
                hint="give output_namespace and output_table_name, or output_path",
            )
        if parameters.output_path:
            count = self._write_file(ctx, table, Path(parameters.output_path))
            points: list[tuple[str, Any]] = [("count", count)]
        else:
            copy = self._write_table(ctx, table)
            ctx.pass_on(copy)
            names = [("output_table_name", copy.meta.name), ("output_namespace", copy.meta.namespace)]
            points = [*names, ("count", copy.meta.count)]
        ctx.metric("writer", "writer", points, {"name": "writer", "metric_type": "WRITER"})
        ctx.log.info("wrote %s rows of %s/%s", points[-1][1], parameters.namespace, parameters.table_name)

    def _write_table(self, ctx: Context, table: Table) -> Table:
        parameters = self.parameters
        facts = {name: value for name, value in msgspec.structs.asdict(table.meta).items() if name not in _OWN_FACTS}
        with ctx.tables.create(
            parameters.output_namespace,
            parameters.output_table_name,
            partitions=parameters.partitions or table.meta.partitions,
            kind=table.meta.kind,
            replace=parameters.destroy,
            origin={"job_id": ctx.job_id, "component": ctx.component},
            **facts,
        ) as writer:
            for batch in table.batches():
                writer.write(batch)
                ctx.progress(writer.count, table.meta.count)
            return writer.close()

    def _write_file(self, ctx: Context, table: Table, path: Path) -> int:
        rows = 0
        with _replaced(path, ctx.job_id) as file:
            if self.parameters.head:
                file.write(self.parameters.delimiter.join(table.meta.columns) + "\n")
            for batch in table.batches():
                batch.write_csv(file, include_header=False, separator=self.parameters.delimiter)
                rows += batch.height
                ctx.progress(rows, table.meta.count)
        return rows


@contextmanager
def _replaced(path: Path, word: str) -> Iterator[TextIO]:
    """Open a file that replaces an existing one on success. Raises ComponentFailed if it cannot be written."""
    if not path.is_absolute():
        raise ComponentFailed(f"output_path {path} is not absolute", hint="give the full path of a file")
    unfinished = path.with_name(f".{path.name}.{word}")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            yield file
        os.replace(unfinished, path)
    except OSError as error:
        raise ComponentFailed(
            f"{path.name} cannot be written: {error.strerror}",
            hint="check that its folder exists and that the site may write to it",
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
