"""How good scores are: the few figures that are followed while a model is trained, as Evaluation computes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from fateflow_tui.components.evaluation import binary, other
from fateflow_tui.components.evaluation.parameters import full_name
from fateflow_tui.components.evaluation.series import DIGITS

if TYPE_CHECKING:
    from fateflow_tui.components.evaluation.thresholds import Array

_BINARY: Final = ("auc", "ks")
_MULTI: Final = ("accuracy", "precision", "recall")


def two_classes(metrics: Sequence[str] | None, labels: Array, scores: Array) -> dict[str, float]:
    """AUC and KS, or the one that is named in `metrics`. labels: above 0 for class 1. {} when all are of one class."""
    positive = (labels > 0).astype(int)
    if len(set(positive.tolist())) < 2:
        return {}
    return _rounded(binary.report("", positive, scores, _followed(metrics, _BINARY)).single)


def several_classes(metrics: Sequence[str] | None, labels: Array, predicted: Array) -> dict[str, float]:
    """Accuracy, mean precision and mean recall, or those that are named in `metrics`."""
    return _rounded(other.multi("", labels, predicted, _followed(metrics, _MULTI)).single)


def _followed(metrics: Sequence[str] | None, known: Sequence[str]) -> list[str]:
    return [name for metric in metrics or () if (name := full_name(metric)) in known] or list(known)


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, DIGITS) for name, value in figures.items()}
