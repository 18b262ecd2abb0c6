"""Curves drawn with braille dots, for any terminal; pure.

Lines of one chart differ by their stroke, so that they can be told apart without colours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Final, NamedTuple

from commands.text import width

_BLANK: Final = 0x2800
_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column within a sign
_ACROSS, _DOWN = 2, 4  # dots of a sign
# Which dots of a stroke are set, over and over.
_STROKES: Final = ("1", "100", "1110", "11010", "110000")
_COLORS: Final = ("36", "33", "32", "35", "34")
_TICKS: Final = 5  # at most, on the vertical axis

Point = tuple[float, float]
Paint = Callable[[str, str], str]  # text, SGR numbers -> text


class Line(NamedTuple):
    """One curve. points: in order. guide: only there to compare with, so it is faint and not in the legend."""

    name: str
    points: Sequence[Point]
    guide: bool = False


class Chart(NamedTuple):
    """Curves over the same axes. note: the figure that they are drawn for, such as `auc 0.992`."""

    title: str
    lines: Sequence[Line]
    across: str = ""
    note: str = ""


def draw(chart: Chart, columns: int, rows: int, paint: Paint = lambda text, _: text) -> list[str]:
    """A chart as lines of text, each `columns` wide at most; the curves take `rows` lines."""
    points = [point for line in chart.lines for point in line.points if all(map(math.isfinite, point))]
    head = _head(chart, columns, paint)
    if not points:
        return [*head, "  no points yet"]
    low, high = _span([y for _, y in points])
    ticks = _ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])
    left, right = _span([x for x, _ in points], flat=0.0)
    labels = {
        row: text for tick, text in zip(ticks, _texts(ticks), strict=True) if (row := _row(tick, low, high, rows)) >= 0
    }
    margin = max(map(len, labels.values()))
    inner = max(8, columns - margin - 3)
    canvas = _Canvas(inner, rows)
    styles = _styles(chart.lines)
    for index, line in enumerate(chart.lines):
        dots = [_dot(point, left, right, low, high, canvas) for point in line.points if all(map(math.isfinite, point))]
        canvas.curve(dots, styles[index].stroke, index)
    drawn = canvas.lines(lambda text, index: paint(text, styles[index].color))
    body = [
        f"{paint(labels.get(row, '').rjust(margin), '2')} {'┤' if row in labels else '│'}{text}".rstrip()
        for row, text in enumerate(drawn)
    ]
    foot = f"{' ' * margin} └{'─' * inner}"
    return [*head, *body, foot, paint(_across(chart.across, left, right, margin, inner), "2")]


def beside(charts: Sequence[list[str]], columns: int) -> Iterator[str]:
    """Drawn charts next to each other, each in a field of `columns`."""
    for row in range(max(map(len, charts), default=0)):
        cells = [chart[row] if row < len(chart) else "" for chart in charts]
        padded = [cell + " " * (columns - visible(cell)) for cell in cells[:-1]]
        yield "".join([*padded, *cells[-1:]]).rstrip()


def visible(text: str) -> int:
    """Columns that a text takes, without its colours."""
    plain, inside = [], False
    for sign in text:
        if sign == "\x1b":
            inside = True
        elif not inside:
            plain.append(sign)
        elif sign == "m":
            inside = False
    return width("".join(plain))


class _Style(NamedTuple):
    """How a curve is drawn. color: SGR numbers."""

    stroke: str
    color: str


_GUIDE: Final = _Style("10000", "2")


class _Canvas:
    """Braille signs, each of 2 x 4 dots. The last curve through a sign gives it its colour."""

    def __init__(self, columns: int, rows: int) -> None:
        self.across, self.down = columns * _ACROSS, rows * _DOWN
        self._signs = [[0] * columns for _ in range(rows)]
        self._owners = [[-1] * columns for _ in range(rows)]

    def curve(self, dots: Sequence[tuple[int, int]], stroke: str, owner: int) -> None:
        """Joins dots by straight lines."""
        step = 0
        for start, end in zip(dots, dots[1:] or dots, strict=False):
            for x, y in _straight(start, end):
                if stroke[step % len(stroke)] == "1":
                    self._set(x, y, owner)
                step += 1

    def lines(self, paint: Callable[[str, int], str]) -> Iterator[str]:
        for signs, owners in zip(self._signs, self._owners, strict=True):
            text, run, last = "", "", -1
            for sign, owner in zip(signs, owners, strict=True):
                if owner != last:
                    text += paint(run, last) if last >= 0 else run
                    run, last = "", owner
                run += chr(_BLANK + sign) if sign else " "
            yield (text + (paint(run, last) if last >= 0 else run)).rstrip()

    def _set(self, x: int, y: int, owner: int) -> None:
        row, column = y // _DOWN, x // _ACROSS
        self._signs[row][column] |= _DOTS[y % _DOWN][x % _ACROSS]
        self._owners[row][column] = owner


def _straight(start: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    (x, y), (to_x, to_y) = start, end
    steps = max(abs(to_x - x), abs(to_y - y))
    for step in range(steps or 1):
        yield x + round((to_x - x) * step / steps) if steps else x, y + round((to_y - y) * step / steps) if steps else y
    yield end


def _dot(point: Point, left: float, right: float, low: float, high: float, canvas: _Canvas) -> tuple[int, int]:
    across = 0.0 if right == left else (point[0] - left) / (right - left)
    up = (point[1] - low) / (high - low)
    return round(across * (canvas.across - 1)), round((1 - up) * (canvas.down - 1))


def _head(chart: Chart, columns: int, paint: Paint) -> list[str]:
    """Title left, figure right; below them what each stroke means, when there are several."""
    gap = max(2, columns - width(chart.title) - width(chart.note) - 1)
    head = [(paint(chart.title, "1") + " " * gap + chart.note).rstrip()]
    named = [(style, line) for style, line in zip(_styles(chart.lines), chart.lines, strict=True) if not line.guide]
    if len(named) > 1:
        head.append("  ".join(f"{paint(_sample(style.stroke), style.color)} {line.name}" for style, line in named))
    return head


def _sample(stroke: str) -> str:
    """A piece of a curve with this stroke."""
    canvas = _Canvas(4, 1)
    canvas.curve([(0, 1), (7, 1)], stroke, 0)
    [text] = canvas.lines(lambda text, _: text)
    return text.ljust(4)


def _styles(lines: Sequence[Line]) -> list[_Style]:
    """Guides are faint; the others take the strokes and colours in turn."""
    kinds = zip(cycle(_STROKES), cycle(_COLORS), strict=False)
    return [_GUIDE if line.guide else _Style(*next(kinds)) for line in lines]


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


def _row(value: float, low: float, high: float, rows: int) -> int:
    return round((1 - (value - low) / (high - low)) * (rows * _DOWN - 1)) // _DOWN


def _across(name: str, left: float, right: float, margin: int, inner: int) -> str:
    first, last = f"{left:g}", f"{right:g}"
    room = inner - len(first) - len(last)
    middle = name.center(room) if len(name) < room else " " * max(1, room)
    return f"{' ' * (margin + 2)}{first}{middle}{last}".rstrip()
