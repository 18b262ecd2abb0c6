"""Arrow keys in both drawings."""

from __future__ import annotations

from fateflow_tui.graph import Dag, Direction, first, lay_boxes, lay_lanes, neighbour
from tests.unit.graph_examples import EXAMPLES, FORK_AND_JOIN

UP, DOWN, LEFT, RIGHT = Direction.UP, Direction.DOWN, Direction.LEFT, Direction.RIGHT


def test_lanes_go_through_rows_and_along_edges():
    dag = Dag.of_needs(FORK_AND_JOIN)
    layout = lay_lanes(dag)
    order = [row.node for row in layout.rows]
    assert first(layout) == "reader_0"
    assert [neighbour(dag, layout, name, DOWN) for name in order] == [*order[1:], None]
    assert [neighbour(dag, layout, name, UP) for name in order] == [None, *order[:-1]]
    assert neighbour(dag, layout, "statistic_0", LEFT) == "intersection_0"
    assert neighbour(dag, layout, "statistic_0", RIGHT) == "hetero_feature_selection_0"
    assert neighbour(dag, layout, "reader_0", LEFT) is None


def test_boxes_go_along_edges_and_through_layers():
    dag = Dag.of_needs(FORK_AND_JOIN)
    layout = lay_boxes(dag)
    left, right = layout.layers[2]
    assert {left, right} == {"hetero_feature_binning_0", "statistic_0"}
    assert (neighbour(dag, layout, left, RIGHT), neighbour(dag, layout, right, LEFT)) == (right, left)
    assert (neighbour(dag, layout, left, LEFT), neighbour(dag, layout, right, RIGHT)) == (None, None)
    assert neighbour(dag, layout, "hetero_feature_binning_0", DOWN) == "scorecard_0"
    assert neighbour(dag, layout, "statistic_0", DOWN) == "hetero_feature_selection_0"
    assert neighbour(dag, layout, "statistic_0", UP) == "intersection_0"
    assert neighbour(dag, layout, "hetero_lr_0", DOWN) is None


def test_a_node_without_parents_leads_up_to_the_layer_above():
    dag = Dag.of_needs(EXAMPLES["two_readers"])
    layout = lay_boxes(dag)
    assert "reader_1" in layout.layers[1]
    assert neighbour(dag, layout, "reader_1", UP) == "reader_0"


def test_every_node_can_be_reached_from_the_first():
    for needs in EXAMPLES.values():
        dag = Dag.of_needs(needs)
        for layout in (lay_lanes(dag), lay_boxes(dag)):
            start = first(layout)
            assert start is not None
            seen, waiting = {start}, [start]
            while waiting:
                name = waiting.pop()
                for direction in Direction:
                    there = neighbour(dag, layout, name, direction)
                    if there is not None and there not in seen:
                        seen.add(there)
                        waiting.append(there)
            assert seen == set(dag.names)


def test_nothing_to_select_in_an_empty_graph():
    assert first(lay_lanes(Dag([]))) is None
    assert first(lay_boxes(Dag([]))) is None
