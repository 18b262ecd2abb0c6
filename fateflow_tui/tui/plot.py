"""Curves drawn with braille dots, as lines of spans; pure.

Every curve has a style and, for terminals without colours, a stroke of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

from fateflow_tui.tui import texts
from fateflow_tui.tui.texts import Spans, padded, spans_width

_BLANK: Final = 0x2800
_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column within a sign
_STROKES: Final = ("1", "1110", "10", "110000", "100000")  # which dots of a stroke are set, over and over
_STYLES: Final = ("accent", "warning", "success", "primary", "error")

Point = tuple[float, float]


class Line(msgspec.Struct, frozen=True):
    """points: in order. guide: only there to compare with, so it is faint and not in the legend."""

    name: str
    points: tuple[Point, ...]
    guide: bool = False


class Chart(msgspec.Struct, frozen=True):
    """Curves over the same axes. across: what the horizontal one is. note: the figure that they are drawn for."""

    title: str
    lines: tuple[Line, ...]
    across: str = ""
    note: str = ""
    component: str = ""


def drawn(chart: Chart, columns: int, rows: int) -> list[Spans]:
    """A chart in exactly so many lines, of which each takes exactly so many places."""
    lines = [_head(chart, columns), _legend(chart, columns)]
    inner_rows = max(2, rows - 4)
    points = [point for line in chart.lines for point in line.points if all(map(math.isfinite, point))]
    if not points or columns < 16:
        blank: Spans = [(padded("  no points yet", columns), "muted")]
        return [*lines, blank, *([[(" " * columns, "")]] * (rows - 3))]
    low, high = _span([y for _, y in points])
    left, right = _span([x for x, _ in points])
    labels = {0: texts.figure(high), inner_rows - 1: texts.figure(low)}
    if inner_rows >= 5:
        labels[inner_rows // 2] = texts.figure(high - (high - low) * (inner_rows // 2) / (inner_rows - 1))
    margin = max(map(len, labels.values()))
    inner = max(4, columns - margin - 2)
    canvas = _Canvas(inner, inner_rows)
    number = 0
    for line in chart.lines:
        stroke, style = ("1000", "frame") if line.guide else (_STROKES[number % 5], _STYLES[number % 5])
        number += not line.guide
        scaled = [
            ((x - left) / (right - left) * (2 * inner - 1), (high - y) / (high - low) * (4 * inner_rows - 1))
            for x, y in line.points
            if math.isfinite(x) and math.isfinite(y)
        ]
        canvas.curve(scaled, stroke, style)
    for row, spans in enumerate(canvas.lines()):
        tick = "┤" if row in labels else "│"
        lines.append([(labels.get(row, "").rjust(margin), "muted"), (f" {tick}", "frame"), *spans])
    lines.append([(" " * margin, ""), (" └" + "─" * inner, "frame")])
    ends = texts.figure(left), texts.figure(right)
    room = max(0, inner - len(ends[0]) - len(ends[1]) - 2)
    middle = texts.cut(chart.across, room).center(room)
    lines.append([(f"{' ' * (margin + 2)}{ends[0]} {middle} {ends[1]}"[:columns].ljust(columns), "muted")])
    return [_exactly(line, columns) for line in lines[:rows]]


def _head(chart: Chart, columns: int) -> Spans:
    note = texts.cut(chart.note, max(0, columns // 2))
    title = padded(f"{chart.title}", max(0, columns - len(note) - 1))
    return [(title, "strong"), (f" {note}", "success strong")]


def _legend(chart: Chart, columns: int) -> Spans:
    spans: Spans = []
    named = [line.name for line in chart.lines if not line.guide]
    for number, name in enumerate(named if len(named) > 1 else []):
        spans += [
            ("━━ " if number == 0 else "╍╍ " if number == 1 else "┄┄ ", _STYLES[number % 5]),
            (f"{name}  ", "muted"),
        ]
    return _exactly(spans or [(chart.component, "muted")], columns)


def _exactly(spans: Spans, columns: int) -> Spans:
    kept: Spans = []
    left = columns
    for text, style in spans:
        if left <= 0:
            break
        kept.append((texts.cut(text, left), style))
        left -= min(left, spans_width([(text, style)]))
    return [*kept, (" " * left, "")] if left > 0 else kept


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


class _Canvas:
    """Places of 2 × 4 dots. Where curves cross, the later one is seen."""

    def __init__(self, columns: int, rows: int) -> None:
        self._bits = [[0] * columns for _ in range(rows)]
        self._styles = [[""] * columns for _ in range(rows)]

    def curve(self, points: Sequence[Point], stroke: str, style: str) -> None:
        step = 0
        if len(points) == 1:
            self._set(points[0], style)
        for (x, y), (to_x, to_y) in pairwise(points):
            count = max(1, math.ceil(max(abs(to_x - x), abs(to_y - y))))
            for part in range(count + 1):
                if stroke[step % len(stroke)] == "1":
                    self._set((x + (to_x - x) * part / count, y + (to_y - y) * part / count), style)
                step += part < count

    def lines(self) -> list[Spans]:
        found: list[Spans] = []
        for bits, styles in zip(self._bits, self._styles, strict=True):
            spans: Spans = []
            for bit, style in zip(bits, styles, strict=True):
                sign = chr(_BLANK + bit) if bit else " "
                if spans and spans[-1][1] == style:
                    spans[-1] = (spans[-1][0] + sign, style)
                else:
                    spans.append((sign, style))
            found.append(spans)
        return found

    def _set(self, point: Point, style: str) -> None:
        column, row = round(point[0]), round(point[1])
        if 0 <= row // 4 < len(self._bits) and 0 <= column // 2 < len(self._bits[0]):
            self._bits[row // 4][column // 2] |= _DOTS[row % 4][column % 2]
            self._styles[row // 4][column // 2] = style
