"""The lines of a drawing connect each node to its children and to no others."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fateflow_tui.graph import ASCII, UNICODE, BoxLayout, Dag, Glyphs, LaneLayout, lay_boxes, lay_lanes, render_text
from tests.property.graph_lines import BoxReader, LaneReader
from tests.property.graph_random import KINDS, children_of, random_needs

GRAPHS = 4 * settings().max_examples  # of each kind in each form at least five
SETS = pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])


@st.composite
def small_needs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Any graph of few nodes, so that a failure shrinks to one that can be read."""
    count = draw(st.integers(1, 9))
    return {
        f"n{number}": [f"n{other}" for other in range(number) if draw(st.booleans())] if number else []
        for number in range(count)
    }


def check_lanes(needs: dict[str, list[str]], layout: LaneLayout) -> None:
    text = render_text(layout)
    reader = LaneReader(text)
    assert reader.children() == children_of(needs), text
    row = {name: number for number, name in enumerate(reader.names)}
    assert row.keys() == needs.keys()
    assert all(row[source] < row[name] for name, sources in needs.items() for source in sources)
    assert all(len(line) == layout.lines_width for line in (row.cells for row in layout.rows))
    assert (layout.lines_width + 1) // 2 <= widest(needs, reader.names) + 2


def widest(needs: dict[str, list[str]], order: list[str]) -> int:
    """Nodes that have a child to come or have just been drawn, at the row where they are most."""
    last = {name: number for number, name in enumerate(order)}
    first = dict(last)
    for name, sources in needs.items():
        for source in sources:
            last[source] = max(last[source], first[name])
    return max(sum(first[name] <= row <= last[name] + 1 for name in order) for row in range(len(order)))


def check_boxes(needs: dict[str, list[str]], layout: BoxLayout) -> None:
    text = render_text(layout)
    reader = BoxReader(text, needs)
    assert reader.children() == children_of(needs), text
    bottom = {name: box[3] for name, box in reader.boxes.items()}
    top = {name: box[1] for name, box in reader.boxes.items()}
    assert all(bottom[source] < top[name] for name, sources in needs.items() for source in sources)
    lines = text.split("\n")
    assert (layout.width, layout.height) == (max(map(len, lines)), len(lines))


@pytest.mark.slow
@SETS
def test_lanes_of_random_graphs(glyphs: Glyphs):
    for seed in range(GRAPHS):
        needs = random_needs(seed)
        check_lanes(needs, lay_lanes(Dag.of_needs(needs), glyphs))


@pytest.mark.slow
@SETS
def test_boxes_of_random_graphs(glyphs: Glyphs):
    """Of every form in turn: plain, in one row, with room for a status."""
    for seed in range(GRAPHS):
        needs = random_needs(seed)
        form = seed // len(KINDS) % 4
        layout = lay_boxes(Dag.of_needs(needs), glyphs, compact=form in (1, 3), detail_width=7 if form > 1 else 0)
        check_boxes(needs, layout)


@SETS
@given(needs=small_needs())
@settings(derandomize=True)
def test_drawings_of_small_graphs(glyphs: Glyphs, needs: dict[str, list[str]]):
    dag = Dag.of_needs(needs)
    check_lanes(needs, lay_lanes(dag, glyphs))
    check_lanes(needs, lay_lanes(dag, glyphs, keep_order=True))
    check_boxes(needs, lay_boxes(dag, glyphs))


def test_every_path_goes_from_source_to_target_along_its_own_cells():
    for seed in range(GRAPHS // 2):
        needs = random_needs(seed)
        dag = Dag.of_needs(needs)
        layout = lay_boxes(dag)
        for source, target in dag.links:
            path = layout.path((source, target))
            box, end = layout.boxes[source], layout.boxes[target]
            assert path[0][1] == box.y + box.height
            assert box.x < path[0][0] < box.x + box.width
            assert path[-1][1] == end.y - 1
            assert end.x < path[-1][0] < end.x + end.width
            assert all(abs(x - a) + abs(y - b) == 1 for (x, y), (a, b) in pairwise(path))
            assert all((source, target) in layout.cells[y][x].edges for x, y in path)


def test_cells_of_lanes_name_their_edges():
    for seed in range(GRAPHS // 2):
        dag = Dag.of_needs(random_needs(seed))
        drawn = {link for row in lay_lanes(dag).rows for cell in row.cells for link in cell.edges}
        assert drawn <= set(dag.links)
