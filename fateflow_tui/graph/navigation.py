"""Move the selection between nodes with the arrow keys."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from fateflow_tui.graph.boxes.layout import BoxLayout
from fateflow_tui.graph.dag import Dag
from fateflow_tui.graph.lanes.layout import LaneLayout


class Direction(StrEnum):
    """An arrow key."""

    UP = "up"
    DOWN = "down"
    LEFT = "left"
    RIGHT = "right"


def neighbour(dag: Dag, layout: LaneLayout | BoxLayout, node: str, direction: Direction) -> str | None:
    """Return the node to select next, or None if there is none in that direction.

    Lanes: up and down move through the rows, left to the nearest source, right to the nearest target.
    Boxes: left and right stay in the layer; up moves to a source and down to a target, to the most vertical one of the
    nearest layer.
    """
    if isinstance(layout, LaneLayout):
        return _in_lanes(dag, layout, node, direction)
    return _in_boxes(dag, layout, node, direction)


def first(layout: LaneLayout | BoxLayout) -> str | None:
    """Return the node to select first."""
    if isinstance(layout, LaneLayout):
        return layout.rows[0].node if layout.rows else None
    return layout.layers[0][0] if layout.layers else None


def _in_lanes(dag: Dag, layout: LaneLayout, node: str, direction: Direction) -> str | None:
    order = [row.node for row in layout.rows]
    row = {name: number for number, name in enumerate(order)}
    match direction:
        case Direction.UP:
            return order[row[node] - 1] if row[node] else None
        case Direction.DOWN:
            return order[row[node] + 1] if row[node] + 1 < len(order) else None
        case Direction.LEFT:
            return max(dag.parents[node], key=row.__getitem__, default=None)
        case Direction.RIGHT:
            return min(dag.children[node], key=row.__getitem__, default=None)


def _in_boxes(dag: Dag, layout: BoxLayout, node: str, direction: Direction) -> str | None:
    depth = next(number for number, layer in enumerate(layout.layers) if node in layer)
    layer = layout.layers[depth]
    place = layer.index(node)
    match direction:
        case Direction.LEFT:
            return layer[place - 1] if place else None
        case Direction.RIGHT:
            return layer[place + 1] if place + 1 < len(layer) else None
        case Direction.UP:
            return _straightest(layout, node, dag.parents[node] or (layout.layers[depth - 1] if depth else ()))
        case Direction.DOWN:
            below = layout.layers[depth + 1 :]
            return _straightest(layout, node, dag.children[node] or (below[0] if below else ()))


def _straightest(layout: BoxLayout, node: str, names: Iterable[str]) -> str | None:
    """Return the node of the nearest layer with the least horizontal distance."""
    here = layout.boxes[node]

    def aside(name: str) -> tuple[int, int]:
        there = layout.boxes[name]
        return abs(there.y - here.y), abs(2 * there.x + there.width - 2 * here.x - here.width)

    return min(names, key=aside, default=None)
