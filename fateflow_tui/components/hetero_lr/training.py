"""The loop that guest and host run in step with the arbiter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fateflow_tui.components.hetero_lr import exchange
from fateflow_tui.components.hetero_lr.exchange import join

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fateflow_tui.components.contract import Context
    from fateflow_tui.components.hetero_lr.learners import Learner
    from fateflow_tui.components.hetero_lr.validation import Watch
    from fateflow_tui.components.hetero_lr.weights import Weights


@dataclass(frozen=True)
class Fitted:
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


def fit(learner: Learner, names: Sequence[str], watch: Watch | None, pace: Pace) -> Fitted:
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
        return Fitted(names, weights, iterations, converged, best_iteration)
    return Fitted(names, learner.weights, iterations, converged)
