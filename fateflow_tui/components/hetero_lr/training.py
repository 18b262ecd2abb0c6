"""The training loop that guest and host run in step with the arbiter, and each party's gradients on ciphertexts."""

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
    from fateflow_tui.components.hetero_lr.validation import Watch
    from fateflow_tui.components.paillier import PublicKey


Floats = NDArray[np.float64]

# More places would not change a gradient that is a float in the end, but would no longer fit into 64 bits.
_MOST_PLACES = 40
_LOSS_PLACES = 23
_DIVERGED = 1e9
_FEWEST_ROWS = 10  # FATE's smallest batch_size


class Learner(ABC):
    """Weights of this party and the exchange that improves them. flow: tells one training from others of the task."""

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
        self._places = _MOST_PLACES if precision is None else min(precision, _MOST_PLACES)
        self._check_size(rows)

    @abstractmethod
    def batches(self) -> list[slice]:
        """The rows of each step, agreed between the parties."""

    @abstractmethod
    def residual(self, part: slice, tag: str) -> CipherVector:
        """Encrypted residuals 0.25 w x - 0.5 y of a batch."""

    def step(self, part: slice, iteration: int, batch: int) -> None:
        """Improves the weights by one batch, together with the other parties."""
        ctx, tag, role = self.ctx, join(self.flow, iteration, batch), self.ctx.party.role
        residual = self.residual(part, tag)
        gradient = residual.weighted_sums(self._design[part], self._places)
        gradient = gradient.plus_plain(self.penalty.gradient(self.weights) * len(residual))
        message: dict[str, Any] = {"gradient": gradient.refreshed().message()}
        if self.parameters.early_stop == "weight_diff":
            vector = self.weights.vector
            message["norm"] = CipherVector.encrypt(self.key, np.array([vector @ vector])).message()
        arbiter = exchange.party(ctx, "arbiter")
        ctx.send(f"{role}_gradient", message, arbiter, tag)
        self.report_loss(part, tag)
        step = exchange.floats(ctx, f"{role}_optim_gradient", arbiter, tag, len(gradient))
        self.weights = self.penalty.shrunk(self.weights.less(step), iteration)

    def report_loss(self, part: slice, tag: str) -> None:  # noqa: B027
        """Sends the encrypted loss of a batch; a host has nothing to report."""

    def _forward(self, part: slice) -> Floats:
        forward = self._design[part] @ self.weights.vector
        if not np.all(np.abs(forward) < _DIVERGED):
            raise ComponentFailed(
                f"the training of {self.ctx.component} diverged at {self.ctx.party}: the scores are no longer finite",
                hint="lower learning_rate, or bring the columns to a common scale",
            )
        return forward

    def _check_size(self, rows: Rows) -> None:
        limit = 2.0 ** (61 - self._places)
        large = [
            name for name, column in zip(rows.names, rows.features.T, strict=True) if np.abs(column).max() >= limit
        ]
        if large:
            raise ComponentFailed(
                f"the columns {', '.join(large)} at {self.ctx.party} hold values above {limit:g}",
                hint="scale them, or lower floating_point_precision",
            )


class HostLearner(Learner):
    """Sends its encrypted share of the scores, gets the encrypted residuals."""

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
            places = FRACTION_BITS + _LOSS_PLACES
            message["loss"] = CipherVector.encrypt(self.key, np.array([own]), places).message()
        ctx.send("host_forward_dict", message, guest, tag)
        answer = ctx.receive("fore_gradient", guest, tag)
        return exchange.vector(self.key, answer, "residual", guest, len(forward), FRACTION_BITS)


class GuestLearner(Learner):
    """Has the labels. labels: -1 or +1 for each row."""

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
        # Encrypted again, not added as a plaintext: a host could compare with what it sent and read the difference.
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
        """ln 2 - y wx / 2 + (wx)² / 8, summed over the batch; wx is the sum of both parties' shares."""
        if len(self._shares) != 1:
            return
        (share, message), labels, own, ctx = self._shares[0], self._labels[part], self._own, self.ctx
        plain = len(own) * (np.log(2) + self.penalty.loss(self.weights)) - 0.5 * labels @ own + 0.125 * own @ own
        # What depends on both: (own / 4 - y / 2) times the host's share, of which a quarter was sent.
        weights = (own - 2 * labels).reshape(-1, 1)
        mixed = share.weighted_sums(weights, _LOSS_PLACES).plus_plain(np.array([plain]))
        places = FRACTION_BITS + _LOSS_PLACES
        total = mixed.plus(exchange.vector(self.key, message, "loss", self._hosts[0], 1, places))
        ctx.send("loss", {"loss": total.refreshed().message()}, exchange.party(ctx, "arbiter"), tag)


def batch_sizes(rows: int, wanted: int) -> list[int]:
    """wanted: rows per batch, -1 for one batch of all. What is left over joins the last batch when it is so little
    that the arbiter's sums over it would say much about single rows.
    """
    if wanted == -1 or rows <= wanted:
        return [rows]
    whole, rest = divmod(rows, wanted)
    if rest < _FEWEST_ROWS:
        return [wanted] * (whole - 1) + [wanted + rest]
    return [wanted] * whole + [rest]


def _slices(sizes: list[int]) -> list[slice]:
    ends = np.cumsum(sizes).tolist()
    return [slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]


@dataclass(frozen=True)
class FittedModel:
    """One trained binary model at one party. best_iteration: whose weights these are, -1 for the last one's."""

    names: Sequence[str]
    weights: Weights
    iterations: int = 0
    converged: bool = False
    best_iteration: int = -1


class Pace:
    """Progress over all trainings of a task, counted in iterations."""

    def __init__(self, ctx: Context, trainings: int, iterations: int) -> None:
        self._ctx = ctx
        self._iterations = iterations
        self._total = trainings * iterations
        self._done = 0

    def step(self) -> None:
        self._done += 1
        self._ctx.progress(self._done, self._total)

    def leap(self) -> None:
        """A training has ended, perhaps before its last iteration."""
        self._done = -(-self._done // self._iterations) * self._iterations
        self._ctx.progress(self._done, self._total)


def fit(learner: Learner, names: Sequence[str], watch: Watch | None, pace: Pace) -> FittedModel:
    """Trains until the arbiter says that it has converged, the watch that it gets no better, or `max_iter`."""
    ctx, flow, arbiter = learner.ctx, learner.flow, exchange.party(learner.ctx, "arbiter")
    batches = learner.batches()
    converged, iterations = False, 0
    for iteration in range(learner.parameters.max_iter):
        for batch, part in enumerate(batches):
            learner.step(part, iteration, batch)
        converged = bool(ctx.receive("converge_flag", arbiter, join(flow, iteration)))
        iterations = iteration + 1
        ctx.log.info(
            "%siteration %d is done%s", f"{flow}: " if flow else "", iteration, ", converged" if converged else ""
        )
        pace.step()
        stop = watch is not None and watch.after(iteration, learner.weights)
        if stop or converged:
            break
    pace.leap()
    if watch is not None and watch.best is not None:
        best_iteration, weights = watch.best
        return FittedModel(names, weights, iterations, converged, best_iteration)
    return FittedModel(names, learner.weights, iterations, converged)
