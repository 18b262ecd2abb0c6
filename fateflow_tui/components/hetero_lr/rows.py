"""The rows that a party trains on or scores, and the table of predictions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from fateflow_tui.components.hetero_lr import exchange
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    import polars as pl

    from fateflow_tui.artifacts.table import Table
    from fateflow_tui.components.contract import Context
    from fateflow_tui.components.hetero_lr.optimization import Weights


Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """Ids, features of shape (rows, columns), and integer labels if present. label: the name of the label column."""

    sid: str
    names: list[str]
    ids: pl.Series
    features: Floats
    label: str = ""
    labels: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, positions: NDArray[np.int64]) -> Rows:
        labels = None if self.labels is None else self.labels[positions]
        return replace(self, ids=self.ids[positions], features=self.features[positions], labels=labels)

    def ordered(self, names: Sequence[str], where: str) -> Rows:
        """Select a model's columns in its order. Raises ComponentFailed when one is missing."""
        missing = [name for name in names if name not in self.names]
        if missing:
            raise ComponentFailed(
                f"{where} lacks columns that the model was trained on: {', '.join(missing)}",
                hint="prepare the rows with the same components as for training",
            )
        positions = [self.names.index(name) for name in names]
        return replace(self, names=list(names), features=self.features[:, positions])

    def digest(self, salt: str) -> str:
        """Return a salted hash of the ordered ids, equal at two parties only if their rows are aligned."""
        digest = hashlib.sha256(salt.encode())
        for identifier in self.ids:
            digest.update(b"%d:" % len(octets := str(identifier).encode()) + octets)
        return digest.hexdigest()


def read(table: Table, where: str, *, with_label: bool) -> Rows:
    """Read all rows of a table. where: party and data key, for messages. with_label: read the label if there is one.

    Raises ComponentFailed for an empty table and for missing or non-numeric values.
    """
    import polars as pl

    meta = table.meta
    names = [name for name in meta.header if name != meta.label]
    frame = table.frame()
    if not (frame.height and names):
        raise ComponentFailed(
            f"{where} has {frame.height} rows and {len(names)} columns; there is nothing to learn from"
        )
    texts = [name for name in names if not frame.schema[name].is_numeric()]
    if texts:
        raise ComponentFailed(
            f"{where} has columns that are not numeric: {', '.join(texts)}", hint="convert them with DataIO"
        )
    features = frame.select(pl.col(names).cast(pl.Float64)).to_numpy()
    bad = [name for name, fine in zip(names, np.isfinite(features).all(axis=0), strict=True) if not fine]
    if bad:
        raise ComponentFailed(
            f"{where} has missing or infinite values in {', '.join(bad)}",
            hint="fill them with DataIO (missing_fill)",
        )
    label = meta.label if with_label else ""
    return Rows(meta.sid, names, frame[meta.sid], np.ascontiguousarray(features), label, _labels(frame, label, where))


def _labels(frame: pl.DataFrame, label: str, where: str) -> NDArray[np.int64] | None:
    if not label:
        return None
    column = frame[label]
    values = column.to_numpy() if column.dtype.is_numeric() and not column.null_count() else None
    if values is None or not np.array_equal(values, np.rint(values)):
        raise ComponentFailed(
            f"the label {label} of {where} must be an integer in every row",
            hint='set label_type to "int" in DataIO',
        )
    return values.astype(np.int64)


def sigmoid(forward: Floats) -> Floats:
    """Return 1 / (1 + exp(-forward)); never overflows for finite arguments."""
    small = np.exp(-np.abs(forward))
    return np.where(forward >= 0, 1.0, small) / (1.0 + small)


def send_share(ctx: Context, weights: Weights, rows: Rows, tag: str) -> None:
    """Send a host's share of the linear scores to the guest; see `forwards`."""
    ctx.send("host_prob", weights.forward(rows.features), exchange.party(ctx, "guest"), tag)


def forwards(ctx: Context, weights: Weights, rows: Rows, tag: str) -> Floats:
    """Return the linear score w·x of each row, summed over all parties. Runs at the guest."""
    total = weights.forward(rows.features)
    for host in exchange.hosts(ctx):
        total = total + exchange.floats(ctx, "host_prob", host, tag, len(rows))
    return total


def score_table(rows: Rows, scores: Floats, classes: Sequence[int], threshold: float, kind: str) -> pl.DataFrame:
    """Return FATE's table of predictions.

    scores: of class 1 for each row, or of shape (rows, classes). kind: train, validate or predict.
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
