"""Evaluation during training and early stopping. The guest scores all sets with the hosts' shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

from fateflow_tui.components.evaluation import binary
from fateflow_tui.components.evaluation.metrics import DIGITS, multi
from fateflow_tui.components.evaluation.module import full_name
from fateflow_tui.components.hetero_lr import exchange
from fateflow_tui.components.hetero_lr.exchange import join
from fateflow_tui.components.hetero_lr.rows import forwards, send_share, sigmoid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fateflow_tui.components.contract import Context
    from fateflow_tui.components.evaluation.binary import Array
    from fateflow_tui.components.hetero_lr.exchange import Floats
    from fateflow_tui.components.hetero_lr.optimization import Weights
    from fateflow_tui.components.hetero_lr.parameters import HeteroLogisticParam
    from fateflow_tui.components.hetero_lr.rows import Rows


_BINARY: Final = ("auc", "ks")
_MULTI: Final = ("accuracy", "precision", "recall")


def two_classes(metrics: Sequence[str] | None, labels: Array, scores: Array) -> dict[str, float]:
    """Return AUC and KS, or those named in `metrics`; {} if all rows have one class. labels: positive for class 1."""
    positive = (labels > 0).astype(int)
    if len(set(positive.tolist())) < 2:
        return {}
    return _rounded(binary.report("", positive, scores, _selected(metrics, _BINARY)).single)


def several_classes(metrics: Sequence[str] | None, labels: Array, predicted: Array) -> dict[str, float]:
    """Return accuracy, mean precision and mean recall, or those named in `metrics`."""
    return _rounded(multi("", labels, predicted, _selected(metrics, _MULTI)).single)


def _selected(metrics: Sequence[str] | None, known: Sequence[str]) -> list[str]:
    return [name for metric in metrics or () if (name := full_name(metric)) in known] or list(known)


def _rounded(metrics: dict[str, float]) -> dict[str, float]:
    return {name: round(value, DIGITS) for name, value in metrics.items()}


Best = tuple[int, "Weights"]


class Monitor(Protocol):
    """Evaluates a training.

    best: the iteration and weights to restore at the end; None without early stopping or before the first evaluation.
    """

    best: Best | None

    def after_iteration(self, iteration: int, weights: Weights) -> bool:
        """Called after each iteration. Return True to stop the training."""
        ...


class HostMonitor:
    """Sends this host's shares to the guest, which decides when to stop."""

    def __init__(self, ctx: Context, parameters: HeteroLogisticParam, flow: str, sets: Mapping[str, Rows]) -> None:
        """sets: the rows to score, by name: `train` and `validate`."""
        self._ctx, self._parameters, self._flow, self._sets = ctx, parameters, flow, sets
        self.best: Best | None = None

    def after_iteration(self, iteration: int, weights: Weights) -> bool:
        if not self._parameters.validates(iteration):
            return False
        for name, rows in self._sets.items():
            send_share(self._ctx, weights, rows, join(self._flow, iteration, name))
        if self._parameters.early_stopping_rounds is None:
            return False
        guest = exchange.party(self._ctx, "guest")
        status = self._ctx.receive("validation_status", guest, join(self._flow, iteration))
        if status["best"]:
            self.best = (iteration, weights)
        return bool(status["stop"])


class GuestMonitor:
    """Evaluates the model, records the metrics and decides when to stop. labels: -1 or +1 for each row of each set.

    history: values by set and metric, one per evaluation.
    """

    def __init__(
        self,
        ctx: Context,
        parameters: HeteroLogisticParam,
        flow: str,
        sets: Mapping[str, Rows],
        labels: Mapping[str, Floats],
    ) -> None:
        self._ctx, self._parameters, self._flow, self._sets, self._labels = ctx, parameters, flow, sets, labels
        self._progress = Improvement()
        self.best: Best | None = None
        self.history: dict[str, dict[str, list[float]]] = {}

    def after_iteration(self, iteration: int, weights: Weights) -> bool:
        if not self._parameters.validates(iteration):
            return False
        metrics: dict[str, float] = {}
        for name in self._sets:
            metrics = self._evaluate(name, iteration, weights)
        rounds = self._parameters.early_stopping_rounds
        if rounds is None:
            return False
        # The last set is the validation set, if there is one.
        watched = dict(list(metrics.items())[:1]) if self._parameters.use_first_metric_only else metrics
        self._progress.add(watched)
        if self._progress.improved:
            self.best = (iteration, weights)
        status = {"stop": self._progress.idle >= rounds, "best": self._progress.improved}
        for role in ("host", "arbiter"):
            self._ctx.send("validation_status", status, role, join(self._flow, iteration))
        return status["stop"]

    def _evaluate(self, name: str, iteration: int, weights: Weights) -> dict[str, float]:
        forward = forwards(self._ctx, weights, self._sets[name], join(self._flow, iteration, name))
        metrics = two_classes(self._parameters.metrics, self._labels[name], sigmoid(forward))
        series = join(self._flow, f"iteration_{iteration}")
        self._ctx.metric(name, series, list(metrics.items()), {"metric_type": "EVALUATION_SUMMARY", "name": series})
        for metric, value in metrics.items():
            self.history.setdefault(name, {}).setdefault(metric, []).append(value)
        return metrics


class Improvement:
    """Tracks metrics where higher is better. improved: each metric's latest value is its highest so far.

    idle: evaluations since the last improvement, of the metric that has gone longest without one.
    """

    def __init__(self) -> None:
        self._highest: dict[str, float] = {}
        self._idle: dict[str, int] = {}

    def add(self, metrics: Mapping[str, float]) -> None:
        for name, value in metrics.items():
            improved = name not in self._highest or value > self._highest[name]
            self._idle[name] = 0 if improved else self._idle[name] + 1
            if improved:
                self._highest[name] = value

    @property
    def improved(self) -> bool:
        return bool(self._idle) and not any(self._idle.values())

    @property
    def idle(self) -> int:
        return max(self._idle.values(), default=0)
