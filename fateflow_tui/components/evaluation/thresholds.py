"""FATE's grids of thresholds, and the confusion counts at each threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]
    pass


_CUTS = 100


class Split:
    """Labels (1 for positive, else 0) and scores, sorted once for many thresholds."""

    def __init__(self, labels: Array, scores: Array) -> None:
        import numpy as np

        self.labels = labels
        self.scores = scores
        self.descending = np.sort(scores)[::-1]
        self._positive = np.sort(scores[labels == 1])
        self._negative = np.sort(scores[labels != 1])

    @property
    def positives(self) -> int:
        return len(self._positive)

    @property
    def negatives(self) -> int:
        return len(self._negative)

    def at(self, thresholds: Any) -> Counts:
        """Return the counts for each threshold. A row is predicted as positive if its score is above the threshold."""
        import numpy as np

        fn = np.searchsorted(self._positive, thresholds, side="right")
        tn = np.searchsorted(self._negative, thresholds, side="right")
        return Counts(tp=self.positives - fn, fp=self.negatives - tn, fn=fn, tn=tn)


class Counts(msgspec.Struct, frozen=True):
    """True and false positives and negatives, one entry for each threshold."""

    tp: Any
    fp: Any
    fn: Any
    tn: Any

    def precision(self) -> Array:
        """Return the precision; 1 where no row is predicted as positive."""
        import numpy as np

        predicted = self.tp + self.fp
        return np.where(predicted == 0, 1.0, self.tp / np.maximum(predicted, 1))

    def recall(self) -> Array:
        found: Array = self.tp / (self.tp + self.fn)
        return found


def by_index(split: Split) -> tuple[list[float], list[float]]:
    """Return the scores at each hundredth of the rows, from the highest, and the hundredths."""
    cuts = [cut / _CUTS for cut in range(_CUTS)]
    return [float(split.descending[int(len(split.descending) * cut)]) for cut in cuts], cuts


def by_step(values: Any) -> tuple[list[float], list[float]]:
    """Return the distinct values at each hundredth, from the highest, and the hundredths."""
    import numpy as np

    distinct = np.unique(values)[::-1]
    return at_hundredths(distinct)


def at_hundredths(descending: Any) -> tuple[list[float], list[float]]:
    """Return the items at each hundredth of a list, and the hundredths. Short lists give repeats."""
    import numpy as np

    cuts = [float(cut) for cut in np.arange(0, 1, 1 / _CUTS)]
    return [float(descending[int(len(descending) * cut)]) for cut in cuts], cuts


def by_quantile(scores: Any) -> list[float]:
    """Return the scores nearest to each twentieth, ascending: 21 values, possibly with repeats."""
    import numpy as np

    quantiles = [round(step * 0.05, 3) for step in range(20)] + [1.0]
    return [float(value) for value in np.sort(np.quantile(scores, quantiles, method="nearest"))]
