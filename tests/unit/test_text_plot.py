"""Curves drawn with text."""

from __future__ import annotations

import math

import pytest

from fateflow_tui.core.cells import Spans, beside, spans_width, width
from fateflow_tui.views.charts import Chart, Line, _texts, _ticks, draw, page

_BLANK = "\u2800"


def _plain(text: str, color: str) -> str:
    return text


def _lines(chart: Chart, columns: int, rows: int) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in draw(chart, columns, rows)]


def _curve(text: str) -> str:
    """The part right of the axis."""
    return text.partition("│")[2] or text.partition("┤")[2]


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right() -> None:
    lines = _lines(Chart("t", [Line("a", [(0, 0), (1, 1)])]), 40, 6)
    curves = [_curve(line) for line in lines[1:7]]
    starts = [len(curve) - len(curve.lstrip()) for curve in curves]
    assert starts == sorted(starts, reverse=True)
    assert starts[-1] == 0
    assert len(curves[0]) == max(map(len, curves))
    assert lines[1].startswith("1")
    assert lines[-1].split() == ["0", "1"]


@pytest.mark.parametrize("columns", [40, 78, 120])
@pytest.mark.parametrize("rows", [4, 11])
def test_a_chart_keeps_to_its_width(columns: int, rows: int) -> None:
    points = [(i, math.sin(i / 9) * 1000) for i in range(500)]
    lines = _lines(Chart("title", [Line("a", points)], "iters", "note"), columns, rows)
    assert len(lines) == rows + 3
    assert max(map(width, lines)) <= columns
    assert lines[0].startswith("title")
    assert lines[0].endswith("note")
    assert "iters" in lines[-1]


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(0.0, 1.0)],
        [(0.0, 0.0), (1.0, 0.0)],
        [(3.0, 5.0), (3.0, 7.0)],
        [(0.0, math.nan), (1.0, 2.0)],
        [(0.0, math.inf), (1.0, 2.0), (2.0, 1e-9)],
        [(0.0, 1e300), (1.0, -1e300)],
        [(0.0, 1e-12), (1.0, 2e-12)],
    ],
)
def test_odd_curves_are_drawn_all_the_same(points: list[tuple[float, float]]) -> None:
    lines = _lines(Chart("t", [Line("a", points)]), 50, 5)
    assert len(lines) >= 2
    assert max(map(width, lines)) <= 50
    assert all(math.isfinite(y) for _, y in points) or len(lines) == 8


def test_nothing_yet() -> None:
    assert _lines(Chart("t", []), 40, 5) == ["t", "  no points yet"]


def test_curves_of_one_chart_differ_without_colours() -> None:
    across = [Line(name, [(0.0, y), (1.0, y)]) for y, name in enumerate(("one", "two", "three"))]
    lines = _lines(Chart("t", across), 60, 9)
    assert [word for word in lines[1].split() if word.isalpha()] == ["one", "two", "three"]
    rows = {_curve(line) for line in lines[2:11] if _curve(line).strip()}
    assert len(rows) == 3


def test_a_guide_is_not_in_the_legend() -> None:
    lines = _lines(Chart("t", [Line("", [(0, 0), (1, 1)], guide=True), Line("roc", [(0, 0), (0, 1), (1, 1)])]), 60, 5)
    assert len(lines) == 8  # no legend for a single curve
    assert "⡇" in "".join(lines)


def test_colours_go_around_curves_only() -> None:
    said: list[tuple[str, str]] = []

    def paint(text: str, color: str) -> str:
        said.append((text, color))
        return text

    page([Chart("t", [Line("a", [(0, 0), (1, 1)])])], 80, paint)
    assert {color for _, color in said} == {"1", "2", "36"}
    assert all(set(text) <= {" ", *map(chr, range(0x2800, 0x2900))} for text, color in said if color == "36")


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0.0, 1.0, ["0.0", "0.5", "1.0"]),
        (0.3235, 0.6931, ["0.3", "0.4", "0.5", "0.6", "0.7"]),
        (0.0, 100.0, ["0", "50", "100"]),
        (-1.0, 1.0, ["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
        (2_000_000.0, 3_000_000.0, ["2.00e+06", "2.50e+06", "3.00e+06"]),
    ],
)
def test_ticks_are_round_and_around_the_values(low: float, high: float, texts: list[str]) -> None:
    ticks = _ticks(low, high)
    assert ticks[0] <= low + 1e-9
    assert ticks[-1] >= high - 1e-9
    assert len(ticks) <= 5
    assert _texts(ticks) == texts


def test_charts_are_placed_beside_each_other() -> None:
    blocks: list[list[Spans]] = [[[("ab", "strong")], [("c", "")]], [[("defghi", "")]]]
    rows = list(beside(blocks, 4))
    assert ["".join(text for text, _ in row) for row in rows] == ["ab    def…", "c         "]
    assert {spans_width(row) for row in rows} == {10}
    chart = Chart("t", [Line("a", [(0, 0), (1, 1)])])
    assert len(page([chart, chart], 120, _plain)) == len(page([chart], 120, _plain))
    assert len(page([chart, chart], 80, _plain)) == 2 * len(page([chart], 80, _plain)) + 1
    assert page([], 80, _plain) == []


def test_a_low_terminal_gets_low_charts_or_fewer() -> None:
    chart = Chart("t", [Line("a", [(0, 0), (1, 1)])])
    assert len(page([chart] * 3, 80, _plain, height=21)) <= 21
    assert len(page([chart] * 9, 80, _plain, height=21)) <= 21


def test_a_head_says_where_curves_come_from_and_names_them() -> None:
    curves = [Line("train", [(0, 0), (1, 1)]), Line("validate", [(0, 0), (1, 1)])]
    chart = Chart("ROC", curves, note="auc 0.9917 (train)  auc 0.9876 (validate)", where="evaluation_0 at guest:9999")
    wide, narrow, tiny = (_lines(chart, columns, 5) for columns in (90, 46, 16))
    assert wide[0].split("  ", 1)[0] == "ROC"
    assert chart.where in wide[0]
    assert wide[0].endswith(chart.note)
    assert narrow[0].endswith(chart.note)
    assert narrow[1] == chart.where
    assert [word for line in tiny[2:4] for word in line.split() if word.isalpha()] == ["train", "validate"]
    assert [len(lines) for lines in (wide, narrow, tiny)] == [9, 10, 11]
    assert max(map(width, [*wide, *narrow, *tiny])) <= 90
    assert max(map(width, tiny)) <= 16
