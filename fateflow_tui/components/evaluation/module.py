"""The module Evaluation, its parameters and the available metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from fateflow_tui.components.contract import AnyCase, Context, Module, StrictParameters
from fateflow_tui.components.online import pass_on
from fateflow_tui.core.errors import ComponentFailed, NotBuilt

if TYPE_CHECKING:
    import polars as pl

    from fateflow_tui.artifacts.table import Table
    from fateflow_tui.components.contract import Model
    from fateflow_tui.components.evaluation.binary import Array
    from fateflow_tui.components.evaluation.metrics import MetricReport
    from fateflow_tui.components.online import Step


METRICS: Final[Mapping[str, tuple[str, ...]]] = {
    "binary": (
        "auc",
        "ks",
        "lift",
        "gain",
        "accuracy",
        "precision",
        "recall",
        "roc",
        "confusion_mat",
        "psi",
        "f1_score",
        "quantile_pr",
    ),
    "multi": ("accuracy", "precision", "recall"),
    "regression": (
        "explained_variance",
        "mean_absolute_error",
        "mean_squared_error",
        "median_absolute_error",
        "r2_score",
        "root_mean_squared_error",
    ),
    "clustering": (
        "jaccard_similarity_score",
        "fowlkes_mallows_score",
        "adjusted_rand_score",
        "davies_bouldin_index",
        "distance_measure",
        "contingency_matrix",
    ),
}

_ALIASES: Final[Mapping[str, str]] = {
    "l1": "mean_absolute_error",
    "mae": "mean_absolute_error",
    "regression_l1": "mean_absolute_error",
    "l2": "mean_squared_error",
    "mse": "mean_squared_error",
    "regression_l2": "mean_squared_error",
    "regression": "mean_squared_error",
    "l2_root": "root_mean_squared_error",
    "rmse": "root_mean_squared_error",
    "r2": "r2_score",
    "acc": "accuracy",
    "jaccard": "jaccard_similarity_score",
}


def _by_type() -> dict[str, list[str]]:
    return {kind: list(names) for kind, names in METRICS.items()}


class EvaluateParam(StrictParameters):
    """eval_type: what was predicted. pos_label: the label of the positive class, for binary labels.

    metrics: the metrics to compute; by default all of the type. Names are case-insensitive, and FATE's aliases (mse,
    acc, ...) are accepted. unfold_multi_result: also compute AUC and KS of each class against the rest.
    default_metrics, allowed_metrics: listed by FATE among the parameters; setting them has no effect.
    """

    eval_type: Annotated[Literal["binary", "multi", "regression", "clustering"], AnyCase] = "binary"
    pos_label: int | float | str = 1
    need_run: bool = True
    metrics: list[str] | None = None
    run_clustering_arbiter_metric: bool = False
    unfold_multi_result: bool = False
    default_metrics: dict[str, list[str]] = Field(default_factory=_by_type)
    allowed_metrics: dict[str, list[str]] = Field(default_factory=_by_type)

    @model_validator(mode="after")
    def _check_metrics(self) -> Self:
        wrong = [name for name in self.metrics or () if full_name(name) not in METRICS[self.eval_type]]
        if wrong:
            raise ValueError(
                f"metrics {', '.join(wrong)} are not available for eval_type {self.eval_type}; "
                f"choose from {', '.join(METRICS[self.eval_type])}"
            )
        return self

    def chosen(self) -> list[str]:
        """Return the full names of the metrics to compute. Precision and recall are always computed together."""
        names = list(dict.fromkeys(full_name(name) for name in self.metrics or METRICS[self.eval_type]))
        for one, other in (("recall", "precision"), ("precision", "recall")):
            if one in names and other not in names:
                names.append(other)
        return names


def full_name(metric: str) -> str:
    """Resolve an alias, such as `acc` to `accuracy`. Other names are returned in lower case."""
    return _ALIASES.get(metric.lower(), metric.lower())


_UNFOLDED = ("auc", "ks")


class Evaluation(Module[EvaluateParam]):
    """Evaluates any number of tables of scores, each named after the component that produced it.

    The column `type` of the rows (train, validate, predict) becomes the namespace of the metrics. A party without
    labels gets no scores and succeeds without output. The summary holds the single numbers: upstream component ->
    type -> metric.
    """

    name = "Evaluation"
    roles = frozenset({"guest", "host", "arbiter"})
    parameter_class = "EvaluateParam"
    parameter_type = EvaluateParam
    deployed = False
    evaluates = True

    @classmethod
    def online(cls, model: Model | None) -> Step:
        return pass_on

    def run(self, ctx: Context) -> None:
        if self.parameters.eval_type == "clustering":
            raise NotBuilt("clustering metrics are not supported by this version", hint="choose another eval_type")
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
            ctx.log.info("no predictions with labels at %s: nothing to evaluate", ctx.party)

    def _of_table(self, ctx: Context, name: str, table: Table) -> dict[str, dict[str, MetricReport]]:
        """Return the reports by type of row and name of the predictions."""
        frame = table.frame()
        if table.meta.kind != "scores":
            raise ComponentFailed(
                f"{ctx.component} evaluates predictions, but its input from {name} is {table.meta.kind}",
                hint="connect the data output of a model as its input",
            )
        reports: dict[str, dict[str, MetricReport]] = {}
        sets: dict[str, tuple[Array, Array]] = {}
        for (kind,), rows in frame.partition_by("type", as_dict=True, maintain_order=True).items():
            if rows["label"].is_null().any():
                ctx.log.warning("%s: skipping the %s rows, which have no labels", name, kind)
                continue
            found = self._of_rows(ctx, name, str(kind), rows, sets)
            if found:
                reports[str(kind)] = found
        if "psi" in self._metrics and {"train", "validate"} <= sets.keys():
            from fateflow_tui.components.evaluation.metrics import psi

            reports["validate"][name].series.append(psi(name, sets["train"], sets["validate"]))
        return reports

    @property
    def _metrics(self) -> list[str]:
        return self.parameters.chosen()

    def _of_rows(
        self, ctx: Context, name: str, kind: str, rows: pl.DataFrame, sets: dict[str, tuple[Array, Array]]
    ) -> dict[str, MetricReport]:
        from fateflow_tui.components.evaluation import binary, metrics

        labels = rows["label"]
        if self.parameters.eval_type == "regression":
            return {name: metrics.regression(name, labels.to_numpy(), rows["predict_score"].to_numpy(), self._metrics)}
        if self.parameters.eval_type == "multi":
            found = {name: metrics.multi(name, labels.to_numpy(), rows["predict_result"].to_numpy(), self._metrics)}
            if self.parameters.unfold_multi_result:
                found |= _unfolded(name, rows)
            return found
        positive = _positive(labels, self.parameters.pos_label)
        if len(set(positive.tolist())) < 2:
            ctx.log.warning("%s: all %s rows belong to one class; binary metrics need both classes", name, kind)
            return {}
        sets[kind] = positive, rows["predict_score"].to_numpy()
        return {name: binary.report(name, *sets[kind], self._metrics)}


def _named(ctx: Context) -> Iterable[tuple[str, Table]]:
    """Yield the input tables with the names of their components; further ones of the same component get a number."""
    taken: dict[str, int] = {}
    for key in ctx.inputs.keys():  # noqa: SIM118
        for table in ctx.inputs.tables(key):
            name = table.meta.origin.get("component") or table.meta.name
            taken[name] = taken.get(name, 0) + 1
            yield (name if taken[name] == 1 else f"{name}_{taken[name] - 1}"), table


def _positive(labels: pl.Series, pos_label: Any) -> Array:
    """Return 1 for each positive label, else 0. Numbers are compared as numbers, anything else as text."""
    if labels.dtype.is_numeric() and not isinstance(pos_label, str):
        positive = labels == pos_label
    else:
        positive = labels.cast(str) == str(pos_label)
    found: Array = positive.cast(int).to_numpy()
    return found


def _unfolded(name: str, rows: pl.DataFrame) -> dict[str, MetricReport]:
    """Evaluate each class against the rest, using the probabilities in `predict_detail`."""
    import msgspec
    import numpy as np

    from fateflow_tui.components.evaluation import binary

    details = [msgspec.json.decode(text, type=dict[str, float]) for text in rows["predict_detail"]]
    texts = np.array([str(label) for label in rows["label"]])
    found: dict[str, MetricReport] = {}
    for one in details[0]:
        labels = (texts == one).astype(int)
        if 0 < labels.sum() < len(labels):
            scores = np.array([detail[one] for detail in details])
            part = f"{name}_class_{one}"
            found[part] = binary.report(part, labels, scores, _UNFOLDED)
    return found
