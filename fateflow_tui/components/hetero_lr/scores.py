"""Scores: the hosts send their shares, the guest adds them up and keeps the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from fateflow_tui.components.hetero_lr import exchange

if TYPE_CHECKING:
    import polars as pl

    from fateflow_tui.components.contract import Context
    from fateflow_tui.components.hetero_lr.exchange import Floats
    from fateflow_tui.components.hetero_lr.rows import Rows
    from fateflow_tui.components.hetero_lr.weights import Weights


def sigmoid(forward: Floats) -> Floats:
    """Without overflow for any finite argument."""
    small = np.exp(-np.abs(forward))
    return np.where(forward >= 0, 1.0, small) / (1.0 + small)


def send_share(ctx: Context, weights: Weights, rows: Rows, tag: str) -> None:
    """A host's part of `forwards`."""
    ctx.send("host_prob", weights.forward(rows.features), exchange.party(ctx, "guest"), tag)


def forwards(ctx: Context, weights: Weights, rows: Rows, tag: str) -> Floats:
    """w x of all parties for each row, at the guest."""
    total = weights.forward(rows.features)
    for host in exchange.hosts(ctx):
        total = total + exchange.floats(ctx, "host_prob", host, tag, len(rows))
    return total


def table(rows: Rows, scores: Floats, classes: Sequence[int], threshold: float, kind: str) -> pl.DataFrame:
    """FATE's table of predictions. scores: of class 1 for each row, or (rows, classes) for several classes.

    kind: train, validate or predict.
    """
    import polars as pl

    if scores.ndim == 1:
        predicted = (scores > threshold).astype(np.int64)
        chosen, columns = scores, np.column_stack([1 - scores, scores])
    else:
        predicted = np.asarray(classes, dtype=np.int64)[scores.argmax(axis=1)]
        chosen, columns = scores.max(axis=1), scores
    words = [str(value) for value in classes]
    details = [msgspec.json.encode(dict(zip(words, row, strict=True))).decode() for row in columns.tolist()]
    labels: NDArray[np.int64] | pl.Series = (
        pl.Series([None] * len(rows), dtype=pl.Int64) if rows.labels is None else rows.labels
    )
    return pl.DataFrame(
        {
            rows.sid: rows.ids,
            "label": labels,
            "predict_result": predicted,
            "predict_score": chosen,
            "predict_detail": details,
            "type": [kind] * len(rows),
        }
    )
