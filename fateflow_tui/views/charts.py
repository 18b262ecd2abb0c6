"""Draw curves with braille dots, and several charts on one page, for any terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle, pairwise
from typing import Final, NamedTuple

from fateflow_tui.core.cells import Spans, beside, cut, spans_width, width
from fateflow_tui.views.text import Paint, colored

_BLANK: Final = 0x2800
_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column within a cell
_ACROSS, _DOWN = 2, 4

Dot = tuple[float, float]
"""A position on the canvas in dots, from the left and from the top."""


class Canvas:
    """A grid of cells with 2 by 4 dots each. Where curves cross, the cell gets the style of the later one.

    across, down: its size in dots.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self.across, self.down = columns * _ACROSS, rows * _DOWN
        self._cells = [[0] * columns for _ in range(rows)]
        self._styles = [[""] * columns for _ in range(rows)]

    def curve(self, dots: Sequence[Dot], stroke: str, style: str) -> None:
        """Join dots by straight lines. stroke: the pattern of set dots along them, repeated, such as `1101`."""
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
        """Return the rows, each as wide as the canvas."""
        found: list[Spans] = []
        for cells, styles in zip(self._cells, self._styles, strict=True):
            spans: Spans = []
            for cell, style in zip(cells, styles, strict=True):
                glyph = chr(_BLANK + cell) if cell else " "
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
            self._cells[row][column] |= _DOTS[y % _DOWN][x % _ACROSS]
            self._styles[row][column] = style


_STROKES: Final = ("1", "100", "1110", "11010", "110000")
_STYLES: Final = ("accent", "warning", "success", "primary")
_GUIDE: Final = ("10000", "muted")
_SAMPLE_WIDTH: Final = 4  # cells of a stroke in the legend
_TICKS: Final = 5  # at most, on the vertical axis

Point = tuple[float, float]


class Line(NamedTuple):
    """One curve. points: in order. guide: a line for comparison, drawn faint and left out of the legend."""

    name: str
    points: Sequence[Point]
    guide: bool = False


class Chart(NamedTuple):
    """Curves over the same axes. across: the name of the horizontal axis. note: the result that they show, such as
    `auc 0.992`. where: the component, the party and the data set that they come from.
    """

    title: str
    lines: Sequence[Line]
    across: str = ""
    note: str = ""
    where: str = ""


def draw(chart: Chart, columns: int, rows: int) -> list[Spans]:
    """Draw a chart as lines of at most `columns` cells, with `rows` lines for the curves."""
    strokes, head = _strokes(chart.lines), _head(chart, columns)
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
    labels = {round(height(tick)) // _DOWN: text for tick, text in zip(ticks, texts, strict=True)}
    body: list[Spans] = [
        [(labels.get(row, "").rjust(margin), "muted"), (" ┤" if row in labels else " │", "frame"), *spans]
        for row, spans in enumerate(canvas.lines())
    ]
    inner = canvas.across // _ACROSS
    foot: Spans = [(" " * margin, ""), (" └" + "─" * inner, "frame")]
    return [*head, *body, foot, [(" " * (margin + 2) + _across(chart.across, left, right, inner), "muted")]]


def _is_real(point: Point) -> bool:
    return all(map(math.isfinite, point))


def _head(chart: Chart, columns: int) -> list[Spans]:
    """The title, where the curves come from and the note, on one line if they fit; then the legend, if needed."""
    title, where, note = chart.title, chart.where, chart.note
    fits = width(title) + width(where) + width(note) + 2 * (bool(where) + bool(note)) <= columns
    if not fits:
        note = cut(note, max(0, columns - width(title) - 2))
        title = cut(title, columns - width(note) - 2) if note else cut(title, columns)
    first: Spans = [(title, "strong")]
    if where and fits:
        first.append((f"  {where}", "muted"))
    if note:
        first += [(" " * (columns - spans_width(first) - width(note)), ""), (note, "success strong")]
    second: list[Spans] = [[(cut(where, columns), "muted")]] if where and not fits else []
    return [first, *second, *_legend(chart, columns)]


def _legend(chart: Chart, columns: int) -> list[Spans]:
    """The name of each stroke, on as many lines as it takes; none for a single curve."""
    strokes = _strokes(chart.lines)
    named = [(line.name, look) for line, look in zip(chart.lines, strokes, strict=True) if not line.guide]
    if len(named) < 2:
        return []
    lines: list[Spans] = [[]]
    for name, (stroke, style) in named:
        entry: Spans = [(_sample(stroke), style), (cut(f" {name}", columns - _SAMPLE_WIDTH), "muted")]
        if lines[-1] and spans_width(lines[-1]) + 2 + spans_width(entry) > columns:
            lines.append([])
        lines[-1] += [*([("  ", "")] if lines[-1] else []), *entry]
    return lines


def _sample(stroke: str) -> str:
    """A short line with this stroke."""
    canvas = Canvas(_SAMPLE_WIDTH, 1)
    canvas.curve([(0, 1), (canvas.across - 1, 1)], stroke, "")
    return "".join(text for text, _ in canvas.lines()[0])


def _strokes(lines: Sequence[Line]) -> list[tuple[str, str]]:
    """The stroke and the style of each line: guides are faint, the others take theirs in turn."""
    looks = zip(cycle(_STROKES), cycle(_STYLES), strict=False)
    return [_GUIDE if line.guide else next(looks) for line in lines]


def _span(values: Sequence[float], flat: float = 1.0) -> tuple[float, float]:
    """The lowest and highest value; a flat line gets a margin above and below."""
    low, high = min(values), max(values)
    if low < high or not flat:
        return low, high
    margin = abs(low) * 0.1 or flat
    return low - margin, high + margin


def _ticks(low: float, high: float) -> list[float]:
    """Round values that cover the range from end to end."""
    step = 10 ** math.floor(math.log10((high - low) / (_TICKS - 1)))
    while (math.ceil(high / step - 1e-9) - math.floor(low / step + 1e-9)) > _TICKS - 1:
        step *= 2.5 if f"{step:e}"[0] == "2" else 2
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def _texts(ticks: Sequence[float]) -> list[str]:
    """Format values with as many decimals as all of them need."""
    step = ticks[1] - ticks[0] if len(ticks) > 1 else ticks[0] or 1.0
    if step < 1e-4 or max(map(abs, ticks)) >= 1e6:
        return [f"{tick:.2e}" for tick in ticks]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    decimals += round(step * 10**decimals, 6) != round(step * 10**decimals)
    return [f"{tick:.{decimals}f}" for tick in ticks]


def _across(name: str, left: float, right: float, inner: int) -> str:
    """The ends of the horizontal axis, and its name between them if it fits."""
    first, last = f"{left:g}", f"{right:g}"
    between = inner - len(first) - len(last)
    middle = name.center(between) if len(name) < between else " " * max(1, between)
    return f"{first}{middle}{last}"


_MIN_WIDTH: Final = 56  # cells of a chart beside another one
_MAX_WIDTH: Final = 92
_ROWS: Final = 11  # lines of the curves
_MIN_ROWS: Final = 4
_MAX_BESIDE: Final = 3


def page(charts: Sequence[Chart], columns: int, paint: Paint, height: int = 0) -> list[str]:
    """Draw charts as lines of text. height: the maximum number of lines, 0 for no limit; charts beyond it are left
    out.
    """
    return [colored(line, paint) for line in grid(charts, columns, height=height)]


def grid(
    charts: Sequence[Chart], columns: int, *, rows: int = _ROWS, min_width: int = _MIN_WIDTH, height: int = 0
) -> list[Spans]:
    """Arrange charts beside and below each other. rows: lines for the curves of a chart, fewer for a limited height."""
    if not charts:
        return []
    across = max(1, min(len(charts), columns // min_width, _MAX_BESIDE))
    field = min((columns - 2 * (across - 1)) // across, _MAX_WIDTH)
    if height:
        frame = max(len(_head(chart, field)) for chart in charts) + 3  # head, two lines of the axis, a blank line
        bands = min(-(-len(charts) // across), max(1, height // (_MIN_ROWS + frame)))
        rows = max(_MIN_ROWS, min(rows, height // bands - frame))
        charts = charts[: bands * across]
    lines: list[Spans] = []
    for start in range(0, len(charts), across):
        drawn = [draw(chart, field, rows) for chart in charts[start : start + across]]
        lines += [*([[]] if lines else []), *beside(_aligned(drawn), field)]
    return lines


def _aligned(drawn: list[list[Spans]]) -> list[list[Spans]]:
    """Insert empty lines below shorter heads, so that the axes of all charts are at the same height."""
    longest = max(map(len, drawn))
    return [[*one[:1], *[[] for _ in range(longest - len(one))], *one[1:]] for one in drawn]
