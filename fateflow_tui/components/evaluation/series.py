"""What one evaluation yields: named series for the tracker, and single numbers for the summary."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

DIGITS = 6


class Series(msgspec.Struct, frozen=True):
    """One metric as it is stored: points (key, value) and meta with FATE's `metric_type`."""

    name: str
    points: list[tuple[float | int | str, Any]]
    meta: dict[str, Any]


class Report(msgspec.Struct):
    """single: metric name -> exact value; they are also the points of a series EVALUATION_SUMMARY."""

    single: dict[str, float]
    series: list[Series]


def rounded(values: Iterable[Any]) -> list[float]:
    return [round(float(value), DIGITS) for value in values]


def summary(name: str, single: dict[str, float]) -> Series:
    points: list[tuple[float | int | str, Any]] = [(key, round(value, DIGITS)) for key, value in single.items()]
    return Series(name, points, {"name": name, "metric_type": "EVALUATION_SUMMARY"})


def curve(name: str, kind: str, x: Iterable[Any], y: Iterable[Any], **facts: Any) -> Series:
    """A curve, its points in order of x. facts: more meta; thresholds are rounded, empty ones left out."""
    pairs = sorted(zip(rounded(x), rounded(y), strict=True), key=lambda point: point[0])
    points: list[tuple[float | int | str, Any]] = list(pairs)
    meta: dict[str, Any] = {"name": name, "metric_type": f"{kind}_EVALUATION"}
    for key, value in facts.items():
        if key == "thresholds":
            value = rounded(value)
        if value:
            meta[key] = value
    return Series(name, points, meta)


def table(name: str, kind: str, **columns: Any) -> Series:
    """Columns of equal length, which FATE keeps in the meta of a series without points."""
    return Series(name, [], {"name": name, "metric_type": kind, **columns})
