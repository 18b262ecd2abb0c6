"""Download: writes a stored table to a file at its site, one line per row."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from fateflow_tui.components.contract import Context, Module, StrictParameters
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    import polars as pl


class DownloadParam(StrictParameters):
    """namespace, name: the table. output_path: the file; the server has checked that the client may choose it.

    delimiter: separates the values. head: 1 for a header line. quoted: 1 to put double quotes around values that
    contain the delimiter; FATE's own module does not quote.
    """

    output_path: str = ""
    namespace: str = ""
    name: str = ""
    delimiter: Annotated[str, Field(min_length=1)] = ","
    head: Literal[0, 1] = 0
    quoted: Literal[0, 1] = 0


class Download(Module[DownloadParam]):
    """Writes the file atomically; an existing one is replaced."""

    name = "Download"
    roles = frozenset({"local"})
    parameter_class = "DownloadParam"
    parameter_type = DownloadParam
    has_metrics = False
    reads = ("namespace", "name")
    file = "output_path"

    def run(self, ctx: Context) -> None:
        import polars as pl

        parameters = self.parameters
        table = ctx.tables.usable(parameters.namespace, parameters.name)
        path = Path(parameters.output_path)
        if not path.is_absolute():
            raise ComponentFailed(
                f"output_path {parameters.output_path!r} is not absolute", hint="give the full path of a file"
            )
        unfinished = path.with_name(f".{path.name}.{ctx.job_id}")
        rows = 0
        try:
            with unfinished.open("w", encoding="utf-8", newline="") as file:
                for batch in table.batches():
                    if parameters.head and not rows:
                        names = pl.DataFrame(
                            [batch.columns], schema=dict.fromkeys(batch.columns, pl.String), orient="row"
                        )
                        file.writelines(f"{one}\n" for one in self._lines(names))
                    lines = self._lines(batch)
                    file.writelines(f"{one}\n" for one in lines)
                    rows += len(lines)
                    ctx.progress(rows, table.meta.count)
            os.replace(unfinished, path)
        except OSError as error:
            raise ComponentFailed(
                f"table {parameters.namespace}/{parameters.name} cannot be written to {path}: {error.strerror}",
                hint="check that the directory exists and that the site may write to it",
            ) from error
        finally:
            unfinished.unlink(missing_ok=True)
        ctx.metric("download", "data_access", [("count", rows)], {"name": "download", "metric_type": "DOWNLOAD"})
        ctx.log.info("%s rows of %s/%s written to %s", rows, parameters.namespace, parameters.name, path)

    def _lines(self, frame: pl.DataFrame) -> list[str]:
        """Return one line for each row, without line ends."""
        import polars as pl

        cells = [self._cell(name).alias(name) for name in frame.columns]
        line = pl.concat_str(pl.all(), separator=self.parameters.delimiter)
        return frame.select(cells).select(line).to_series().to_list()

    def _cell(self, column: str) -> pl.Expr:
        """Return a column's values as they are written to the file."""
        import polars as pl

        text = pl.col(column).cast(pl.String).fill_null("")
        if not self.parameters.quoted:
            return text
        whole = pl.concat_str(pl.lit('"'), text.str.replace_all('"', '""', literal=True), pl.lit('"'))
        needs_quotes = text.str.contains_any([self.parameters.delimiter, '"', "\n", "\r"])
        return pl.when(needs_quotes).then(whole).otherwise(text)
