"""Which cells of a line are drawn again."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from fateflow_tui.tui.widgets.changed_cells import changed_cells

RED, PLAIN = Style(color="red"), Style()


def line(*parts: str | tuple[str, Style]) -> Strip:
    return Strip([Segment(*part) if isinstance(part, tuple) else Segment(part, PLAIN) for part in parts])


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (line("same"), line("sa", "me"), None),
        (line("12:00:01 ok"), line("12:00:02 ok"), (7, 8)),
        (line("a---b"), line("A---B"), (0, 5)),
        (line("one two"), line("one ", ("two", RED)), (4, 7)),
        (line("表 1"), line("表 2"), (3, 4)),
        (line("表x"), line("abx"), (0, 2)),
        (line("short"), line("longer"), (0, 6)),
        (line("e\u0301a"), line("e\u0301b"), (0, 2)),
    ],
)
def test_the_cells_that_differ(before: Strip, now: Strip, expected: tuple[int, int] | None) -> None:
    assert changed_cells(before, now) == expected
