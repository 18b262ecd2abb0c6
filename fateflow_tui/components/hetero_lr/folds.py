"""Cross-validation: how rows are split into folds, and the output table of each fold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    import polars as pl

    from fateflow_tui.components.hetero_lr.parameters import CrossValidationParam
    from fateflow_tui.components.hetero_lr.rows import Rows


def split(count: int, cv: CrossValidationParam) -> Iterator[NDArray[np.int64]]:
    """Yield the positions of the held-out rows of each fold. Raises ComponentFailed for fewer rows than folds."""
    from sklearn.model_selection import KFold

    if count < cv.n_splits:
        raise ComponentFailed(f"{count} rows cannot be split into cv_param.n_splits = {cv.n_splits} folds")
    seed = {"random_state": cv.random_seed} if cv.shuffle else {}
    for _, held_out in KFold(cv.n_splits, shuffle=cv.shuffle, **seed).split(np.zeros(count)):
        yield held_out.astype(np.int64)


def sets(rows: Rows, held_out: NDArray[np.int64]) -> dict[str, Rows]:
    """Split the rows into a training and a validation set; both keep the original order."""
    kept = np.setdiff1d(np.arange(len(rows)), held_out)
    return {"train": rows.take(kept), "validate": rows.take(np.sort(held_out))}


def history(rows: Rows, scored: pl.DataFrame | None, number: int, name: str, cv: CrossValidationParam) -> pl.DataFrame:
    """Return one set of a fold for the output table. Ids are suffixed with fold and set. scored: None at a host."""
    import polars as pl

    if cv.history_value_type == "score" and scored is not None:
        frame = scored
    else:
        label = {} if rows.labels is None else {rows.label: rows.labels}
        frame = pl.DataFrame({rows.sid: rows.ids, **label, **dict(zip(rows.names, rows.features.T, strict=True))})
    return frame.with_columns(pl.format("{}#fold{}#{}", pl.col(rows.sid), pl.lit(number), pl.lit(name)).alias(rows.sid))


def kind(cv: CrossValidationParam) -> str:
    """Return the kind of the output table."""
    return "scores" if cv.history_value_type == "score" else "instances"
