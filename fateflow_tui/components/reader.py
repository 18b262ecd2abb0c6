"""Reader: makes a stored table an input of the job, without copying it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, field_validator

from fateflow_tui.components.contract import Context, Module, StrictParameters
from fateflow_tui.components.online import pass_on
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    from fateflow_tui.artifacts.table import Table
    from fateflow_tui.components.contract import Model
    from fateflow_tui.components.online import Step

_SAMPLED_ROWS = 100
_SAMPLES = 5  # distinct values shown for a column


class ReaderTable(BaseModel):
    """The name of a table at its site."""

    model_config = ConfigDict(strict=True)

    name: str
    namespace: str


class ReaderParam(StrictParameters):
    """table: the table to read at this party."""

    table: ReaderTable | None = None

    @field_validator("table", mode="before")
    @classmethod
    def _check_table(cls, value: object) -> object:
        if value is None:
            raise ValueError('must name the table to read, as {"name": ..., "namespace": ...}')
        return value


class Reader(Module[ReaderParam]):
    """Outputs the table itself. Its metric describes the table, with sample values of each column."""

    name = "Reader"
    parameter_class = "ReaderParam"
    parameter_type = ReaderParam
    has_metrics = False
    source = "table"

    @classmethod
    def online(cls, model: Model | None) -> Step:
        return pass_on

    def run(self, ctx: Context) -> None:
        wanted = self.parameters.table
        if wanted is None:
            raise ComponentFailed(
                f"{ctx.component} at {ctx.party} has no table to read",
                hint=f"set component_parameters.role.{ctx.party.role}.<index>.{ctx.component}.table",
            )
        table = ctx.tables.usable(wanted.namespace, wanted.name)
        ctx.pass_on(table)
        meta = table.meta
        ctx.metric(
            "reader_namespace",
            "reader_name",
            meta={
                "name": "reader",
                "metric_type": "data_info",
                "table_name": meta.name,
                "namespace": meta.namespace,
                "table_info": _samples(table),
                "partitions": meta.partitions,
                "storage_engine": meta.engine,
                "count": meta.count,
            },
        )
        ctx.log.info("read table %s/%s with %s rows", meta.namespace, meta.name, meta.count)


def _samples(table: Table) -> dict[str, str]:
    """Return up to five distinct values of each column of an uploaded table, joined by commas."""
    if table.meta.kind != "raw" or not table.meta.have_head:
        return {}
    rows = table.head(_SAMPLED_ROWS)
    return {
        column: ",".join(rows[column].unique(maintain_order=True).head(_SAMPLES).fill_null("").to_list())
        for column in table.meta.header
    }
