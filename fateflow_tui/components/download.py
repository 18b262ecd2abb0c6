"""Download: writes a stored table into a file on its site, a line for each row."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from fateflow_tui.components.contract import Context, Module
from fateflow_tui.components.parameter_types import StrictParameters
from fateflow_tui.core.errors import ComponentFailed


class DownloadParam(StrictParameters):
    """namespace, name: the table. output_path: the file; whether a client may name it, its server has decided.

    delimiter: between the id and the other values. head: 1 for a first line with the names of the columns.
    """

    output_path: str = ""
    namespace: str = ""
    name: str = ""
    delimiter: Annotated[str, Field(min_length=1)] = ","
    head: Literal[0, 1] = 0


class Download(Module[DownloadParam]):
    """The file appears when it is complete; an existing one is replaced."""

    name = "Download"
    roles = frozenset({"local"})
    parameter_class = "DownloadParam"
    parameter_type = DownloadParam

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
                        file.write(parameters.delimiter.join(batch.columns) + "\n")
                    line = pl.concat_str(pl.all().cast(pl.String).fill_null(""), separator=parameters.delimiter)
                    lines = batch.select(line).to_series().to_list()
                    file.writelines(f"{one}\n" for one in lines)
                    rows += len(lines)
                    ctx.progress(rows, table.meta.count)
            os.replace(unfinished, path)
        except OSError as error:
            raise ComponentFailed(
                f"table {parameters.namespace}/{parameters.name} cannot be written to {path}: {error.strerror}",
                hint="does the directory exist, and may the site write there?",
            ) from error
        finally:
            unfinished.unlink(missing_ok=True)
        ctx.metric("download", "data_access", [("count", rows)], {"name": "download", "metric_type": "DOWNLOAD"})
        ctx.log.info("%s rows of %s/%s are in %s", rows, parameters.namespace, parameters.name, path)
