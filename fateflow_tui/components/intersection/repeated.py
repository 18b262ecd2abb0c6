"""Ids that occur in several rows: the parties compare the real id, then repeat rows for all rows that share it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    import polars as pl

    from fateflow_tui.artifacts.table import Table

REAL_ID = "__real_id__"


def by_first_feature(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Move the first feature into the column `REAL_ID`, as text."""
    import polars as pl

    features = [name for name in table.meta.header if name != table.meta.label]
    if not features:
        raise ComponentFailed(
            f"table {table.meta.namespace}/{table.meta.name} has no feature column to use as the repeated id",
            hint="the first feature column must be the id to compare",
        )
    column = frame[features[0]]
    if column.dtype.is_float():
        whole = column.cast(pl.Int64, strict=False)
        if not (whole.cast(pl.Float64) == column).fill_null(False).all():
            raise ComponentFailed(
                f"column {features[0]}, the repeated id, holds numbers that are not integers",
                hint=f'read it as text: "exclusive_data_type": {{"{features[0]}": "str"}}',
            )
        column = whole
    return frame.drop(features[0]).with_columns(column.cast(pl.String).alias(REAL_ID))


def id_map(frame: pl.DataFrame) -> dict[str, list[str]]:
    """Return the ids of the owner's rows by real id. frame: only the rows in the intersection."""
    import polars as pl

    sid = frame.columns[0]
    groups = frame.group_by(REAL_ID, maintain_order=True).agg(pl.col(sid))
    return dict(zip(groups[REAL_ID].to_list(), groups[sid].to_list(), strict=True))


def spread(frame: pl.DataFrame, rows_of: Any, source: str) -> pl.DataFrame:
    """Repeat the other party's rows for each of the owner's rows with the same real id, under the owner's ids."""
    import polars as pl

    good = isinstance(rows_of, dict) and all(
        isinstance(rows, list) and all(isinstance(row, str) for row in rows) for rows in rows_of.values()
    )
    if not good:
        raise ComponentFailed(f"id_map_from_guest from {source} is not a map from ids to lists of ids")
    sid = frame.columns[0]
    pairs = pl.DataFrame(
        {
            REAL_ID: list(rows_of),
            "rows": pl.Series(list(rows_of.values()), dtype=pl.List(pl.String)),
        },
        schema_overrides={REAL_ID: pl.String},
    ).explode("rows")
    joined = frame.join(pairs, on=REAL_ID, how="inner")
    return joined.with_columns(pl.col("rows").alias(sid)).drop("rows")
