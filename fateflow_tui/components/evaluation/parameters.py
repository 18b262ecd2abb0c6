"""Parameters of Evaluation, and the metrics that they choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from fateflow_tui.components.parameter_types import AnyCase, StrictParameters

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
    """eval_type: what was predicted. pos_label: the label that counts as positive, for two classes.

    metrics: which ones; nothing: all of the type. Names may be in any case; FATE's aliases (mse, acc, ...) count.
    unfold_multi_result: AUC and KS of each class against the rest, for several classes.
    default_metrics, allowed_metrics: FATE shows them among the parameters; setting them has no effect.
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
    def _metrics_fit(self) -> Self:
        wrong = [name for name in self.metrics or () if full_name(name) not in METRICS[self.eval_type]]
        if wrong:
            raise ValueError(
                f"metrics {', '.join(wrong)} cannot be had for eval_type {self.eval_type}; "
                f"there are {', '.join(METRICS[self.eval_type])}"
            )
        return self

    def chosen(self) -> list[str]:
        """The metrics to compute, by their full names; precision and recall go together."""
        names = list(dict.fromkeys(full_name(name) for name in self.metrics or METRICS[self.eval_type]))
        for one, other in (("recall", "precision"), ("precision", "recall")):
            if one in names and other not in names:
                names.append(other)
        return names


def full_name(metric: str) -> str:
    """`acc` -> `accuracy`; a name that is no alias stays."""
    return _ALIASES.get(metric.lower(), metric.lower())
