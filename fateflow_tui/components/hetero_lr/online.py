"""Online inference for a single row: each party computes its share of the linear score; the guest adds them up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from operator import mul
from typing import TYPE_CHECKING, Any

import msgspec

from fateflow_tui.components.online import Row, Score, Scorer, missing_features
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    from fateflow_tui.components.contract import Model


class Linear(msgspec.Struct, frozen=True):
    """One binary model at one party. weights: one for each column of the scorer. A host has no intercept."""

    weights: list[float]
    intercept: float


def scorer(model: Model | None) -> LinearScorer:
    """Return the scorer of a stored model (see `model.document`)."""
    if model is None or model.module != "HeteroLR":
        found = "no model" if model is None else f"a model of {model.component}, a {model.module}"
        raise ComponentFailed(f"HeteroLR scores with a model of its own kind, but its input is {found}")
    has_intercept = bool(model.meta.get("fitIntercept"))
    stored = model.parameters
    if not stored.get("needOneVsRest"):
        return LinearScorer(stored["header"], [_linear(stored, has_intercept)], [])
    result = stored["oneVsRestResult"]
    models = [_linear(single, has_intercept) for single in result["completedModels"]]
    return LinearScorer(
        result["completedModels"][0]["header"], models, [str(one) for one in result["oneVsRestClasses"]]
    )


class LinearScorer(Scorer):
    """Scores rows with one binary model, or with one model per class (one-vs-rest).

    classes: [] for binary labels, else the class of each model.
    """

    def __init__(self, header: Sequence[str], models: Sequence[Linear], classes: Sequence[str]) -> None:
        self._header = list(header)
        self._models = list(models)
        self._classes = list(classes)

    def share(self, row: Row) -> list[float]:
        absent = [name for name in self._header if name not in row.values]
        if absent:
            raise missing_features(absent)
        values = [row.values[name] for name in self._header]
        bad = [name for name, value in zip(self._header, values, strict=True) if not _is_finite(value)]
        if bad:
            raise ComponentFailed(
                f"the row has no finite number for {', '.join(bad)}", hint="fill missing values with DataIO"
            )
        return [sum(map(mul, model.weights, values)) + model.intercept for model in self._models]

    def score(self, shares: Sequence[Sequence[float]]) -> Score:
        if any(len(share) != len(self._models) or not all(map(math.isfinite, share)) for share in shares):
            raise ComponentFailed(f"a party's share must be {len(self._models)} finite numbers")
        scores = [_sigmoid(sum(parts)) for parts in zip(*shares, strict=True)]
        if not self._classes:
            return Score(scores[0])
        return Score(max(scores), dict(zip(self._classes, scores, strict=True)))


def _linear(stored: Mapping[str, Any], has_intercept: bool) -> Linear:
    weights = [float(stored["weight"][name]) for name in stored["header"]]
    return Linear(weights, float(stored["intercept"]) if has_intercept else 0.0)


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _sigmoid(forward: float) -> float:
    """Return 1 / (1 + exp(-forward)); never overflows for finite arguments."""
    small = math.exp(-abs(forward))
    return (1.0 if forward >= 0 else small) / (1.0 + small)
