"""Curves drawn with braille dots, and several charts on one page, for any terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle, pairwise
from typing import Final, NamedTuple

from fateflow_tui.core.cells import Spans, beside, cut, width
from fateflow_tui.views.text import Paint, colored

_BLANK: Final = 0x2800
_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column within a sign
_ACROSS, _DOWN = 2, 4

Dot = tuple[float, float]
"""A place on the canvas: from the left and from the top."""


class Canvas:
    """Where curves cross, the later one gives the sign its style. across, down: dots."""

    def __init__(self, columns: int, rows: int) -> None:
        self.across, self.down = columns * _ACROSS, rows * _DOWN
        self._signs = [[0] * columns for _ in range(rows)]
        self._styles = [[""] * columns for _ in range(rows)]

    def curve(self, dots: Sequence[Dot], stroke: str, style: str) -> None:
        """Joins dots by straight lines. stroke: which dots of the way are set, over and over, as in `1101`."""
        step = 0
        if len(dots) == 1:
            self._set(*dots[0], style)
        for (x, y), (to_x, to_y) in pairwise(dots):
            count = max(1, math.ceil(max(abs(to_x - x), abs(to_y - y))))
            for part in range(count + 1):
                if stroke[step % len(stroke)] == "1":
                    self._set(x + (to_x - x) * part / count, y + (to_y - y) * part / count, style)
                step += part < count

    def lines(self) -> list[Spans]:
        """The rows, each as wide as the canvas."""
        found: list[Spans] = []
        for signs, styles in zip(self._signs, self._styles, strict=True):
            spans: Spans = []
            for sign, style in zip(signs, styles, strict=True):
                glyph = chr(_BLANK + sign) if sign else " "
                if spans and spans[-1][1] == style:
                    spans[-1] = (spans[-1][0] + glyph, style)
                else:
                    spans.append((glyph, style))
            found.append(spans)
        return found

    def _set(self, across: float, down: float, style: str) -> None:
        x, y = round(across), round(down)
        if 0 <= y < self.down and 0 <= x < self.across:
            row, column = y // _DOWN, x // _ACROSS
            self._signs[row][column] |= _DOTS[y % _DOWN][x % _ACROSS]
            self._styles[row][column] = style


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


_NARROWEST: Final = 56  # columns of a chart that stands beside another
_WIDEST: Final = 92
_ROWS: Final = 11  # lines of the curves
_FRAME: Final = 4  # lines around the curves of one chart
_FEWEST: Final = 4


def page(charts: Sequence[Chart], columns: int, paint: Paint, height: int = 0) -> list[str]:
    """Charts as lines of text. height: lines that they may take together, without those that do not fit; 0
    for as many as they like.
    """
    if not charts:
        return []
    fitting = max(1, min(len(charts), columns // _NARROWEST, 3))
    field = min(columns // fitting, _WIDEST)
    bands, rows = -(-len(charts) // fitting), _ROWS
    if height:
        bands = min(bands, max(1, height // (_FEWEST + _FRAME + 1)))
        rows = max(_FEWEST, min(_ROWS, height // bands - _FRAME - 1))
    charts = charts[: bands * fitting]
    lines: list[str] = []
    for start in range(0, len(charts), fitting):
        drawn = [draw(chart, field - 2, rows) for chart in charts[start : start + fitting]]
        lines += [*([""] if lines else []), *(colored(line, paint) for line in beside(_aligned(drawn), field - 2))]
    return lines


def _aligned(drawn: list[list[Spans]]) -> list[list[Spans]]:
    """Charts without a legend get an empty line in its place, so that axes stand at the same height."""
    longest = max(map(len, drawn))
    return [[*one[:1], *[[] for _ in range(longest - len(one))], *one[1:]] for one in drawn]
