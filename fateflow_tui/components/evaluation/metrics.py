"""Evaluation results, multiclass and regression metrics, and the population stability index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from fateflow_tui.components.evaluation.thresholds import by_quantile

if TYPE_CHECKING:
    from fateflow_tui.components.evaluation.thresholds import Array


DIGITS = 6


class MetricSeries(msgspec.Struct, frozen=True):
    """One stored metric series: points (key, value) and metadata with FATE's `metric_type`."""

    name: str
    points: list[tuple[float | int | str, Any]]
    meta: dict[str, Any]


class MetricReport(msgspec.Struct):
    """single: exact values by metric name; also stored as the points of a series EVALUATION_SUMMARY."""

    single: dict[str, float]
    series: list[MetricSeries]


def rounded(values: Iterable[Any]) -> list[float]:
    return [round(float(value), DIGITS) for value in values]


def summary(name: str, single: dict[str, float]) -> MetricSeries:
    points: list[tuple[float | int | str, Any]] = [(key, round(value, DIGITS)) for key, value in single.items()]
    return MetricSeries(name, points, {"name": name, "metric_type": "EVALUATION_SUMMARY"})


def curve(name: str, kind: str, x: Iterable[Any], y: Iterable[Any], **facts: Any) -> MetricSeries:
    """Return a curve with points in order of x. facts: more metadata; thresholds are rounded, empty ones omitted."""
    pairs = sorted(zip(rounded(x), rounded(y), strict=True), key=lambda point: point[0])
    points: list[tuple[float | int | str, Any]] = list(pairs)
    meta: dict[str, Any] = {"name": name, "metric_type": f"{kind}_EVALUATION"}
    for key, value in facts.items():
        if key == "thresholds":
            value = rounded(value)
        if value:
            meta[key] = value
    return MetricSeries(name, points, meta)


def table(name: str, kind: str, **columns: Any) -> MetricSeries:
    """Return columns of equal length, which FATE stores in the metadata of a series without points."""
    return MetricSeries(name, [], {"name": name, "metric_type": kind, **columns})


def multi(name: str, labels: Array, predicted: Array, metrics: Sequence[str]) -> MetricReport:
    """Compute accuracy, and precision and recall of each class with their mean over the classes."""
    import numpy as np
    from sklearn.metrics import accuracy_score, precision_score, recall_score

    classes = np.unique(np.concatenate([labels, predicted]))
    single: dict[str, float] = {}
    series: list[MetricSeries] = []
    if "accuracy" in metrics:
        single["accuracy"] = float(accuracy_score(labels, predicted))
    for metric, score in (("precision", precision_score), ("recall", recall_score)):
        if metric in metrics:
            values = score(labels, predicted, labels=classes, average=None, zero_division=0)
            single[metric] = float(np.mean(values))
            series.append(_per_class(name, metric, classes, values))
    return MetricReport(single, [summary(name, single), *series])


def _per_class(name: str, metric: str, classes: Any, values: Any) -> MetricSeries:
    """Return one point per class. Integer classes between the lowest and highest that do not occur get 0, as in
    FATE.
    """
    full = f"{name}_{metric}"
    facts = {"ordinate_name": metric.capitalize(), "curve_name": name, "pair_type": name}
    if classes.dtype.kind in "iu" and classes.min() >= 0:
        by_class = dict(zip((int(one) for one in classes), values, strict=True))
        numbers = range(max(by_class) + 1)
        found = curve(full, f"{metric.upper()}_MULTI", numbers, [by_class.get(one, 0.0) for one in numbers], **facts)
        return MetricSeries(full, [(int(key), value) for key, value in found.points], found.meta)
    points: list[tuple[float | int | str, Any]] = list(zip((str(one) for one in classes), rounded(values), strict=True))
    return MetricSeries(full, points, {"name": full, "metric_type": f"{metric.upper()}_MULTI_EVALUATION", **facts})


def regression(name: str, labels: Array, predicted: Array, metrics: Sequence[str]) -> MetricReport:
    """Compute regression metrics; each is a single number."""
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
    return MetricReport(single, [summary(name, single)])


_EMPTY = 1e-6  # row count assumed for an empty interval


def psi(name: str, train: tuple[Array, Array], validate: tuple[Array, Array]) -> MetricSeries:
    """Compute the population stability index over the quantiles of the training scores.

    train, validate: labels (1 for positive, else 0) and scores.
    """
    import numpy as np

    points = sorted(set(by_quantile(train[1])))
    if len(points) == 1:
        points = points * 2
    expected, train_positive = _intervals(train, points)
    actual, validate_positive = _intervals(validate, points)
    expected_share = np.where(expected == 0, _EMPTY, expected) / len(train[1])
    actual_share = np.where(actual == 0, _EMPTY, actual) / len(validate[1])
    scores = (actual_share - expected_share) * np.log(actual_share / expected_share)
    return table(
        f"{name}_psi",
        "PSI",
        psi_scores=rounded(scores),
        total_psi=round(float(scores.sum()), DIGITS),
        expected_interval=[int(count) for count in expected],
        expected_percentage=[float(share) for share in expected_share],
        actual_interval=[int(count) for count in actual],
        actual_percentage=[float(share) for share in actual_share],
        intervals=_names(points),
        train_pos_perc=train_positive,
        validate_pos_perc=validate_positive,
    )


def _intervals(data: tuple[Array, Array], points: list[float]) -> tuple[Any, list[float]]:
    """Return the number of scores in each interval and the share of positives. The last interval is closed."""
    import numpy as np

    labels, scores = data
    counts, _ = np.histogram(scores, bins=points)
    positive, _ = np.histogram(scores[labels == 1], bins=points)
    return counts, [float(share) for share in positive / np.maximum(counts, 1)]


def _names(points: list[float]) -> list[str]:
    texts = [f"[{round(left, DIGITS)}, {round(right, DIGITS)})" for left, right in pairwise(points)]
    return [*texts[:-1], f"{texts[-1][:-1]}]"]
