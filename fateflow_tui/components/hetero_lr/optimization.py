"""Weights, penalties, optimizers and convergence criteria."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fateflow_tui.components.hetero_lr.parameters import HeteroLogisticParam, InitParam


class ConvergenceRule(Protocol):
    """A convergence criterion, evaluated once per iteration."""

    def reached(self, loss: float | None, change: float, norm: float) -> bool:
        """Whether training has converged.

        loss: None with several hosts. change: norm of the weight update. norm: norm of the weights.
        """
        ...


class LossDifference:
    """Converged when the loss changes by less than `tol`."""

    def __init__(self, tol: float) -> None:
        self._tol = tol
        self._before: float | None = None

    def reached(self, loss: float | None, change: float, norm: float) -> bool:
        before, self._before = self._before, loss
        return before is not None and loss is not None and abs(before - loss) < self._tol


class LossBelow:
    """Converged when the loss is at most `tol`."""

    def __init__(self, tol: float) -> None:
        self._tol = tol

    def reached(self, loss: float | None, change: float, norm: float) -> bool:
        return loss is not None and loss <= self._tol


class WeightDifference:
    """Converged when the weights change by less than `tol`, relative to their norm if that is above 1."""

    def __init__(self, tol: float) -> None:
        self._tol = tol

    def reached(self, loss: float | None, change: float, norm: float) -> bool:
        return change < self._tol * max(norm, 1.0)


def convergence_rule(early_stop: str, tol: float) -> ConvergenceRule:
    rules: dict[str, Callable[[float], ConvergenceRule]] = {
        "diff": LossDifference,
        "abs": LossBelow,
        "weight_diff": WeightDifference,
    }
    return rules[early_stop](tol)


Floats = NDArray[np.float64]


class Optimizer(ABC):
    """An optimizer and its state. `step` is called once per batch with the iteration's number, counted from 0."""

    def __init__(self, learning_rate: float, decay: float, decay_sqrt: bool) -> None:
        self._learning_rate = learning_rate
        self._decay = decay
        self._decay_sqrt = decay_sqrt

    def rate(self, iteration: int) -> float:
        """Return the decayed learning rate of this iteration."""
        slower = 1 + self._decay * iteration
        return float(self._learning_rate / (np.sqrt(slower) if self._decay_sqrt else slower))

    def step(self, gradient: Floats, iteration: int) -> Floats:
        return self._step(gradient, self.rate(iteration))

    @abstractmethod
    def _step(self, gradient: Floats, rate: float) -> Floats: ...


class Sgd(Optimizer):
    """Plain gradient descent."""

    def _step(self, gradient: Floats, rate: float) -> Floats:
        return rate * gradient


class RmsProp(Optimizer):
    """Divides the gradient by a running root mean square of recent gradients."""

    _squares: Floats | float = 0.0

    def _step(self, gradient: Floats, rate: float) -> Floats:
        self._squares = 0.99 * self._squares + 0.01 * gradient**2
        return rate * gradient / np.sqrt(self._squares + 1e-6)


class AdaGrad(Optimizer):
    """Divides the gradient by the root of the sum of all past squared gradients."""

    _squares: Floats | float = 0.0

    def _step(self, gradient: Floats, rate: float) -> Floats:
        self._squares = self._squares + gradient**2
        return rate * gradient / (np.sqrt(self._squares) + 1e-7)


class Adam(Optimizer):
    """Bias-corrected running mean of the gradient, divided by its bias-corrected running root mean square."""

    _mean: Floats | float = 0.0
    _squares: Floats | float = 0.0
    _steps = 0

    def _step(self, gradient: Floats, rate: float) -> Floats:
        self._steps += 1
        self._mean = 0.9 * self._mean + 0.1 * gradient
        self._squares = 0.999 * self._squares + 0.001 * gradient**2
        mean = self._mean / (1 - 0.9**self._steps)
        squares = self._squares / (1 - 0.999**self._steps)
        return rate * mean / (np.sqrt(squares) + 1e-8)


class NesterovMomentum(Optimizer):
    """Nesterov's accelerated gradient."""

    _momentum: Floats | float = 0.0

    def _step(self, gradient: Floats, rate: float) -> Floats:
        before = self._momentum
        self._momentum = 0.9 * before - rate * gradient
        return 0.9 * before - 1.9 * self._momentum


OPTIMIZERS: Final[dict[str, Callable[[float, float, bool], Optimizer]]] = {
    "sgd": Sgd,
    "rmsprop": RmsProp,
    "adam": Adam,
    "adagrad": AdaGrad,
    "nesterov_momentum_sgd": NesterovMomentum,
}


@dataclass(frozen=True)
class Weights:
    """A party's weights. vector: one weight per column, then the intercept if any. Only the guest has an intercept."""

    vector: Floats
    has_intercept: bool

    @property
    def columns(self) -> Floats:
        return self.vector[:-1] if self.has_intercept else self.vector

    @property
    def intercept(self) -> float:
        return float(self.vector[-1]) if self.has_intercept else 0.0

    def forward(self, features: Floats) -> Floats:
        """Return this party's share of the linear score of each row."""
        return features @ self.columns + self.intercept

    def minus(self, step: Floats) -> Weights:
        return Weights(self.vector - step, self.has_intercept)


def initial(init: InitParam, columns: int, has_intercept: bool) -> Weights:
    """Return the initial weights. The intercept is initialized like any weight."""
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
    """The L1 or L2 penalty, or none. The intercept is not penalized."""

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

    def soft_threshold(self, weights: Weights, iteration: int) -> Weights:
        """Apply the soft threshold of L1 after a step. The threshold decays with the square root of the iteration."""
        if self._kind != "L1":
            return weights
        threshold = self._alpha * self._learning_rate / np.sqrt(iteration + 1)
        vector = weights.vector.copy()
        columns = weights.columns
        vector[: len(columns)] = np.sign(columns) * np.maximum(np.abs(columns) - threshold, 0)
        return Weights(vector, weights.has_intercept)
