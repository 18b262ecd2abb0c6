"""Several charts on one page of a terminal: next to each other where there is room, else below; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from fateflow_tui.text.plot import Chart, draw
from fateflow_tui.text.spans import Spans, beside

_NARROWEST: Final = 56  # columns of a chart that stands beside another
_WIDEST: Final = 92
_ROWS: Final = 11  # lines of the curves
_FRAME: Final = 4  # lines around the curves of one chart
_FEWEST: Final = 4
_COLORS: Final = {  # SGR numbers
    **{"strong": "1", "success strong": "1", "muted": "2", "frame": "2"},
    **{"accent": "36", "warning": "33", "success": "32", "primary": "35"},
}

Paint = Callable[[str, str], str]
"""A text and SGR numbers become a text."""


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
        lines += [*([""] if lines else []), *(_painted(line, paint) for line in beside(_aligned(drawn), field - 2))]
    return lines


def _aligned(drawn: list[list[Spans]]) -> list[list[Spans]]:
    """Charts without a legend get an empty line in its place, so that axes stand at the same height."""
    longest = max(map(len, drawn))
    return [[*one[:1], *[[] for _ in range(longest - len(one))], *one[1:]] for one in drawn]


def _painted(line: Spans, paint: Paint) -> str:
    """Without blanks at its end."""
    last = max((number for number, (text, _) in enumerate(line) if text.strip()), default=-1)
    pieces = [*line[:last], *((text.rstrip(), style) for text, style in line[last : last + 1])] if last >= 0 else []
    return "".join(paint(text, _COLORS[style]) if style else text for text, style in pieces)
