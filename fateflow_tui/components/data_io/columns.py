"""From texts to typed columns, and from an uploaded table to its texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from fateflow_tui.artifacts.tables import Table

# A number column takes these as "not a number"; `missing_fill` replaces them before.
NOT_A_NUMBER = ("", "NULL", "null", "NA")


def texts(table: Table, delimitor: str) -> pl.DataFrame:
    """The table's rows, split by `delimitor` if that is not what it was uploaded with. No nulls."""
    import polars as pl

    frame = table.frame().fill_null("")
    meta = table.meta
    if delimitor == meta.id_delimiter:
        return frame
    names = meta.id_delimiter.join(meta.header).split(delimitor)
    joined = rows_as_text(table)
    fields = joined["value"].str.split(delimitor)
    if not fields.len() or fields.list.len().max() == len(names) == fields.list.len().min():
        split = joined["value"].str.split_exact(delimitor, len(names) - 1).struct.rename_fields(names)
        return pl.concat([frame.select(meta.sid), split.struct.unnest()], how="horizontal")
    raise ComponentFailed(
        f"split by {delimitor!r}, the rows of table {meta.namespace}/{meta.name} do not all have the {len(names)} "
        "fields of its header",
        hint=f"the table was uploaded with id_delimiter {meta.id_delimiter!r}; is `delimitor` right?",
    )


def rows_as_text(table: Table) -> pl.DataFrame:
    """Two columns: the id, and everything after it as one text, `value`."""
    import polars as pl

    meta = table.meta
    frame = table.frame().fill_null("")
    return frame.select(pl.col(meta.sid), pl.concat_str(meta.header, separator=meta.id_delimiter).alias("value"))


def typed(features: pl.DataFrame, types: Mapping[str, str], not_a_number: list[str] | None) -> pl.DataFrame:
    """The features as numbers (or texts), each column by its type in FATE's words."""
    import polars as pl

    words = list(NOT_A_NUMBER if not_a_number is None else not_a_number)
    columns: list[pl.Series] = []
    for name in features.columns:
        column = features[name]
        kind = types[name]
        if kind == "str":
            columns.append(column)
            continue
        empty = column.is_in(words)
        numbers = column.str.strip_chars().cast(_dtype(kind), strict=False)
        _refuse_bad(column, numbers.is_null() & ~empty, name, kind)
        if kind in ("float", "float64"):
            numbers = numbers.fill_null(float("nan"))
        elif numbers.is_null().any():
            raise ComponentFailed(
                f"column {name} of type {kind} has {numbers.null_count()} missing values",
                hint="set missing_fill, or read the column as float64",
            )
        columns.append(numbers)
    return pl.DataFrame(columns)


def labels(column: pl.Series, kind: str) -> pl.Series:
    """The label column; every row must have one."""
    if kind == "str":
        return column
    found = column.str.strip_chars().cast(_dtype(kind), strict=False)
    _refuse_bad(column, found.is_null(), f"{column.name}, the label", kind)
    return found


def _dtype(kind: str) -> Any:
    import polars as pl

    return pl.Float64 if kind in ("float", "float64") else pl.Int64


def _refuse_bad(column: pl.Series, bad: pl.Series, name: str, kind: str) -> None:
    count = int(bad.sum())
    if count:
        # Positions, not values: this text may travel to other parties.
        first = bad.arg_true()[0] + 1
        raise ComponentFailed(
            f"column {name}: {count} of {column.len()} values cannot be read as {kind}, the first in row {first}",
            hint="correct the data, choose another type, or list such texts in missing_impute",
        )
