"""The population stability index: how far the scores of a validation set differ from those of the training set."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from fateflow_tui.components.evaluation.series import DIGITS, Series, rounded, table
from fateflow_tui.components.evaluation.thresholds import by_quantile

if TYPE_CHECKING:
    from fateflow_tui.components.evaluation.thresholds import Array

_EMPTY = 1e-6  # rows that an empty interval is taken to have


def psi(name: str, train: tuple[Array, Array], validate: tuple[Array, Array]) -> Series:
    """Over the training scores' quantiles. train, validate: labels (1 positive, 0 not) and scores."""
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
    """How many scores lie in each interval, and which share of them is positive. The last interval is closed."""
    import numpy as np

    labels, scores = data
    counts, _ = np.histogram(scores, bins=points)
    positive, _ = np.histogram(scores[labels == 1], bins=points)
    return counts, [float(share) for share in positive / np.maximum(counts, 1)]


def _names(points: list[float]) -> list[str]:
    texts = [f"[{round(left, DIGITS)}, {round(right, DIGITS)})" for left, right in pairwise(points)]
    return [*texts[:-1], f"{texts[-1][:-1]}]"]
