"""The guest's task: it has the labels, coordinates the other parties and outputs the scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fateflow_tui.components.hetero_lr import exchange, folds, model, tables, validation
from fateflow_tui.components.hetero_lr.exchange import join
from fateflow_tui.components.hetero_lr.rows import forwards, score_table, sigmoid
from fateflow_tui.components.hetero_lr.tasks import Mode, announce, flows, prefixes
from fateflow_tui.components.hetero_lr.training import FittedModel, GuestLearner, TrainingProgress, fit
from fateflow_tui.components.hetero_lr.validation import GuestMonitor
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    import polars as pl

    from fateflow_tui.components.contract import Context
    from fateflow_tui.components.hetero_lr.exchange import Floats
    from fateflow_tui.components.hetero_lr.parameters import HeteroLogisticParam
    from fateflow_tui.components.hetero_lr.rows import Rows

History = dict[str, dict[str, list[float]]]


class GuestTask:
    """One run of the component at the guest. classes: [] for binary labels, else all label values."""

    def __init__(self, ctx: Context, parameters: HeteroLogisticParam) -> None:
        self._ctx, self._parameters = ctx, parameters
        self._classes: list[int] = []

    def run(self, mode: Mode) -> None:
        sets = tables.read(self._ctx, mode, with_label=True)
        for name, rows in sets.items():
            self._ctx.send("row_digest", rows.digest(self._ctx.job_id), "host", name)
        match mode:
            case Mode.TRAIN:
                self._train(sets)
            case Mode.CROSS_VALIDATE:
                self._cross_validate(sets["train"])
            case Mode.PREDICT:
                self._predict(sets["predict"])

    def _train(self, sets: Mapping[str, Rows]) -> None:
        ctx = self._ctx
        self._announce_training(Mode.TRAIN, sets)
        progress = TrainingProgress(ctx, max(len(self._classes), 1), self._parameters.max_iter)
        fitted, history = self._fit("", sets, progress)
        self._write([self._scored("", name, rows, fitted) for name, rows in sets.items()])
        ctx.save_model(
            model.document(fitted, self._classes),
            model.meta(
                self._parameters,
                has_intercept=self._parameters.init_param.fit_intercept,
                one_vs_rest=bool(self._classes),
            ),
        )
        ctx.summary(model.summary(fitted, self._classes) | ({"validation_metrics": history} if history else {}))

    def _cross_validate(self, rows: Rows) -> None:
        ctx, cv = self._ctx, self._parameters.cv_param
        self._announce_training(Mode.CROSS_VALIDATE, {"train": rows}, cv.n_splits)
        progress = TrainingProgress(ctx, cv.n_splits * max(len(self._classes), 1), self._parameters.max_iter)
        summary: dict[str, Any] = {}
        history: list[pl.DataFrame] = []
        splits = zip(prefixes(cv.n_splits), folds.split(len(rows), cv), strict=True)
        for number, (flow, held_out) in enumerate(splits):
            ctx.send("validate_rows", held_out, "host", flow)
            sets = folds.sets(rows, held_out)
            fitted, _ = self._fit(flow, sets, progress)
            for name, part in sets.items():
                scored = self._scored(flow, name, part, fitted)
                summary.setdefault(name, {})[flow] = self._fold_metrics(flow, name, scored)
                history.append(folds.history(part, scored, number, name, cv))
        if cv.output_fold_history:
            tables.write(
                ctx, history, kind=folds.kind(cv), label="label" if cv.history_value_type == "score" else rows.label
            )
        ctx.summary(summary)

    def _predict(self, rows: Rows) -> None:
        fitted, self._classes = model.load(self._ctx.inputs.model(), self._ctx.component)
        announce(self._ctx, Mode.PREDICT, len(self._classes))
        rows = rows.ordered(fitted[0].names, f"test_data of {self._ctx.party}")
        self._write([self._scored("", "predict", rows, fitted)])

    def _announce_training(self, mode: Mode, sets: Mapping[str, Rows], folds: int = 0) -> None:
        """Announce the training to the other parties and receive the public key.

        Labels 0 (or -1) and 1 are binary; any others are trained one-vs-rest.
        """
        for name, rows in sets.items():
            if rows.labels is None:
                raise ComponentFailed(
                    f"the {name} data of {self._ctx.party} has no label", hint="set with_label to true in DataIO"
                )
        labels = sets["train"].labels
        found = np.unique(labels).tolist() if labels is not None else []
        if len(found) < 2:
            raise ComponentFailed(f"all rows at {self._ctx.party} have the label {found}; training needs two classes")
        self._classes = [] if found in ([0, 1], [-1, 1]) else found
        announce(self._ctx, mode, len(self._classes), folds)
        self._key = exchange.public_key(self._ctx, self._parameters.encrypt_param.key_length)

    def _fit(
        self, prefix: str, sets: Mapping[str, Rows], progress: TrainingProgress
    ) -> tuple[list[FittedModel], History]:
        fitted = []
        history: History = {}
        train = sets["train"]
        for number, flow in enumerate(flows(prefix, len(self._classes))):
            labels = {name: self._signed_labels(rows, number) for name, rows in sets.items()}
            learner = GuestLearner(self._ctx, self._parameters, self._key, train, labels["train"], flow)
            monitor = GuestMonitor(self._ctx, self._parameters, flow, sets, labels)
            fitted.append(fit(learner, train.names, monitor, progress))
            history = monitor.history
        return fitted, history if not self._classes else {}

    def _signed_labels(self, rows: Rows, number: int) -> Floats:
        positive = self._classes[number] if self._classes else 1
        return np.where(rows.labels == positive, 1.0, -1.0)

    def _scored(self, prefix: str, name: str, rows: Rows, fitted: list[FittedModel]) -> pl.DataFrame:
        columns = [
            sigmoid(forwards(self._ctx, trained.weights, rows, join(flow, name)))
            for flow, trained in zip(flows(prefix, len(self._classes)), fitted, strict=True)
        ]
        values = np.column_stack(columns) if self._classes else columns[0]
        threshold = self._parameters.predict_param.threshold
        return score_table(rows, values, self._classes or [0, 1], threshold, name)

    def _fold_metrics(self, flow: str, name: str, scored: pl.DataFrame) -> dict[str, float]:
        labels: NDArray[np.int64] = scored["label"].to_numpy()
        if self._classes:
            predicted = scored["predict_result"].to_numpy()
            metrics = validation.several_classes(self._parameters.metrics, labels, predicted)
        else:
            metrics = validation.two_classes(self._parameters.metrics, labels, scored["predict_score"].to_numpy())
        self._ctx.metric(name, flow, list(metrics.items()), {"metric_type": "EVALUATION_SUMMARY", "name": flow})
        return metrics

    def _write(self, scored: list[pl.DataFrame]) -> None:
        tables.write(self._ctx, scored, kind="scores", label="label")
