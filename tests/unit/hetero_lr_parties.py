"""Runs HeteroLR at a guest, hosts and an arbiter over the columns of one table, and the same training in the open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fateflow_tui.artifacts.models import ComponentModel
from fateflow_tui.components.hetero_lr import HeteroLR
from fateflow_tui.components.hetero_lr.optimization import OPTIMIZERS
from fateflow_tui.core.ids import Party
from fateflow_tui.worker.testing import Given, Result, run_module

GUEST, ARBITER = Party("guest", "9999"), Party("arbiter", "10000")
HOSTS = (Party("host", "10000"), Party("host", "10001"))
BASE = {"learning_rate": 0.15, "alpha": 0.01, "max_iter": 3, "init_param": {"init_method": "zeros"}}

Frames = Mapping[Party, pl.DataFrame]


def split(rows: int = 60, hosts: int = 1, classes: int = 2, seed: int = 0) -> dict[Party, pl.DataFrame]:
    """Three columns and the label `y` at the guest, two columns at each host."""
    random = np.random.default_rng(seed)
    ids = [f"id{number}" for number in range(rows)]
    columns = {party: random.normal(size=(rows, 2)) for party in HOSTS[:hosts]}
    own = random.normal(size=(rows, 3))
    signal = own[:, 0] + sum(part[:, 0] for part in columns.values()) + random.normal(scale=0.5, size=rows)
    label = np.searchsorted(np.quantile(signal, np.arange(1, classes) / classes), signal)
    guest = pl.DataFrame({"id": ids, "y": label, "a": own[:, 0], "b": own[:, 1], "c": own[:, 2]})
    return {GUEST: guest} | {
        party: pl.DataFrame({"id": ids, "p": part[:, 0], "q": part[:, 1]}) for party, part in columns.items()
    }


def train(
    frames: Frames,
    parameters: Mapping[str, Any],
    *,
    validate: Frames | None = None,
    check: bool = True,
    component: str = "lr_0",
) -> dict[Party, Result]:
    given: dict[Party, dict[str, Any]] = {ARBITER: {"parameters": BASE | dict(parameters)}}
    for party, frame in frames.items():
        tables = {"train_data": [_given(frame)]}
        if validate is not None:
            tables["validate_data"] = [_given(validate[party])]
        given[party] = {"parameters": BASE | dict(parameters), "tables": tables}
    return run_module(HeteroLR, given, check=check, component=component)


def predict(
    frames: Frames, models: Mapping[Party, ComponentModel | None], *, check: bool = True
) -> dict[Party, Result]:
    given: dict[Party, dict[str, Any]] = {ARBITER: {}}
    for party, frame in frames.items():
        given[party] = {"tables": {"test_data": [_given(frame)]}, "models": {"model": [models[party]]}}
    return run_module(HeteroLR, given, check=check)


def _given(frame: pl.DataFrame) -> Given:
    return Given(frame, label="y" if "y" in frame.columns else "")


def in_the_open(
    frames: Frames, batches: Sequence[slice], iterations: int, optimizer: str, penalty: str | None, alpha: float = 0.01
) -> tuple[dict[Party, NDArray[np.float64]], list[float]]:
    """Weights by party, the guest's with its intercept last, and the losses: the same formulas on one plain matrix."""
    guest = frames[GUEST]
    labels = np.where(guest["y"].to_numpy() == 1, 1.0, -1.0)
    hosts = [party for party in frames if party != GUEST]
    parts = [
        guest.drop("id", "y").to_numpy(),
        np.ones((len(labels), 1)),
        *(frames[h].drop("id").to_numpy() for h in hosts),
    ]
    matrix = np.hstack(parts)
    ends = np.cumsum([part.shape[1] for part in parts])
    penalised = np.ones(matrix.shape[1])
    penalised[ends[0]] = 0
    weights, losses = np.zeros(matrix.shape[1]), []
    stepper = OPTIMIZERS[optimizer](0.15, 1, True)
    for iteration in range(iterations):
        loss = 0.0
        for batch in batches:
            rows, signs = matrix[batch], labels[batch]
            wx = rows @ weights
            size = penalised * weights
            fine = {"L2": alpha / 2 * size @ size, "L1": alpha * np.abs(size).sum(), None: 0.0}[penalty]
            loss += len(wx) * (np.log(2) - np.mean(signs * wx) / 2 + np.mean(wx**2) / 8 + fine)
            gradient = rows.T @ (0.25 * wx - 0.5 * signs) / len(wx)
            if penalty == "L2":
                gradient = gradient + alpha * size
            weights = weights - stepper.step(gradient, iteration)
            if penalty == "L1":
                threshold = penalised * alpha * 0.15 / np.sqrt(iteration + 1)
                weights = np.sign(weights) * np.maximum(np.abs(weights) - threshold, 0)
        losses.append(loss / len(labels))
    pieces = np.split(weights, ends[1:-1])
    return dict(zip([GUEST, *hosts], pieces, strict=True)), losses


def weights_of(result: Result) -> NDArray[np.float64]:
    """As `in_the_open` has them."""
    assert result.model is not None
    stored = result.model.parameters
    own = [stored["weight"][name] for name in stored["header"]]
    return np.array([*own, stored["intercept"]] if result.model.meta["fitIntercept"] else own)
