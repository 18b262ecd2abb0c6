"""Text for terminals."""

from __future__ import annotations

import json

import pytest

from fateflow_tui.commands import errors
from fateflow_tui.commands.output import cell, columns, fitted, narrowed, number, yaml
from fateflow_tui.core.cells import clean, width
from fateflow_tui.core.formatting import duration, marked
from fateflow_tui.views.text import party_marks, plain, timestamp


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (-5, "0.0s"),
        (0, "0.0s"),
        (449, "0.4s"),
        (9_999, "10.0s"),
        (12_000, "12s"),
        (252_000, "04:12"),
        (3_727_000, "1:02:07"),
        (183_845_000, "2d 03:04:05"),
    ],
)
def test_durations(ms: int, text: str) -> None:
    assert duration(ms) == text


def test_no_moment_is_no_text() -> None:
    assert timestamp(0) == ""
    assert timestamp(1_700_000_000_000).startswith("2023-11-1")


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert columns([["A", "B"], ["long", "x"], ["表", ""]]) == [["A   ", "B"], ["long", "x"], ["表  ", ""]]
    assert columns([]) == []


def test_width_counts_terminal_columns() -> None:
    assert [width(text) for text in ("abc", "表", "é", "e\u0301", "✓")] == [3, 2, 1, 1, 1]


def test_a_cell_cannot_steer_the_terminal() -> None:
    assert cell("a\x1b[2Jb\nc") == "a�[2Jb c"
    assert clean("line\n\ttab\x07") == "line\n\ttab�"
    assert cell({"a": 1}) == '{"a": 1}'
    assert cell(None) == ""


def test_a_status_is_glyph_and_word() -> None:
    assert [marked(status) for status in ("running", "timeout", "pass")] == ["▶ running", "⧗ timeout", "↷ pass"]


def test_parties_of_one_role_are_distinguished() -> None:
    assert plain(party_marks({"guest:9999": "success", "host:10000": "running"})) == "G✓ H▶"
    assert plain(party_marks({"guest:1": "success", "host:2": "failed", "host:3": "waiting"})) == "G✓ H2✗ H3·"


def test_numbers() -> None:
    assert [number(value) for value in (0.97952, 1.0, 569, "x", None, 1e-9)] == [
        "0.97952",
        "1",
        "569",
        "x",
        "",
        "1e-09",
    ]


def test_yaml_of_nested_data() -> None:
    data = {
        "name": "hetero_lr_0",
        "empty": {},
        "none": None,
        "word": "yes",
        "number": "12",
        "list": [1, {"a": [True], "b": "x: y"}, []],
        "multi": "a\nb",
    }
    assert yaml(data).splitlines() == [
        "name: hetero_lr_0",
        "empty: {}",
        "none: null",
        'word: "yes"',
        'number: "12"',
        "list:",
        "  - 1",
        "  - a:",
        "      - true",
        '    b: "x: y"',
        "  - []",
        'multi: "a\\nb"',
    ]


def test_yaml_of_a_scalar_is_its_json() -> None:
    assert json.loads(yaml(0.5)) == 0.5


@pytest.mark.parametrize(
    ("status", "code"), [("success", 0), ("pass", 0), ("failed", 1), ("canceled", 1), ("timeout", 4)]
)
def test_the_outcome_of_a_job_is_the_exit_code(status: str, code: int) -> None:
    assert errors.of_status(status) == code


def test_columns_that_do_not_fit_are_left_out() -> None:
    rows = [["id", "a", "b"], ["1", "xxx", "y"]]
    assert fitted(rows, 20) == ["id  a    b", "1   xxx  y"]
    assert fitted(rows, 10) == ["id  a    …", "1   xxx  …"]
    assert fitted(rows, 1) == ["id  …", "1   …"]
    assert fitted([], 10) == []


def test_words_are_shortened_before_numbers() -> None:
    rows = [["ID", "TEXT", "WHEN"], ["202611240001", "a long text of many words", "2026-11-24 01:02:03"]]
    assert narrowed(rows, 60) == rows
    [_, row] = narrowed(rows, 50)
    assert row == ["202611240001", "a long text of…", "2026-11-24 01:02:03"]
    assert sum(map(len, row)) + 4 <= 50
    assert narrowed(rows, 10)[1][0] == "202611240001"
    assert narrowed([["A", "B"], ["表表表表表表表表表", "x"]], 14)[1] == ["表表表表表…", "x"]
