"""Reading JSON with positions."""

from __future__ import annotations

import json

import pytest

from fateflow_tui.core.document.json_text import MAX_DEPTH, path_text, read_json

TEXT = """{
  "components": {
    "reader_0": {"module": "Reader", "output": {"data": ["data", "more"]}},
    "a \\"b\\"": [1, [2, {"x": null}], "}{]["]
  }
}"""


def test_positions_are_those_of_keys_and_elements():
    document = read_json(TEXT)
    assert document.value == json.loads(TEXT)
    paths = [
        (),
        ("components", "reader_0"),
        ("components", "reader_0", "output", "data", 1),
        ("components", 'a "b"', 1, 1, "x"),
        ("components", 'a "b"', 2),
    ]
    found = document.positions([*paths, ("components", "ghost")])
    lines = TEXT.split("\n")
    assert set(found) == set(paths)
    assert found[()] == (1, 1)
    assert {path: lines[line - 1][column - 1 :][:6] for path, (line, column) in found.items()} == {
        (): "{",
        paths[1]: '"reade',
        paths[2]: '"more"',
        paths[3]: '"x": n',
        paths[4]: '"}{]["',
    }


def test_bytes_with_a_byte_order_mark_are_read():
    assert read_json(b'\xef\xbb\xbf{"a": 1}').value == {"a": 1}


def test_parsed_values_have_no_positions():
    document = read_json({"a": [1]})
    assert (document.value, document.errors, document.positions([("a",)])) == ({"a": [1]}, [], {})


def test_repeated_keys_are_flaws_at_the_second_one():
    text = '{"a": {"x": 1, "y": [{"z": 1}, {"z": 2}], "x": 2},\n "b": 1,\n "b": 2}'
    errors = read_json(text).errors
    assert [(error.code, error.path) for error in errors] == [
        ("DuplicateKeyError", ("a", "x")),
        ("DuplicateKeyError", ("b",)),
    ]
    assert [(error.line, error.column) for error in errors] == [(1, 43), (3, 2)]


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ('{"a": 1,}', "JSONSyntaxError", 9),
        ('{"a": 1} x', "JSONSyntaxError", 10),
        ("", "JSONSyntaxError", 1),
        ('{"a": NaN}', "JSONSyntaxError", 0),
        ("$placeholder", "JSONSyntaxError", 1),
        (b"\xff\xfe", "JSONSyntaxError", 0),
        ('{"a": 1e999}', "JSONValueError", 2),
        ('{"a": [12345678901234567890123]}', "JSONValueError", 8),
        ('{"a": ' + "9" * 5000 + "}", "JSONValueError", 7),
        ('{"a": "\\ud800"}', "JSONValueError", 2),
        ("[" * 100_000 + "]" * 100_000, "DocumentLimitError", 0),
        ("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2), "DocumentLimitError", MAX_DEPTH + 1),
    ],
)
def test_unfit_text_is_a_flaw_and_no_value(text: str | bytes, code: str, column: int):
    document = read_json(text)
    assert document.value is None
    assert [(error.code, error.column) for error in document.errors] == [(code, column)]


def test_deep_and_odd_parsed_values_are_flaws():
    deep: dict[str, object] = {}
    for _ in range(50_000):
        deep = {"a": deep}
    assert [error.code for error in read_json(deep).errors] == ["DocumentLimitError"]
    for odd in ({"a": {1: 2}}, {"a": float("inf")}, {"a": (1,)}, {"\ud800é": 1}):
        assert [error.code for error in read_json(odd).errors] == ["JSONValueError"]
    while deep:  # Python frees nested objects by recursion
        deep = deep.pop("a")  # type: ignore[assignment]


def test_ten_megabytes_are_read_and_searched():
    component = {"module": "Reader", "output": {"data": ["data"]}, "note": "x" * 400}
    text = json.dumps({"components": {f"reader_{i}": component for i in range(20_000)}})
    assert len(text) > 9_000_000
    text = text[:-1] + ', "components": 1}'
    document = read_json(text)
    assert [error.code for error in document.errors] == ["DuplicateKeyError"]
    assert document.positions([("components",)])


def test_paths_are_written_as_json_paths():
    assert path_text(()) == "$"
    assert path_text(("components", "hetero_lr_0", "input", "data", "train_data", 0)) == (
        "$.components.hetero_lr_0.input.data.train_data[0]"
    )
    assert path_text(("role", "0|1", "bad name!")) == '$.role["0|1"]["bad name!"]'
    assert len(path_text(("x" * 100_000,))) < 1_000
