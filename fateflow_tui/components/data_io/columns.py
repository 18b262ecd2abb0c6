"""Conversion of uploaded tables to text columns, and of text columns to typed ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from fateflow_tui.artifacts.table import Table


# Read as NaN in numeric columns, unless `missing_fill` has replaced them.
NOT_A_NUMBER = ("", "NULL", "null", "NA")


def texts(table: Table, delimitor: str) -> pl.DataFrame:
    """Return the table's rows without nulls, split again if `delimitor` differs from the one of the upload."""
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
        hint=f"the table was uploaded with id_delimiter {meta.id_delimiter!r}; check `delimitor`",
    )


def rows_as_text(table: Table) -> pl.DataFrame:
    """Return two columns: the id, and the rest of the row as one text, `value`."""
    import polars as pl

    meta = table.meta
    frame = table.frame().fill_null("")
    return frame.select(pl.col(meta.sid), pl.concat_str(meta.header, separator=meta.id_delimiter).alias("value"))


def typed(features: pl.DataFrame, types: Mapping[str, str], not_a_number: list[str] | None) -> pl.DataFrame:
    """Convert the features to numbers or text, each column by its FATE type."""
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
        _check_converted(column, numbers.is_null() & ~empty, name, kind)
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
    """Return the label column; every row must have a label."""
    if kind == "str":
        return column
    found = column.str.strip_chars().cast(_dtype(kind), strict=False)
    _check_converted(column, found.is_null(), f"{column.name}, the label", kind)
    return found


def _dtype(kind: str) -> Any:
    import polars as pl

    return pl.Float64 if kind in ("float", "float64") else pl.Int64


def _check_converted(column: pl.Series, bad: pl.Series, name: str, kind: str) -> None:
    count = int(bad.sum())
    if count:
        # Row numbers, not values: this message may be sent to other parties.
        first = bad.arg_true()[0] + 1
        raise ComponentFailed(
            f"column {name}: {count} of {column.len()} values cannot be read as {kind}, the first in row {first}",
            hint="correct the data, choose another type, or list such texts in missing_impute",
        )


MISSING_WORDS = ("", "none", "null", "na", "None", "NULL", "NA", "nan", "NaN")


class Replacement(msgspec.Struct, frozen=True):
    """A fitted rule. words: the texts to replace. values, ratios: replacement and share of replaced rows by column."""

    words: list[str]
    method: str
    values: dict[str, str]
    ratios: dict[str, float]


def fit(features: pl.DataFrame, method: str | None, designated: Any, words: Sequence[Any] | None) -> Replacement:
    """Fit the replacement values. features: text columns. Raises ComponentFailed if a method needs numbers."""
    texts = [str(word) for word in words] if words is not None else list(MISSING_WORDS)
    values: dict[str, str] = {}
    ratios: dict[str, float] = {}
    for position, name in enumerate(features.columns):
        column = features[name]
        hit = _hits(column, texts)
        ratios[name] = float(hit.mean() or 0.0) if column.len() else 0.0  # type: ignore[arg-type]
        if method is None:
            values[name] = "0"
        elif method == "designated":
            values[name] = _designated(designated, position, len(features.columns))
        else:
            values[name] = str(_statistic(column.filter(~hit), method, name))
    return Replacement(texts, method or "", values, ratios)


def apply(features: pl.DataFrame, rule: Replacement) -> pl.DataFrame:
    """Return the features with the rule's words replaced."""
    import polars as pl

    return features.with_columns(
        pl.when(_hits(features[name], rule.words)).then(pl.lit(rule.values[name])).otherwise(pl.col(name)).alias(name)
        for name in features.columns
    )


def _hits(column: pl.Series, words: Sequence[str]) -> pl.Series:
    """Return where a text is one of the words or a number equal to one of them."""
    import polars as pl

    hit = column.is_in(list(words))
    numbers = [number for number in map(finite, words) if number is not None]
    if numbers:
        hit = hit | column.cast(pl.Float64, strict=False).is_in(numbers).fill_null(False)
    return hit


def finite(word: str) -> float | None:
    """Return a word as a number; None if it is not a finite number."""
    try:
        number = float(word)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _designated(value: Any, position: int, columns: int) -> str:
    if isinstance(value, list):
        if len(value) != columns:
            raise ComponentFailed(
                f"{len(value)} replacement values are given for {columns} columns",
                hint="give one value, or a list with one for each feature column",
            )
        value = value[position]
    return "0" if value is None else str(value)


def _statistic(column: pl.Series, method: str, name: str) -> float:
    import polars as pl

    numbers = column.cast(pl.Float64, strict=False)
    if numbers.is_null().any():
        raise ComponentFailed(
            f"column {name} has values that are not numbers, so its {method} cannot replace the missing ones",
            hint="use the fill method designated, or list the other texts in missing_impute",
        )
    found = {"min": numbers.min, "max": numbers.max, "mean": numbers.mean}[method]()
    return 0.0 if found is None else float(found)  # type: ignore[arg-type]
