"""The modules DataIO and DataTransform, and their parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from fateflow_tui.artifacts.table import by_id
from fateflow_tui.components.contract import Context, Module
from fateflow_tui.components.data_io.parameters import DataIOParam, DataTransformParam
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    from fateflow_tui.components.contract import Model
    from fateflow_tui.components.data_io.fitted import FittedFormat
    from fateflow_tui.components.online import Step


class DataIO(Module[DataIOParam]):
    """Parses the uploaded table in `data`. With an input model it applies that model, otherwise it fits and saves one.

    The output is the instances in canonical row order (see `row_order`); the label is the first column after the id.
    """

    name = "DataIO"
    parameter_class = "DataIOParam"
    parameter_type: ClassVar[type[DataIOParam]] = DataIOParam
    has_metrics = False

    @classmethod
    def online(cls, model: Model | None) -> Step:
        from fateflow_tui.components.data_io.online import transform

        if model is None:
            raise ComponentFailed(
                f"{cls.name} needs a fitted model for online inference; it cannot be fitted on a single row",
                hint='give it its trained model as "input.model"',
            )
        return transform(model)

    def run(self, ctx: Context) -> None:
        from fateflow_tui.components.data_io.fitted import from_model, to_model
        from fateflow_tui.components.data_io.formats import fit_dense, fit_listed, transform_dense, transform_listed

        table = next((found for key in ctx.inputs.keys() for found in ctx.inputs.tables(key)), None)  # noqa: SIM118
        if table is None:
            raise ComponentFailed(
                f"{ctx.component} at {ctx.party} has no input table", hint='the DSL\'s "input" needs {"data": [...]}'
            )
        if table.meta.kind != "raw":
            raise ComponentFailed(
                f"{ctx.component} parses uploaded text, but its input {table.meta.namespace}/{table.meta.name} already "
                f"holds {table.meta.kind}",
                hint="remove this component, or give it the uploaded table",
            )
        model = ctx.inputs.model()
        if model is None:
            parameters = self.parameters
            fitted, instances = (fit_dense if parameters.input_format == "dense" else fit_listed)(table, parameters)
            _summarize(ctx, fitted)
        else:
            fitted, parameters = from_model(model, self.parameters)
            transform = transform_dense if parameters.input_format == "dense" else transform_listed
            instances = transform(table, fitted, parameters)
        if not instances.height:
            raise ComponentFailed(f"table {table.meta.namespace}/{table.meta.name} at {ctx.party} has no rows")
        label = instances.columns[1] if instances.columns[1:] != fitted.header else ""
        with ctx.write(kind="instances", label=label, partitions=table.meta.partitions) as writer:
            writer.write(by_id(instances))
        ctx.save_model(*to_model(fitted, parameters))
        ctx.log.info(
            "%s rows, %s features, %s", instances.height, len(fitted.header), f"label {label}" if label else "no label"
        )


class DataTransform(DataIO):
    """DataIO under its newer name."""

    name = "DataTransform"
    parameter_class = "DataTransformParam"
    parameter_type = DataTransformParam


def _summarize(ctx: Context, fitted: FittedFormat) -> None:
    summary = {}
    if fitted.missing is not None:
        summary["missing_fill_info"] = {
            "missing_value": fitted.missing.words,
            "missing_impute_value": fitted.missing.values,
            "missing_impute_rate": fitted.missing.ratios,
        }
    if fitted.outlier is not None:
        summary["outlier_replace_rate"] = {
            "outlier_value": fitted.outlier.words,
            "outlier_replace_value": fitted.outlier.values,
            "outlier_replace_rate": fitted.outlier.ratios,
        }
    if summary:
        ctx.summary(summary)
