"""Curves drawn with braille dots, for any terminal.

Lines of one chart differ by their stroke, so that they can be told apart without colours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle
from typing import Final, NamedTuple

from fateflow_tui.text.braille import Canvas
from fateflow_tui.text.places import cut, width
from fateflow_tui.text.spans import Spans

_STROKES: Final = ("1", "100", "1110", "11010", "110000")
_STYLES: Final = ("accent", "warning", "success", "primary")
_GUIDE: Final = ("10000", "muted")
_TICKS: Final = 5  # at most, on the vertical axis

Point = tuple[float, float]


class Line(NamedTuple):
    """One curve. points: in order. guide: only there to compare with, so it is faint and not in the legend."""

    name: str
    points: Sequence[Point]
    guide: bool = False


class Chart(NamedTuple):
    """Curves over the same axes. across: what the horizontal one is. note: the figure that they are drawn for, such as
    `auc 0.992`. where: whose they are, for a line below the title.
    """

    title: str
    lines: Sequence[Line]
    across: str = ""
    note: str = ""
    where: str = ""


def draw(chart: Chart, columns: int, rows: int) -> list[Spans]:
    """A chart as lines of `columns` places at most; the curves take `rows` of them."""
    strokes = _strokes(chart.lines)
    head = [_title(chart, columns), *_below_title(chart, strokes)]
    points = [point for line in chart.lines for point in line.points if _is_real(point)]
    if not points:
        return [*head, [("  no points yet", "muted")]]
    low, high = _span([y for _, y in points])
    ticks = _ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])
    left, right = _span([x for x, _ in points], flat=0.0)
    texts = _texts(ticks)
    margin = max(map(len, texts))
    canvas = Canvas(max(8, columns - margin - 2), rows)

    def height(value: float) -> float:
        return (1 - (value - low) / (high - low)) * (canvas.down - 1)

    for line, (stroke, style) in zip(chart.lines, strokes, strict=True):
        dots = [
            (0.0 if right == left else (x - left) / (right - left) * (canvas.across - 1), height(y))
            for x, y in filter(_is_real, line.points)
        ]
        canvas.curve(dots, stroke, style)
    labels = {round(height(tick)) // 4: text for tick, text in zip(ticks, texts, strict=True)}
    body: list[Spans] = [
        [(labels.get(row, "").rjust(margin), "muted"), (" ┤" if row in labels else " │", "frame"), *spans]
        for row, spans in enumerate(canvas.lines())
    ]
    inner = canvas.across // 2
    foot: Spans = [(" " * margin, ""), (" └" + "─" * inner, "frame")]
    return [*head, *body, foot, [(" " * (margin + 2) + _across(chart.across, left, right, inner), "muted")]]


def _is_real(point: Point) -> bool:
    return all(map(math.isfinite, point))


def _title(chart: Chart, columns: int) -> Spans:
    """Title left, figure right."""
    note = cut(chart.note, columns // 2)
    title = cut(chart.title, columns - width(note) - 2) if note else cut(chart.title, columns)
    blanks = " " * (columns - width(title) - width(note)) if note else ""
    return [(title, "strong"), (blanks, ""), (note, "success strong")]


def _below_title(chart: Chart, strokes: Sequence[tuple[str, str]]) -> list[Spans]:
    """What each stroke means, when there are several, else whose the curve is."""
    named = [(line.name, look) for line, look in zip(chart.lines, strokes, strict=True) if not line.guide]
    if len(named) < 2:
        return [[(chart.where, "muted")]] if chart.where else []
    spans: Spans = []
    for name, (stroke, style) in named:
        spans += [(_sample(stroke), style), (f" {name}  ", "muted")]
    return [spans]


def _sample(stroke: str) -> str:
    """A piece of a curve with this stroke."""
    canvas = Canvas(4, 1)
    canvas.curve([(0, 1), (7, 1)], stroke, "")
    return "".join(text for text, _ in canvas.lines()[0])


def _strokes(lines: Sequence[Line]) -> list[tuple[str, str]]:
    """Stroke and style: guides are faint; the others take theirs in turn."""
    kinds = zip(cycle(_STROKES), cycle(_STYLES), strict=False)
    return [_GUIDE if line.guide else next(kinds) for line in lines]


def _span(values: Sequence[float], flat: float = 1.0) -> tuple[float, float]:
    """The lowest and highest value; a flat line gets room above and below."""
    low, high = min(values), max(values)
    if low < high or not flat:
        return low, high
    room = abs(low) * 0.1 or flat
    return low - room, high + room


def _ticks(low: float, high: float) -> list[float]:
    """Round values over the range, from at or below its lower end to at or above its upper end."""
    step = 10 ** math.floor(math.log10((high - low) / (_TICKS - 1)))
    while (math.ceil(high / step - 1e-9) - math.floor(low / step + 1e-9)) > _TICKS - 1:
        step *= 2.5 if f"{step:e}"[0] == "2" else 2
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def _texts(ticks: Sequence[float]) -> list[str]:
    """Values with as many places as all of them need."""
    step = ticks[1] - ticks[0] if len(ticks) > 1 else ticks[0] or 1.0
    if step < 1e-4 or max(map(abs, ticks)) >= 1e6:
        return [f"{tick:.2e}" for tick in ticks]
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    places += round(step * 10**places, 6) != round(step * 10**places)
    return [f"{tick:.{places}f}" for tick in ticks]


def _across(name: str, left: float, right: float, inner: int) -> str:
    first, last = f"{left:g}", f"{right:g}"
    room = inner - len(first) - len(last)
    middle = name.center(room) if len(name) < room else " " * max(1, room)
    return f"{first}{middle}{last}"
