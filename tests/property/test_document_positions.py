"""Positions in random JSON documents, and random text."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fateflow_tui.core.document.json_text import Path, read_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=6), inner, max_size=5),
    max_leaves=30,
)


def paths_of(value: Any, path: Path = ()) -> list[Path]:
    members: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    return [path, *(deeper for key, item in members for deeper in paths_of(item, (*path, key)))]


def value_at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


@given(VALUES, st.sampled_from([None, 0, 2]), st.booleans())
def test_every_position_is_right(value: Any, indent: int | None, ascii_only: bool):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    document = read_json(text)
    assert (document.value, document.errors) == (value, [])
    positions = document.positions(paths_of(value))
    assert positions.keys() == set(paths_of(value))
    lines = text.split("\n")
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(len(lines))]
    for path, (line, column) in positions.items():
        found, _ = json.JSONDecoder().raw_decode(text, starts[line - 1] + column - 1)
        expected = path[-1] if path and isinstance(path[-1], str) else value_at(value, path)
        assert found == expected


@given(st.text() | st.binary() | st.text(alphabet='{}[]":,1a\\ \n'))
def test_any_text_is_a_document_or_a_flaw(text: str | bytes):
    document = read_json(text)
    assert document.errors or document.positions([()]).keys() == {()}
