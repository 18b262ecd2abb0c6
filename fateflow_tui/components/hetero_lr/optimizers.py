"""How gradients become steps; pure. A step is what is taken off the weights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Optimizer(ABC):
    """One optimizer with its state. `step` is called once per batch, with the iteration's number from 0."""

    def __init__(self, learning_rate: float, decay: float, decay_sqrt: bool) -> None:
        self._learning_rate = learning_rate
        self._decay = decay
        self._decay_sqrt = decay_sqrt

    def rate(self, iteration: int) -> float:
        """The step size, which falls from iteration to iteration."""
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
    """Divides by a running root mean square."""

    _squares: Floats | float = 0.0

    def _step(self, gradient: Floats, rate: float) -> Floats:
        self._squares = 0.99 * self._squares + 0.01 * gradient**2
        return rate * gradient / np.sqrt(self._squares + 1e-6)


class AdaGrad(Optimizer):
    """Divides by the root of the sum of all squares so far."""

    _squares: Floats | float = 0.0

    def _step(self, gradient: Floats, rate: float) -> Floats:
        self._squares = self._squares + gradient**2
        return rate * gradient / (np.sqrt(self._squares) + 1e-7)


class Adam(Optimizer):
    """Running mean over running root mean square, both corrected for their start at 0."""

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
    """Momentum that looks one step ahead."""

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
