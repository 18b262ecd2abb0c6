"""Binary classification metrics, on FATE's grids of thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fateflow_tui.components.evaluation.metrics import MetricReport, MetricSeries, curve, rounded, summary, table
from fateflow_tui.components.evaluation.thresholds import Split, at_hundredths, by_index, by_quantile, by_step

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]


def auc(labels: Array, scores: Array) -> float:
    """Return the area under the ROC curve. labels: 1 for positive, else 0; both must occur."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, scores))


def ks(labels: Array, scores: Array) -> float:
    """Return the Kolmogorov-Smirnov statistic on FATE's grid of 100 quantiles, up to 0.01 below the exact value."""
    return _ks(Split(labels, scores))[0]


def report(name: str, labels: Array, scores: Array, metrics: Sequence[str]) -> MetricReport:
    """Compute the named metrics except `psi`, which needs two sets (see `metrics.psi`).

    name: of the predictions, usually the component that made them. labels: 1 for positive, else 0; both must occur.
    """
    split = Split(labels, scores)
    single: dict[str, float] = {}
    if "auc" in metrics:
        single["auc"] = auc(labels, scores)
    if "ks" in metrics:
        single["ks"] = _ks(split)[0]
    series = [summary(name, single)] if single else []
    for metric, make in _SERIES.items():
        if metric in metrics:
            series += make(name, split)
    return MetricReport(single, series)


def _ks(split: Split) -> tuple[float, Any, Any, list[float], list[float]]:
    """Return the statistic, false and true positive rates, thresholds and cuts."""
    found, cuts = by_index(split)
    counts = split.at(found)
    fpr, tpr = counts.fp / split.negatives, counts.tp / split.positives
    return float((tpr - fpr).max()), fpr, tpr, found, cuts


def _ks_curves(name: str, split: Split) -> list[MetricSeries]:
    _, fpr, tpr, found, cuts = _ks(split)
    return [
        curve(
            f"{name}_ks_{rate}",
            "KS",
            [*cuts, 1.0],
            [*values, 1.0],
            curve_name=f"{name}_{rate}",
            pair_type=name,
            thresholds=found,
        )
        for rate, values in (("fpr", fpr), ("tpr", tpr))
    ]


def _lift(name: str, split: Split) -> list[MetricSeries]:
    found, _ = by_step(split.scores)
    counts = split.at(found)
    predicted = (counts.tp + counts.fp) / len(split.scores)
    return _positive_share_curve(
        name, "lift", predicted, counts.precision() * len(split.scores) / split.positives, found
    )


def _gain(name: str, split: Split) -> list[MetricSeries]:
    found, _ = by_step(split.scores)
    counts = split.at(found)
    predicted = (counts.tp + counts.fp) / len(split.scores)
    return _positive_share_curve(name, "gain", predicted, counts.recall(), found)


def _positive_share_curve(name: str, metric: str, x: Any, y: Any, found: list[float]) -> list[MetricSeries]:
    """Return a curve over the share of rows predicted as positive; it ends where all are."""
    kept = _highest(x, y)
    return [
        curve(
            f"{name}_{metric}",
            metric.upper(),
            [*(x[index] for index in kept), 1.0],
            [*(y[index] for index in kept), 1.0],
            curve_name=name,
            thresholds=[*(found[index] for index in kept), 0.0],
        )
    ]


def _accuracy(name: str, split: Split) -> list[MetricSeries]:
    found, cuts = by_step(split.scores)
    counts = split.at(found)
    right = (counts.tp + counts.tn) / len(split.scores)
    return [curve(f"{name}_accuracy", "ACCURACY", cuts, right, curve_name=name, thresholds=found)]


def _precision_recall(name: str, split: Split) -> list[MetricSeries]:
    found, cuts = by_step(split.scores)
    found.append(min(found) - 0.001)
    cuts.append(1.0)
    counts = split.at(found)
    precision, recall = counts.precision(), counts.recall()
    kept = _highest(recall, precision)
    # FATE omits the threshold below all scores.
    listed = [found[index] for index in kept if index != len(found) - 1]
    return [
        curve(
            f"{name}_{metric.lower()}",
            f"{metric.upper()}_BINARY",
            [cuts[index] for index in kept],
            [values[index] for index in kept],
            ordinate_name=metric,
            curve_name=name,
            pair_type=name,
            thresholds=listed,
        )
        for metric, values in (("Precision", precision), ("Recall", recall))
    ]


def _roc(name: str, split: Split) -> list[MetricSeries]:
    import numpy as np
    from sklearn.metrics import roc_curve

    fpr, tpr, found = roc_curve(split.labels, split.scores, drop_intermediate=True)
    found[~np.isfinite(found)] = split.scores.max() + 1
    position = {float(threshold): index for index, threshold in reversed(list(enumerate(found)))}
    picked, _ = at_hundredths(np.sort(found)[::-1])
    kept = [position[threshold] for threshold in dict.fromkeys(picked)]
    return [
        curve(
            f"{name}_roc",
            "ROC",
            [*fpr[kept], 1.0],
            [*tpr[kept], 1.0],
            unit_name="fpr",
            ordinate_name="tpr",
            curve_name=name,
            thresholds=[*found[kept], 1.0],
        )
    ]


def _confusion(name: str, split: Split) -> list[MetricSeries]:
    found = [*by_step(split.scores)[0], 0.0]
    counts = split.at(found)
    columns = {key: [int(value) for value in getattr(counts, key)] for key in ("tp", "tn", "fp", "fn")}
    return [table(f"{name}_confusion_mat", "CONFUSION_MAT", **columns, thresholds=rounded(found))]


def _f1(name: str, split: Split) -> list[MetricSeries]:
    import numpy as np

    found = [*by_step(split.scores)[0], 0.0]
    counts = split.at(found)
    precision, recall = counts.precision(), counts.recall()
    both = precision + recall
    scores = 2 * precision * recall / np.where(both == 0, 1.0, both)
    return [table(f"{name}_f1_score", "F1_SCORE", f1_scores=rounded(scores), thresholds=rounded(found))]


def _quantile_pr(name: str, split: Split) -> list[MetricSeries]:
    found = by_quantile(split.scores)
    counts = split.at(found)
    return [
        table(
            f"{name}_quantile_pr",
            "QUANTILE_PR",
            p_scores=[[0.0, value] for value in rounded(counts.precision())],
            r_scores=[[0.0, value] for value in rounded(counts.recall())],
            thresholds=rounded(found),
        )
    ]


def _highest(x: Any, y: Any) -> list[int]:
    """Return the position of the highest y of each x, in order of first occurrence."""
    best: dict[float, int] = {}
    for index, value in enumerate(x):
        if float(value) not in best or y[best[float(value)]] < y[index]:
            best[float(value)] = index
    return list(best.values())


_SERIES = {
    "ks": _ks_curves,
    "lift": _lift,
    "gain": _gain,
    "accuracy": _accuracy,
    "precision": _precision_recall,
    "roc": _roc,
    "confusion_mat": _confusion,
    "f1_score": _f1,
    "quantile_pr": _quantile_pr,
}
