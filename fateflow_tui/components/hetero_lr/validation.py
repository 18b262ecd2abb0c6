"""Evaluation while training: the guest scores both tables, with the hosts' shares, and may end the training."""

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
    """AUC and KS, or the one that is named in `metrics`. labels: above 0 for class 1. {} when all are of one class."""
    positive = (labels > 0).astype(int)
    if len(set(positive.tolist())) < 2:
        return {}
    return _rounded(binary.report("", positive, scores, _followed(metrics, _BINARY)).single)


def several_classes(metrics: Sequence[str] | None, labels: Array, predicted: Array) -> dict[str, float]:
    """Accuracy, mean precision and mean recall, or those that are named in `metrics`."""
    return _rounded(multi("", labels, predicted, _followed(metrics, _MULTI)).single)


def _followed(metrics: Sequence[str] | None, known: Sequence[str]) -> list[str]:
    return [name for metric in metrics or () if (name := full_name(metric)) in known] or list(known)


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, DIGITS) for name, value in figures.items()}


Best = tuple[int, "Weights"]


class Watch(Protocol):
    """best: iteration and weights to return to at the end; None without early stopping, or before an evaluation."""

    best: Best | None

    def after(self, iteration: int, weights: Weights) -> bool:
        """Called after each iteration; True ends the training."""
        ...


class HostWatch:
    """Sends this host's shares and follows what the guest decides."""

    def __init__(self, ctx: Context, parameters: HeteroLogisticParam, flow: str, sets: Mapping[str, Rows]) -> None:
        """sets: the tables to score, by `train` and `validate`."""
        self._ctx, self._parameters, self._flow, self._sets = ctx, parameters, flow, sets
        self.best: Best | None = None

    def after(self, iteration: int, weights: Weights) -> bool:
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


class GuestWatch:
    """Evaluates, records and decides. labels: -1 or +1 for each row of each set.

    history: figures by set and metric, one entry per evaluation.
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

    def after(self, iteration: int, weights: Weights) -> bool:
        if not self._parameters.validates(iteration):
            return False
        figures: dict[str, float] = {}
        for name in self._sets:
            figures = self._evaluate(name, iteration, weights)
        rounds = self._parameters.early_stopping_rounds
        if rounds is None:
            return False
        # The last set is the one that the model does not learn from.
        watched = dict(list(figures.items())[:1]) if self._parameters.use_first_metric_only else figures
        self._progress.add(watched)
        if self._progress.better:
            self.best = (iteration, weights)
        status = {"stop": self._progress.idle >= rounds, "best": self._progress.better}
        for role in ("host", "arbiter"):
            self._ctx.send("validation_status", status, role, join(self._flow, iteration))
        return status["stop"]

    def _evaluate(self, name: str, iteration: int, weights: Weights) -> dict[str, float]:
        forward = forwards(self._ctx, weights, self._sets[name], join(self._flow, iteration, name))
        figures = two_classes(self._parameters.metrics, self._labels[name], sigmoid(forward))
        series = join(self._flow, f"iteration_{iteration}")
        self._ctx.metric(name, series, list(figures.items()), {"metric_type": "EVALUATION_SUMMARY", "name": series})
        for metric, value in figures.items():
            self.history.setdefault(name, {}).setdefault(metric, []).append(value)
        return figures


class Improvement:
    """Follows figures of which more is better. better: the newest beat all before it, each of them.

    idle: the most evaluations in a row that one of the figures has not improved for.
    """

    def __init__(self) -> None:
        self._highest: dict[str, float] = {}
        self._idle: dict[str, int] = {}

    def add(self, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            improved = name not in self._highest or value > self._highest[name]
            self._idle[name] = 0 if improved else self._idle[name] + 1
            if improved:
                self._highest[name] = value

    @property
    def better(self) -> bool:
        return bool(self._idle) and not any(self._idle.values())

    @property
    def idle(self) -> int:
        return max(self._idle.values(), default=0)
