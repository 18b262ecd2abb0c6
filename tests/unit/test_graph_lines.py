"""The readers of drawings see what is wrong with a wrong drawing."""

from __future__ import annotations

import pytest

from tests.property.graph_lines import BoxReader, LaneReader


def test_lanes_are_followed():
    text = "●─╮  a\n├─┼─●  b\n● │ │  c\n●─┴─╯  d"
    assert LaneReader(text).children() == {"a": {"b", "c", "d"}, "b": {"d"}, "c": {"d"}, "d": set()}


@pytest.mark.parametrize(
    "text",
    [
        "●  a\n●─╮  b\n●  c",  # a line to nowhere
        "●  a\n  ●  b\n│ ●  c\n●─╯  d",  # a lane from nowhere
        "●─╮  a\n● │  b\n  │  ●  c",  # past the last row
        "●─╮  a\n●─│─╮  b\n● │ │  c\n●─╯ │  d\n●───╯  e",  # a level line through a lane without a crossing
        "●─╮  a\n●●│  b\n●─╯  c",  # two dots
        "●─╮  a\n●   b\n●─╯  c",  # a gap
    ],
)
def test_broken_lanes_are_noticed(text: str):
    with pytest.raises((AssertionError, IndexError)):
        LaneReader(text).children()


def test_dots_below_each_other_are_joined():
    assert LaneReader("●  a\n●  b").children() == {"a": {"b"}, "b": set()}
    assert LaneReader("●  a\n  ●  b").children() == {"a": set(), "b": set()}


GOOD = """\
[ a ]  [ b ]
  ├──────┼─╮
  ▼      ▼ ▼
[ c ]  [ d   ]"""


def test_lines_that_cross_are_kept_apart():
    assert BoxReader(GOOD, "abcd").children() == {"a": {"c", "d"}, "b": {"d"}, "c": set(), "d": set()}
    same = GOOD.replace("├", "+").replace("─┼─╮", "-|-.").replace("─", "-").replace("▼", "v")
    assert BoxReader(same, "abcd").children() == {"a": {"c", "d"}, "b": {"d"}, "c": set(), "d": set()}


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("┼", "┴"),  # lines of two sources join
        ("┼", "│"),  # a level line breaks off
        ("┼", "─"),  # the line from b breaks off
        ("▼ ▼", "▼ │"),  # a line runs into a box without an arrow
        ("├", "│"),  # a line from nowhere
        ("▼ ▼", "▼   ▼"),  # an arrow beside its line
        ("[ d   ]", "[ d]   "),  # an arrow beside the box
    ],
)
def test_broken_boxes_are_noticed(good: str, bad: str):
    expected = BoxReader(GOOD, "abcd").children()
    try:
        found = BoxReader(GOOD.replace(good, bad), "abcd").children()
    except (AssertionError, KeyError):
        return
    assert found != expected
