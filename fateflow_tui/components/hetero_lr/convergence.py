"""When training has come to rest; pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Rule(Protocol):
    """Asked once per iteration."""

    def reached(self, loss: float | None, change: float, norm: float) -> bool:
        """loss: None with several hosts. change: norm of what was taken off the weights. norm: of the weights."""
        ...


class LossDifference:
    """The loss changed by less than `tol`."""

    def __init__(self, tol: float) -> None:
        self._tol = tol
        self._before: float | None = None

    def reached(self, loss: float | None, change: float, norm: float) -> bool:
        before, self._before = self._before, loss
        return before is not None and loss is not None and abs(before - loss) < self._tol


class LossBelow:
    """The loss is at most `tol`."""

    def __init__(self, tol: float) -> None:
        self._tol = tol

    def reached(self, loss: float | None, change: float, norm: float) -> bool:
        return loss is not None and loss <= self._tol


class WeightDifference:
    """The weights changed by less than `tol`, relative to their norm where that is above 1."""

    def __init__(self, tol: float) -> None:
        self._tol = tol

    def reached(self, loss: float | None, change: float, norm: float) -> bool:
        return change < self._tol * max(norm, 1.0)


def rule(early_stop: str, tol: float) -> Rule:
    rules: dict[str, Callable[[float], Rule]] = {
        "diff": LossDifference,
        "abs": LossBelow,
        "weight_diff": WeightDifference,
    }
    return rules[early_stop](tol)
