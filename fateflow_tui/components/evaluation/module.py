"""The module Evaluation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fateflow_tui.components.contract import Context, Module
from fateflow_tui.components.evaluation.parameters import EvaluateParam
from fateflow_tui.components.online import pass_on
from fateflow_tui.core.errors import ComponentFailed, NotBuilt

if TYPE_CHECKING:
    import polars as pl

    from fateflow_tui.artifacts.tables import Table
    from fateflow_tui.components.contract import Model
    from fateflow_tui.components.evaluation.series import Report
    from fateflow_tui.components.evaluation.thresholds import Array
    from fateflow_tui.components.online import Step

_UNFOLDED = ("auc", "ks")


class Evaluation(Module[EvaluateParam]):
    """Reads tables of scores, as many as there are, each named after the component that made it.

    Rows are told apart by their column `type`: train, validate, predict become the namespaces of the metrics.
    A party that gets no scores, because it has no labels, succeeds with nothing. The summary holds the single
    numbers: upstream component -> type -> metric.
    """

    name = "Evaluation"
    roles = frozenset({"guest", "host", "arbiter"})
    parameter_class = "EvaluateParam"
    parameter_type = EvaluateParam
    deployed = False

    @classmethod
    def online(cls, model: Model | None) -> Step:
        return pass_on

    def run(self, ctx: Context) -> None:
        if self.parameters.eval_type == "clustering":
            raise NotBuilt("metrics of clusterings are not part of this version", hint="choose another eval_type")
        singles: dict[str, dict[str, dict[str, float]]] = {}
        for name, table in _named(ctx):
            for kind, reports in self._of_table(ctx, name, table).items():
                for part, report in reports.items():
                    singles.setdefault(part, {})[kind] = report.single
                    for series in report.series:
                        ctx.metric(kind, series.name, series.points, series.meta)
        if singles:
            ctx.summary(singles)
        else:
            ctx.log.info("there are no predictions with labels at %s: nothing to evaluate", ctx.party)

    def _of_table(self, ctx: Context, name: str, table: Table) -> dict[str, dict[str, Report]]:
        """Type of row -> name of the predictions -> their report."""
        frame = table.frame()
        if table.meta.kind != "scores":
            raise ComponentFailed(
                f"{ctx.component} evaluates predictions, but {name} gave it {table.meta.kind}",
                hint="take its input from the output of a model",
            )
        reports: dict[str, dict[str, Report]] = {}
        sets: dict[str, tuple[Array, Array]] = {}
        for (kind,), rows in frame.partition_by("type", as_dict=True, maintain_order=True).items():
            if rows["label"].is_null().any():
                ctx.log.warning("%s: its %s rows have no labels and are not evaluated", name, kind)
                continue
            found = self._of_rows(ctx, name, str(kind), rows, sets)
            if found:
                reports[str(kind)] = found
        if "psi" in self._metrics and {"train", "validate"} <= sets.keys():
            from fateflow_tui.components.evaluation.stability import psi

            reports["validate"][name].series.append(psi(name, sets["train"], sets["validate"]))
        return reports

    @property
    def _metrics(self) -> list[str]:
        return self.parameters.chosen()

    def _of_rows(
        self, ctx: Context, name: str, kind: str, rows: pl.DataFrame, sets: dict[str, tuple[Array, Array]]
    ) -> dict[str, Report]:
        from fateflow_tui.components.evaluation import binary, other

        labels = rows["label"]
        if self.parameters.eval_type == "regression":
            return {name: other.regression(name, labels.to_numpy(), rows["predict_score"].to_numpy(), self._metrics)}
        if self.parameters.eval_type == "multi":
            found = {name: other.multi(name, labels.to_numpy(), rows["predict_result"].to_numpy(), self._metrics)}
            if self.parameters.unfold_multi_result:
                found |= _unfolded(name, rows)
            return found
        positive = _positive(labels, self.parameters.pos_label)
        if len(set(positive.tolist())) < 2:
            ctx.log.warning("%s: all %s rows are of one class; metrics for two classes need both", name, kind)
            return {}
        sets[kind] = positive, rows["predict_score"].to_numpy()
        return {name: binary.report(name, *sets[kind], self._metrics)}


def _named(ctx: Context) -> Iterable[tuple[str, Table]]:
    """All input tables with the names of the components that made them; a second one of the same gets a number."""
    taken: dict[str, int] = {}
    for key in ctx.inputs.keys():  # noqa: SIM118
        for table in ctx.inputs.tables(key):
            name = table.meta.origin.get("component") or table.meta.name
            taken[name] = taken.get(name, 0) + 1
            yield (name if taken[name] == 1 else f"{name}_{taken[name] - 1}"), table


def _positive(labels: pl.Series, pos_label: Any) -> Array:
    """1 where a label is the positive one, else 0. Numbers are compared as numbers, anything else as text."""
    if labels.dtype.is_numeric() and not isinstance(pos_label, str):
        positive = labels == pos_label
    else:
        positive = labels.cast(str) == str(pos_label)
    found: Array = positive.cast(int).to_numpy()
    return found


def _unfolded(name: str, rows: pl.DataFrame) -> dict[str, Report]:
    """Each class against the rest, from the probabilities in `predict_detail`."""
    import msgspec
    import numpy as np

    from fateflow_tui.components.evaluation import binary

    details = [msgspec.json.decode(text, type=dict[str, float]) for text in rows["predict_detail"]]
    texts = np.array([str(label) for label in rows["label"]])
    found: dict[str, Report] = {}
    for one in details[0]:
        labels = (texts == one).astype(int)
        if 0 < labels.sum() < len(labels):
            scores = np.array([detail[one] for detail in details])
            part = f"{name}_class_{one}"
            found[part] = binary.report(part, labels, scores, _UNFOLDED)
    return found
