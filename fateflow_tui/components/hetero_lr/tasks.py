"""What a task is to do, from its inputs, and which party's work that is."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from fateflow_tui.components.hetero_lr.exchange import party
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fateflow_tui.components.contract import Context
    from fateflow_tui.components.hetero_lr.parameters import HeteroLogisticParam


class Work(StrEnum):
    """The three things that the module does."""

    TRAIN = "train"
    CROSS_VALIDATE = "cross-validate"
    PREDICT = "predict"


class Sets(StrEnum):
    """The data keys of the module's tables."""

    TRAIN = "train_data"
    VALIDATE = "validate_data"
    TEST = "test_data"
    EVAL = "eval_data"  # v1's word: validates when there is train_data, else it is scored


def decide(keys: Iterable[str], parameters: HeteroLogisticParam, component: str) -> Work:
    """Raises ComponentFailed for inputs or options that do not go together, or that are not built."""
    given = set(keys)
    if Sets.TRAIN not in given:
        if not given & {Sets.TEST, Sets.EVAL}:
            raise ComponentFailed(
                f"{component} has neither train_data nor test_data; it has {', '.join(sorted(given)) or 'no data'}",
                hint="connect the input as train_data, or as test_data together with a model",
            )
        return Work.PREDICT
    if Sets.TEST in given:
        raise ComponentFailed(f"{component} has train_data and test_data; score test_data in a separate component")
    if parameters.optimizer == "sqn":
        raise ComponentFailed(
            f"{component} sets optimizer sqn, which this version does not support",
            hint="use rmsprop, adam, adagrad, sgd or nesterov_momentum_sgd",
        )
    if parameters.stepwise_param.need_stepwise:
        raise ComponentFailed(f"{component} sets need_stepwise, which this version does not support")
    validated = bool(given & {Sets.VALIDATE, Sets.EVAL})
    if parameters.cv_param.need_cv:
        if validated:
            raise ComponentFailed(f"{component} uses cross-validation, so its only input can be train_data")
        return Work.CROSS_VALIDATE
    if parameters.early_stopping_rounds is not None and not validated:
        raise ComponentFailed(
            f"{component} has early_stopping_rounds but no validate_data",
            hint="connect validate_data, or remove early_stopping_rounds",
        )
    return Work.TRAIN


def announce(ctx: Context, work: Work, classes: int, folds: int = 0) -> None:
    """Announce the guest's work to the others. classes: 0 for two, else how many."""
    for role in ("host", "arbiter"):
        ctx.send("work", {"work": str(work), "classes": classes, "folds": folds}, role)


def announced(ctx: Context) -> tuple[Work, int, int]:
    """Receive what the guest announced."""
    said = ctx.receive("work", party(ctx, "guest"))
    return Work(said["work"]), int(said["classes"]), int(said["folds"])


def flows(prefix: str, classes: int) -> list[str]:
    """The trainings behind one model: one for two classes (`classes` 0), else one per class."""
    if not classes:
        return [prefix]
    return [f"{prefix}.class_{number}" if prefix else f"class_{number}" for number in range(classes)]


def prefixes(folds: int) -> list[str]:
    """Of the flows of each fold; one that is empty without cross validation."""
    return [f"fold_{number}" for number in range(folds)] or [""]
