"""A mark below the spot of a document that is meant."""

from __future__ import annotations

import pytest

from fateflow_tui.commands.documents import excerpt, flowing
from fateflow_tui.core.cells import width


@pytest.mark.parametrize(
    ("source", "column", "marked"),
    [
        ('    "alhpa": 0.01,', 5, '"alhpa"'),
        ('"a": -1.5e3}', 6, "-1.5e3"),
        ('"a": true', 6, "true"),
        ('"a": [1]', 6, "["),
        ('"a \\" b": 1', 1, '"a \\" b"'),
        ('"never closed', 1, '"never closed'),
    ],
)
def test_the_whole_word_is_marked(source: str, column: int, marked: str) -> None:
    text, blanks, mark = excerpt(source, 7, column, 80)
    assert text == f"  7 | {source}"
    assert text[len(blanks) : len(blanks) + len(mark)] == marked
    assert mark == "^" + "~" * (len(marked) - 1)


def test_the_end_of_a_line_can_be_meant() -> None:
    assert excerpt('{"a": 1', 12, 8, 80) == ('  12 | {"a": 1', "     |        ", "^")
    assert excerpt("", 1, 1, 80) == ("  1 | ", "    | ", "^")
    assert excerpt("{}", 1, 99, 80) == ("  1 | {}", "    |   ", "^")


@pytest.mark.parametrize("columns", [40, 80, 140])
@pytest.mark.parametrize("column", [1, 30, 200, 401, 700, 805])
def test_a_long_line_is_cut_around_the_spot(columns: int, column: int) -> None:
    source = "x," * 200 + "!" + "y," * 202
    text, blanks, mark = excerpt(source, 1, column, columns)
    assert width(text) <= columns
    assert width(blanks + mark) <= columns
    assert text[len(blanks)] == source[column - 1]
    if column in (1, 805):
        assert (text[6] == "…", text[-1] == "…") == (column == 805, column == 1)


def test_wide_signs_are_two_columns() -> None:
    _, blanks, mark = excerpt('表表 "表"', 1, 4, 80)
    assert (width(blanks), mark) == (width("  1 | 表表 "), "^~~~")
    assert width(excerpt("表" * 100 + "!" + "表" * 100, 1, 101, 60)[0]) <= 60


def test_a_terminal_is_not_steered() -> None:
    assert "\x1b" not in excerpt('\x1b[2J"a"', 1, 1, 80)[0]


def test_a_text_goes_on_below() -> None:
    text = "NoSuchParameter: the component has no parameter alhpa"
    assert flowing(text, 10, 0) == [text]
    assert flowing(text, 10, 200) == [text]
    lines = flowing(text, 10, 40)
    assert lines == ["NoSuchParameter: the component", "    has no parameter alhpa"]
    assert flowing("x" * 50, 10, 40) == ["x" * 50]
    assert flowing("", 10, 40) == [""]
