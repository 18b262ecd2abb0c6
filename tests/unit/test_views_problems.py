"""Problems of documents as lines: the message, the source line, and a mark below the spot."""

from __future__ import annotations

import pytest

from fateflow_tui.core.cells import Spans, spans_width, width
from fateflow_tui.core.document.problems import Problem
from fateflow_tui.views.problems import excerpt, problem_lines, source_line
from fateflow_tui.views.text import plain


def _excerpt(source: str, line: int, column: int, max_width: int) -> tuple[str, str, str]:
    """The source line, what is left of the mark, and the mark."""
    shown, below = excerpt(source, line, column, max_width, "failed")
    return _text(shown), _text(below[:-1]), _text(below[-1:])


def _text(spans: Spans) -> str:
    return "".join(text for text, _ in spans)


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
    text, blanks, mark = _excerpt(source, 7, column, 80)
    assert text == f"  7 | {source}"
    assert text[len(blanks) : len(blanks) + len(mark)] == marked
    assert mark == "^" + "~" * (len(marked) - 1)


def test_the_end_of_a_line_can_be_marked() -> None:
    assert _excerpt('{"a": 1', 12, 8, 80) == ('  12 | {"a": 1', "     |        ", "^")
    assert _excerpt("", 1, 1, 80) == ("  1 | ", "    | ", "^")
    assert _excerpt("{}", 1, 99, 80) == ("  1 | {}", "    |   ", "^")


@pytest.mark.parametrize("max_width", [40, 80, 140])
@pytest.mark.parametrize("column", [1, 30, 200, 401, 700, 805])
def test_a_long_line_is_cut_around_the_spot(max_width: int, column: int) -> None:
    source = "x," * 200 + "!" + "y," * 202
    text, blanks, mark = _excerpt(source, 1, column, max_width)
    assert width(text) <= max_width
    assert width(blanks + mark) <= max_width
    assert text[len(blanks)] == source[column - 1]
    if column in (1, 805):
        assert (text[6] == "…", text[-1] == "…") == (column == 805, column == 1)


def test_wide_characters_are_two_cells() -> None:
    _, blanks, mark = _excerpt('表表 "表"', 1, 4, 80)
    assert (width(blanks), mark) == (width("  1 | 表表 "), "^~~~")
    assert width(_excerpt("表" * 100 + "!" + "表" * 100, 1, 101, 60)[0]) <= 60


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in _excerpt('\x1b[2J"a"', 1, 1, 80)[0]
    problem = Problem("C", "a\x1b[2Jb\nc", "dsl", "$")
    assert plain(problem_lines(problem, "dsl", "")[0]) == "dsl: error: C: a�[2Jb c"


def test_long_messages_are_wrapped() -> None:
    problem = Problem("NoSuchParameter", "the component has no parameter alhpa", "conf", "", line=2, column=5)
    [line] = problem_lines(problem, "c.json", "")
    assert plain(line) == "c.json:2:5: error: NoSuchParameter: the component has no parameter alhpa"
    lines = problem_lines(problem, "c.json", "", max_width=40)
    assert [plain(line) for line in lines] == [
        "c.json:2:5: error: NoSuchParameter: the",
        "    component has no parameter alhpa",
    ]
    assert all(spans_width(line) <= 40 for line in lines)


def test_errors_and_warnings_differ_in_style() -> None:
    styles = [
        {style for _, style in problem_lines(Problem("C", "m", "dsl", "$", severity), "dsl", "")[0]}
        for severity in ("error", "warning")
    ]
    assert "failed strong" in styles[0] - styles[1]
    assert "warning strong" in styles[1] - styles[0]


def test_the_line_of_a_problem() -> None:
    assert [source_line("a\r\nb", number) for number in (0, 1, 2, 3)] == ["", "a", "b", ""]
