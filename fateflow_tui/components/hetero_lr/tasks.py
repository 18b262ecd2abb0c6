"""The mode of a task, chosen by its inputs, and its announcement to the other parties."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from fateflow_tui.components.hetero_lr.exchange import party
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fateflow_tui.components.contract import Context
    from fateflow_tui.components.hetero_lr.parameters import HeteroLogisticParam


class Mode(StrEnum):
    """What a run of the module does."""

    TRAIN = "train"
    CROSS_VALIDATE = "cross-validate"
    PREDICT = "predict"


class Sets(StrEnum):
    """The data keys of the module's tables."""

    TRAIN = "train_data"
    VALIDATE = "validate_data"
    TEST = "test_data"
    EVAL = "eval_data"  # DSL v1: validation data if there is train_data, otherwise test data


def choose_mode(keys: Iterable[str], parameters: HeteroLogisticParam, component: str) -> Mode:
    """Choose the mode by the inputs. Raises ComponentFailed for conflicting or unsupported inputs and options."""
    given = set(keys)
    if Sets.TRAIN not in given:
        if not given & {Sets.TEST, Sets.EVAL}:
            raise ComponentFailed(
                f"{component} has neither train_data nor test_data; it has {', '.join(sorted(given)) or 'no data'}",
                hint="connect the input as train_data, or as test_data together with a model",
            )
        return Mode.PREDICT
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
        return Mode.CROSS_VALIDATE
    if parameters.early_stopping_rounds is not None and not validated:
        raise ComponentFailed(
            f"{component} has early_stopping_rounds but no validate_data",
            hint="connect validate_data, or remove early_stopping_rounds",
        )
    return Mode.TRAIN


def announce(ctx: Context, mode: Mode, classes: int, folds: int = 0) -> None:
    """Send the guest's mode to the other parties. classes: 0 for binary labels, else the number of classes."""
    for role in ("host", "arbiter"):
        ctx.send("work", {"work": str(mode), "classes": classes, "folds": folds}, role)


def receive_announcement(ctx: Context) -> tuple[Mode, int, int]:
    """Receive the guest's mode, number of classes and number of folds."""
    message = ctx.receive("work", party(ctx, "guest"))
    return Mode(message["work"]), int(message["classes"]), int(message["folds"])


def flows(prefix: str, classes: int) -> list[str]:
    """Return the names of a model's trainings: one for binary labels (`classes` 0), else one per class."""
    if not classes:
        return [prefix]
    return [f"{prefix}.class_{number}" if prefix else f"class_{number}" for number in range(classes)]


def prefixes(folds: int) -> list[str]:
    """Return the flow prefix of each fold; a single empty one without cross-validation."""
    return [f"fold_{number}" for number in range(folds)] or [""]
