"""The training loop of guest and host, synchronized by the arbiter, and gradients on encrypted residuals."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fateflow_tui.components.hetero_lr import exchange
from fateflow_tui.components.hetero_lr.exchange import join
from fateflow_tui.components.hetero_lr.optimization import Penalty, initial
from fateflow_tui.components.paillier import FRACTION_BITS, CipherVector
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fateflow_tui.components.contract import Context
    from fateflow_tui.components.hetero_lr.optimization import Weights
    from fateflow_tui.components.hetero_lr.parameters import HeteroLogisticParam
    from fateflow_tui.components.hetero_lr.rows import Rows
    from fateflow_tui.components.hetero_lr.validation import Monitor
    from fateflow_tui.components.paillier import PublicKey


Floats = NDArray[np.float64]

# More fractional bits would not improve a gradient that ends up as a float, and would not fit into 64 bits.
_MAX_FRACTION_BITS = 40
_LOSS_FRACTION_BITS = 23
_DIVERGED = 1e9
_MIN_BATCH_ROWS = 10  # FATE's smallest batch_size


class Learner(ABC):
    """Trains this party's weights together with the other parties. flow: names this training within the task."""

    def __init__(
        self, ctx: Context, parameters: HeteroLogisticParam, key: PublicKey, rows: Rows, flow: str, intercept: bool
    ) -> None:
        self.ctx = ctx
        self.parameters = parameters
        self.key = key
        self.flow = flow
        self.penalty = Penalty(parameters)
        self.weights = initial(parameters.init_param, len(rows.names), intercept)
        self._rows = rows
        self._design = np.column_stack([rows.features, np.ones(len(rows))]) if intercept else rows.features
        precision = parameters.floating_point_precision
        self._fraction_bits = _MAX_FRACTION_BITS if precision is None else min(precision, _MAX_FRACTION_BITS)
        self._check_size(rows)

    @abstractmethod
    def batches(self) -> list[slice]:
        """Return the rows of each batch, the same at all parties."""

    @abstractmethod
    def residual(self, part: slice, tag: str) -> CipherVector:
        """Return the encrypted residuals 0.25 w·x - 0.5 y of a batch."""

    def step(self, part: slice, iteration: int, batch: int) -> None:
        """Update the weights by one batch, together with the other parties."""
        ctx, tag, role = self.ctx, join(self.flow, iteration, batch), self.ctx.party.role
        residual = self.residual(part, tag)
        gradient = residual.weighted_sums(self._design[part], self._fraction_bits)
        gradient = gradient.plus_plain(self.penalty.gradient(self.weights) * len(residual))
        message: dict[str, Any] = {"gradient": gradient.refreshed().message()}
        if self.parameters.early_stop == "weight_diff":
            vector = self.weights.vector
            message["norm"] = CipherVector.encrypt(self.key, np.array([vector @ vector])).message()
        arbiter = exchange.party(ctx, "arbiter")
        ctx.send(f"{role}_gradient", message, arbiter, tag)
        self.report_loss(part, tag)
        step = exchange.floats(ctx, f"{role}_optim_gradient", arbiter, tag, len(gradient))
        self.weights = self.penalty.soft_threshold(self.weights.minus(step), iteration)

    def report_loss(self, part: slice, tag: str) -> None:  # noqa: B027
        """Send the encrypted loss of a batch. Does nothing at a host."""

    def _forward(self, part: slice) -> Floats:
        forward = self._design[part] @ self.weights.vector
        if not np.all(np.abs(forward) < _DIVERGED):
            raise ComponentFailed(
                f"the training of {self.ctx.component} diverged at {self.ctx.party}: the scores are no longer finite",
                hint="lower learning_rate, or scale the columns to a common range",
            )
        return forward

    def _check_size(self, rows: Rows) -> None:
        limit = 2.0 ** (61 - self._fraction_bits)
        large = [
            name for name, column in zip(rows.names, rows.features.T, strict=True) if np.abs(column).max() >= limit
        ]
        if large:
            raise ComponentFailed(
                f"columns {', '.join(large)} at {self.ctx.party} have absolute values of {limit:g} or more",
                hint="scale them, or lower floating_point_precision",
            )


class HostLearner(Learner):
    """Sends its encrypted share of the scores and receives the encrypted residuals."""

    def __init__(self, ctx: Context, parameters: HeteroLogisticParam, key: PublicKey, rows: Rows, flow: str) -> None:
        super().__init__(ctx, parameters, key, rows, flow, intercept=False)
        self._reports_loss = len(exchange.hosts(ctx)) == 1

    def batches(self) -> list[slice]:
        return _slices(exchange.batch_sizes(self.ctx, self.flow, len(self._rows)))

    def residual(self, part: slice, tag: str) -> CipherVector:
        ctx, guest = self.ctx, exchange.party(self.ctx, "guest")
        forward = self._forward(part)
        message: dict[str, Any] = {"forward": CipherVector.encrypt(self.key, 0.25 * forward).message()}
        if self._reports_loss:
            own = 0.125 * forward @ forward + len(forward) * self.penalty.loss(self.weights)
            fraction_bits = FRACTION_BITS + _LOSS_FRACTION_BITS
            message["loss"] = CipherVector.encrypt(self.key, np.array([own]), fraction_bits).message()
        ctx.send("host_forward_dict", message, guest, tag)
        answer = ctx.receive("fore_gradient", guest, tag)
        return exchange.vector(self.key, answer, "residual", guest, len(forward), FRACTION_BITS)


class GuestLearner(Learner):
    """Computes the encrypted residuals from the labels and all shares. labels: -1 or +1 for each row."""

    def __init__(
        self,
        ctx: Context,
        parameters: HeteroLogisticParam,
        key: PublicKey,
        rows: Rows,
        labels: Floats,
        flow: str,
    ) -> None:
        super().__init__(ctx, parameters, key, rows, flow, intercept=parameters.init_param.fit_intercept)
        self._labels = labels
        self._hosts = exchange.hosts(ctx)
        self._own: Floats = np.zeros(0)
        self._shares: list[tuple[CipherVector, Any]] = []

    def batches(self) -> list[slice]:
        sizes = batch_sizes(len(self._rows), self.parameters.batch_size)
        for role in ("host", "arbiter"):
            self.ctx.send("batch_info", sizes, role, self.flow)
        return _slices(sizes)

    def residual(self, part: slice, tag: str) -> CipherVector:
        ctx, labels = self.ctx, self._labels[part]
        self._own = self._forward(part)
        # Encrypted, not added as a plaintext: a host could divide by its own ciphertext and read the difference.
        residual = CipherVector.encrypt(self.key, 0.25 * self._own - 0.5 * labels)
        self._shares = []
        for host in self._hosts:
            message = ctx.receive("host_forward_dict", host, tag)
            share = exchange.vector(self.key, message, "forward", host, len(labels), FRACTION_BITS)
            residual = residual.plus(share)
            self._shares.append((share, message))
        ctx.send("fore_gradient", {"residual": residual.message()}, "host", tag)
        return residual

    def report_loss(self, part: slice, tag: str) -> None:
        """Send the loss ln 2 - y wx / 2 + (wx)² / 8, summed over the batch; wx is the sum of both parties' shares."""
        if len(self._shares) != 1:
            return
        (share, message), labels, own, ctx = self._shares[0], self._labels[part], self._own, self.ctx
        plain = len(own) * (np.log(2) + self.penalty.loss(self.weights)) - 0.5 * labels @ own + 0.125 * own @ own
        # The mixed term is (own / 4 - y / 2) times the host's share; the host sent a quarter of its share.
        weights = (own - 2 * labels).reshape(-1, 1)
        mixed = share.weighted_sums(weights, _LOSS_FRACTION_BITS).plus_plain(np.array([plain]))
        fraction_bits = FRACTION_BITS + _LOSS_FRACTION_BITS
        total = mixed.plus(exchange.vector(self.key, message, "loss", self._hosts[0], 1, fraction_bits))
        ctx.send("loss", {"loss": total.refreshed().message()}, exchange.party(ctx, "arbiter"), tag)


def batch_sizes(rows: int, wanted: int) -> list[int]:
    """Return the sizes of all batches. wanted: rows per batch, -1 for all rows in one batch.

    A remainder that is too small joins the last batch: the arbiter's sums over it would reveal single rows.
    """
    if wanted == -1 or rows <= wanted:
        return [rows]
    whole, rest = divmod(rows, wanted)
    if rest < _MIN_BATCH_ROWS:
        return [wanted] * (whole - 1) + [wanted + rest]
    return [wanted] * whole + [rest]


def _slices(sizes: list[int]) -> list[slice]:
    ends = np.cumsum(sizes).tolist()
    return [slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]


@dataclass(frozen=True)
class FittedModel:
    """One trained binary model at one party. best_iteration: the one that the weights are from, -1 for the last."""

    names: Sequence[str]
    weights: Weights
    iterations: int = 0
    converged: bool = False
    best_iteration: int = -1


class TrainingProgress:
    """Progress of a task over all its trainings, counted in iterations."""

    def __init__(self, ctx: Context, trainings: int, iterations: int) -> None:
        self._ctx = ctx
        self._iterations = iterations
        self._total = trainings * iterations
        self._done = 0

    def advance(self) -> None:
        self._done += 1
        self._ctx.progress(self._done, self._total)

    def finish_training(self) -> None:
        """Count a training as complete, even if it ended early."""
        self._done = -(-self._done // self._iterations) * self._iterations
        self._ctx.progress(self._done, self._total)


def fit(learner: Learner, names: Sequence[str], monitor: Monitor | None, progress: TrainingProgress) -> FittedModel:
    """Train until the arbiter reports convergence, the monitor stops early, or `max_iter` is reached."""
    ctx, flow, arbiter = learner.ctx, learner.flow, exchange.party(learner.ctx, "arbiter")
    batches = learner.batches()
    converged, iterations = False, 0
    for iteration in range(learner.parameters.max_iter):
        for batch, part in enumerate(batches):
            learner.step(part, iteration, batch)
        converged = bool(ctx.receive("converge_flag", arbiter, join(flow, iteration)))
        iterations = iteration + 1
        ctx.log.info(
            "%siteration %d completed%s", f"{flow}: " if flow else "", iteration, ", converged" if converged else ""
        )
        progress.advance()
        stop = monitor is not None and monitor.after_iteration(iteration, learner.weights)
        if stop or converged:
            break
    progress.finish_training()
    if monitor is not None and monitor.best is not None:
        best_iteration, weights = monitor.best
        return FittedModel(names, weights, iterations, converged, best_iteration)
    return FittedModel(names, learner.weights, iterations, converged)
