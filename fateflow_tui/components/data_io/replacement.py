"""Missing values and outliers: which texts count as such, and what stands in their place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    import polars as pl

MISSING_WORDS = ("", "none", "null", "na", "None", "NULL", "NA", "nan", "NaN")


class Replacement(msgspec.Struct, frozen=True):
    """A fitted rule. words: the texts to replace, values: by what in each column, ratios: how often, when fitted."""

    words: list[str]
    method: str
    values: dict[str, str]
    ratios: dict[str, float]


def fit(features: pl.DataFrame, method: str | None, designated: Any, words: Sequence[Any] | None) -> Replacement:
    """Learns what to put into each column. features: all text. Raises ComponentFailed when a method needs numbers."""
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
    """The same texts with the rule's words replaced."""
    import polars as pl

    return features.with_columns(
        pl.when(_hits(features[name], rule.words)).then(pl.lit(rule.values[name])).otherwise(pl.col(name)).alias(name)
        for name in features.columns
    )


def _hits(column: pl.Series, words: Sequence[str]) -> pl.Series:
    """Where a text is one of the words, or a number equal to one of them."""
    import polars as pl

    hit = column.is_in(list(words))
    numbers = [number for number in map(finite, words) if number is not None]
    if numbers:
        hit = hit | column.cast(pl.Float64, strict=False).is_in(numbers).fill_null(False)
    return hit


def finite(word: str) -> float | None:
    """The number that a word means; None if it means none, or none that values can equal."""
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
            f"column {name} has values that are no numbers, so its {method} cannot replace the missing ones",
            hint="use the fill method designated, or list the other texts in missing_impute",
        )
    found = {"min": numbers.min, "max": numbers.max, "mean": numbers.mean}[method]()
    return 0.0 if found is None else float(found)  # type: ignore[arg-type]
