"""Input and output tables of a task at its own party."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fateflow_tui.components.hetero_lr import rows
from fateflow_tui.components.hetero_lr.tasks import Mode, Sets
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    import polars as pl

    from fateflow_tui.components.contract import Context
    from fateflow_tui.components.hetero_lr.rows import Rows


def read(ctx: Context, mode: Mode, *, with_label: bool) -> dict[str, Rows]:
    """Return the row sets by name: `train` and optionally `validate`, or `predict`."""
    if mode is Mode.PREDICT:
        return {"predict": _read(ctx, (Sets.TEST, Sets.EVAL), with_label)}
    train = _read(ctx, (Sets.TRAIN,), with_label)
    if not {Sets.VALIDATE, Sets.EVAL} & set(ctx.inputs.keys()):
        return {"train": train}
    validate = _read(ctx, (Sets.VALIDATE, Sets.EVAL), with_label)
    return {"train": train, "validate": validate.ordered(train.names, f"validate_data of {ctx.party}")}


def write(ctx: Context, frames: Sequence[pl.DataFrame], *, kind: str, label: str) -> None:
    """Write the concatenated frames to the first output port."""
    with ctx.write(0, kind=kind, label=label) as writer:
        for frame in frames:
            writer.write(frame)


def _read(ctx: Context, keys: Sequence[str], with_label: bool) -> Rows:
    for key in keys:
        table = ctx.inputs.table(key)
        if table is not None:
            return rows.read(table, f"{key} of {ctx.party}", with_label=with_label)
    raise ComponentFailed(f"{ctx.component} has no table under {' or '.join(keys)} at {ctx.party}")
