"""Conversion of a party's model to and from FATE's `Param` and `Meta` messages in JSON form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fateflow_tui.components.hetero_lr.optimization import Weights
from fateflow_tui.components.hetero_lr.training import FittedModel
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    from fateflow_tui.components.contract import Model
    from fateflow_tui.components.hetero_lr.parameters import HeteroLogisticParam


def document(models: Sequence[FittedModel], classes: Sequence[int]) -> dict[str, Any]:
    """Return the `Param` message of fitted models.

    classes: [] for binary labels (one model), else one class per model. A host does not know them and passes numbers.
    """
    if not classes:
        return _single(models[0]) | {"needOneVsRest": False}
    return {
        "bestIteration": -1,
        "header": list(models[0].names),
        "intercept": 0.0,
        "isConverged": all(model.converged for model in models),
        "iters": max(model.iterations for model in models),
        "lossHistory": [],
        "needOneVsRest": True,
        "oneVsRestResult": {
            "completedModels": [_single(model) for model in models],
            "oneVsRestClasses": [str(value) for value in classes],
        },
        "weight": {},
    }


def meta(parameters: HeteroLogisticParam, *, has_intercept: bool, one_vs_rest: bool) -> dict[str, Any]:
    """Return the `Meta` message. 64-bit integers are strings, as always in the JSON form of protobuf."""
    return {
        "alpha": parameters.alpha,
        "batchSize": str(parameters.batch_size),
        "earlyStop": parameters.early_stop,
        "fitIntercept": has_intercept,
        "learningRate": parameters.learning_rate,
        "maxIter": str(parameters.max_iter),
        "needOneVsRest": one_vs_rest,
        "optimizer": parameters.optimizer,
        "partyWeight": 0.0,
        "penalty": parameters.penalty or "NONE",
        "reEncryptBatches": "0",
        "tol": parameters.tol,
    }


def load(model: Model | None, component: str) -> tuple[list[FittedModel], list[int]]:
    """Read models written by `document`. Raises ComponentFailed without a model, or for another module's model."""
    if model is None or model.module != "HeteroLR":
        found = "no model" if model is None else f"a model of {model.component}, a {model.module}"
        raise ComponentFailed(
            f"{component} scores with a model of HeteroLR, but its input is {found}",
            hint="give it the model of a trained HeteroLR component as input.model",
        )
    has_intercept = bool(model.meta.get("fitIntercept"))
    stored = model.parameters
    if not stored.get("needOneVsRest"):
        return [_loaded(stored, has_intercept)], []
    result = stored["oneVsRestResult"]
    return (
        [_loaded(single, has_intercept) for single in result["completedModels"]],
        [int(value) for value in result["oneVsRestClasses"]],
    )


def summary(models: Sequence[FittedModel], classes: Sequence[int]) -> dict[str, Any]:
    """Return FATE's summary of a guest or host; one per class for several classes."""
    if classes:
        return {"one_vs_rest": True} | {
            str(value): summary([model], []) for value, model in zip(classes, models, strict=True)
        }
    model = models[0]
    return {
        "coef": _by_name(model),
        "intercept": model.weights.intercept,
        "is_converged": model.converged,
        "one_vs_rest": False,
        "best_iteration": model.best_iteration,
    }


def _single(model: FittedModel) -> dict[str, Any]:
    return {
        "bestIteration": model.best_iteration,
        "header": list(model.names),
        "intercept": model.weights.intercept,
        "isConverged": model.converged,
        "iters": model.iterations,
        "lossHistory": [],
        "weight": _by_name(model),
    }


def _by_name(model: FittedModel) -> dict[str, float]:
    return dict(zip(model.names, model.weights.columns.tolist(), strict=True))


def _loaded(stored: Mapping[str, Any], has_intercept: bool) -> FittedModel:
    names = list(stored["header"])
    columns = [float(stored["weight"][name]) for name in names]
    vector = np.array([*columns, float(stored["intercept"])] if has_intercept else columns)
    return FittedModel(names, Weights(vector, has_intercept), int(stored["iters"]), bool(stored["isConverged"]))
