"""Metrics of predictions for several classes and for numbers; the formulas are scikit-learn's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fateflow_tui.components.evaluation.series import Report, Series, curve, rounded, summary

if TYPE_CHECKING:
    from fateflow_tui.components.evaluation.thresholds import Array


def multi(name: str, labels: Array, predicted: Array, metrics: Sequence[str]) -> Report:
    """Accuracy, and precision and recall of each class with their mean over the classes."""
    import numpy as np
    from sklearn.metrics import accuracy_score, precision_score, recall_score

    classes = np.unique(np.concatenate([labels, predicted]))
    single: dict[str, float] = {}
    series: list[Series] = []
    if "accuracy" in metrics:
        single["accuracy"] = float(accuracy_score(labels, predicted))
    for metric, score in (("precision", precision_score), ("recall", recall_score)):
        if metric in metrics:
            values = score(labels, predicted, labels=classes, average=None, zero_division=0)
            single[metric] = float(np.mean(values))
            series.append(_per_class(name, metric, classes, values))
    return Report(single, [summary(name, single), *series])


def _per_class(name: str, metric: str, classes: Any, values: Any) -> Series:
    """Keys are the classes. Where they are numbered, those in between that do not occur have 0, as FATE has it."""
    full = f"{name}_{metric}"
    facts = {"ordinate_name": metric.capitalize(), "curve_name": name, "pair_type": name}
    if classes.dtype.kind in "iu" and classes.min() >= 0:
        by_class = dict(zip((int(one) for one in classes), values, strict=True))
        numbers = range(max(by_class) + 1)
        found = curve(full, f"{metric.upper()}_MULTI", numbers, [by_class.get(one, 0.0) for one in numbers], **facts)
        return Series(full, [(int(key), value) for key, value in found.points], found.meta)
    points: list[tuple[float | int | str, Any]] = list(zip((str(one) for one in classes), rounded(values), strict=True))
    return Series(full, points, {"name": full, "metric_type": f"{metric.upper()}_MULTI_EVALUATION", **facts})


def regression(name: str, labels: Array, predicted: Array, metrics: Sequence[str]) -> Report:
    """Each metric is one number."""
    from sklearn import metrics as known

    formulas = {
        "explained_variance": known.explained_variance_score,
        "mean_absolute_error": known.mean_absolute_error,
        "mean_squared_error": known.mean_squared_error,
        "median_absolute_error": known.median_absolute_error,
        "r2_score": known.r2_score,
        "root_mean_squared_error": known.root_mean_squared_error,
    }
    single = {metric: float(formulas[metric](labels, predicted)) for metric in metrics}
    return Report(single, [summary(name, single)])
