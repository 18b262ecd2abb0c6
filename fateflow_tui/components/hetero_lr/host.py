"""A host's task: it has features but no labels, and trains the weights of its own features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fateflow_tui.components.hetero_lr import exchange, folds, model, tables
from fateflow_tui.components.hetero_lr.exchange import join
from fateflow_tui.components.hetero_lr.rows import send_share
from fateflow_tui.components.hetero_lr.tasks import Mode, flows, prefixes, receive_announcement
from fateflow_tui.components.hetero_lr.training import FittedModel, HostLearner, TrainingProgress, fit
from fateflow_tui.components.hetero_lr.validation import HostMonitor
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    from fateflow_tui.components.contract import Context
    from fateflow_tui.components.hetero_lr.parameters import HeteroLogisticParam
    from fateflow_tui.components.hetero_lr.rows import Rows


class HostTask:
    """One run of the component at a host."""

    def __init__(self, ctx: Context, parameters: HeteroLogisticParam) -> None:
        self._ctx, self._parameters = ctx, parameters
        self._guest = exchange.party(ctx, "guest")

    def run(self, mode: Mode) -> None:
        sets = tables.read(self._ctx, mode, with_label=False)
        for name, rows in sets.items():
            self._check_order(name, rows)
        guest_mode, classes, splits = receive_announcement(self._ctx)
        if guest_mode is not mode:
            raise ComponentFailed(
                f"{self._guest} announced {guest_mode}, but the inputs and parameters at {self._ctx.party} "
                f"require mode {mode}",
                hint="set the same cv_param for all parties",
            )
        if mode is not Mode.PREDICT:
            self._key = exchange.public_key(self._ctx, self._parameters.encrypt_param.key_length)
        match mode:
            case Mode.TRAIN:
                self._train(sets, classes)
            case Mode.CROSS_VALIDATE:
                self._cross_validate(sets["train"], classes, splits)
            case Mode.PREDICT:
                self._predict(sets["predict"], classes)

    def _check_order(self, name: str, rows: Rows) -> None:
        if self._ctx.receive("row_digest", self._guest, name) != rows.digest(self._ctx.job_id):
            raise ComponentFailed(
                f"the {name} data of {self._ctx.party} does not hold the same ids in the same order as the guest's",
                hint="put an Intersection before this component",
            )

    def _train(self, sets: Mapping[str, Rows], classes: int) -> None:
        ctx = self._ctx
        fitted = self._fit("", sets, classes, TrainingProgress(ctx, max(classes, 1), self._parameters.max_iter))
        for name, rows in sets.items():
            self._send_shares("", name, rows, fitted)
        numbers = list(range(classes))
        meta = model.meta(self._parameters, has_intercept=False, one_vs_rest=bool(classes))
        ctx.save_model(model.document(fitted, numbers), meta)
        ctx.summary(model.summary(fitted, numbers))

    def _cross_validate(self, rows: Rows, classes: int, splits: int) -> None:
        ctx, cv = self._ctx, self._parameters.cv_param
        progress = TrainingProgress(ctx, splits * max(classes, 1), self._parameters.max_iter)
        history = []
        for number, flow in enumerate(prefixes(splits)):
            sets = folds.sets(rows, exchange.positions(ctx, "validate_rows", self._guest, flow, len(rows)))
            fitted = self._fit(flow, sets, classes, progress)
            for name, part in sets.items():
                self._send_shares(flow, name, part, fitted)
                if cv.history_value_type == "instance":
                    history.append(folds.history(part, None, number, name, cv))
        if cv.output_fold_history and history:
            tables.write(ctx, history, kind=folds.kind(cv), label="")

    def _predict(self, rows: Rows, classes: int) -> None:
        fitted, own_classes = model.load(self._ctx.inputs.model(), self._ctx.component)
        if len(own_classes) != classes:
            raise ComponentFailed(
                f"the models of {self._guest} and {self._ctx.party} do not belong to the same training"
            )
        rows = rows.ordered(fitted[0].names, f"test_data of {self._ctx.party}")
        self._send_shares("", "predict", rows, fitted)

    def _fit(
        self, prefix: str, sets: Mapping[str, Rows], classes: int, progress: TrainingProgress
    ) -> list[FittedModel]:
        fitted = []
        train = sets["train"]
        for flow in flows(prefix, classes):
            learner = HostLearner(self._ctx, self._parameters, self._key, train, flow)
            monitor = HostMonitor(self._ctx, self._parameters, flow, sets)
            fitted.append(fit(learner, train.names, monitor, progress))
        return fitted

    def _send_shares(self, prefix: str, name: str, rows: Rows, fitted: list[FittedModel]) -> None:
        count = len(fitted) if len(fitted) > 1 else 0
        for flow, trained in zip(flows(prefix, count), fitted, strict=True):
            send_share(self._ctx, trained.weights, rows, join(flow, name))
