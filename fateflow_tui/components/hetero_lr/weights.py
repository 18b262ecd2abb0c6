"""One party's weights and what the penalty does to them; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fateflow_tui.components.hetero_lr.parameters import HeteroLogisticParam, InitParam

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Weights:
    """vector: one weight per column, then the intercept if there is one. Only a guest's model has an intercept."""

    vector: Floats
    has_intercept: bool

    @property
    def columns(self) -> Floats:
        return self.vector[:-1] if self.has_intercept else self.vector

    @property
    def intercept(self) -> float:
        return float(self.vector[-1]) if self.has_intercept else 0.0

    def forward(self, features: Floats) -> Floats:
        """This party's share of the score of each row."""
        return features @ self.columns + self.intercept

    def less(self, step: Floats) -> Weights:
        return Weights(self.vector - step, self.has_intercept)


def initial(init: InitParam, columns: int, has_intercept: bool) -> Weights:
    """Raises nothing; the intercept starts like any weight."""
    size = columns + has_intercept
    random = np.random.default_rng(init.random_seed)
    match init.init_method:
        case "zeros":
            vector = np.zeros(size)
        case "ones":
            vector = np.ones(size)
        case "const":
            vector = np.full(size, float(init.init_const))
        case "random_uniform":
            vector = random.random(size)
        case "random_normal":
            vector = random.standard_normal(size)
    return Weights(vector, has_intercept)


class Penalty:
    """L1, L2 or nothing, never on the intercept."""

    def __init__(self, parameters: HeteroLogisticParam) -> None:
        self._kind = parameters.penalty
        self._alpha = parameters.alpha
        self._learning_rate = parameters.learning_rate

    def loss(self, weights: Weights) -> float:
        match self._kind:
            case "L1":
                return self._alpha * float(np.abs(weights.columns).sum())
            case "L2":
                return 0.5 * self._alpha * float(weights.columns @ weights.columns)
        return 0.0

    def gradient(self, weights: Weights) -> Floats:
        gradient = np.zeros_like(weights.vector)
        if self._kind == "L2":
            gradient[: len(weights.columns)] = self._alpha * weights.columns
        return gradient

    def shrunk(self, weights: Weights, iteration: int) -> Weights:
        """The soft threshold of L1 after a step; it falls with the root of the iterations so far."""
        if self._kind != "L1":
            return weights
        threshold = self._alpha * self._learning_rate / np.sqrt(iteration + 1)
        vector = weights.vector.copy()
        columns = weights.columns
        vector[: len(columns)] = np.sign(columns) * np.maximum(np.abs(columns) - threshold, 0)
        return Weights(vector, weights.has_intercept)
