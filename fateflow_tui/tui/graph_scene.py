"""The drawing of a job's graph made ready for a terminal: rows of cells, ways of edges, who is related to whom; pure.

Made once for a job and a kind of view; statuses and the selection only choose styles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from fateflow_tui.graph import Cell, Dag, Link, Part, cell_rows, lay_boxes, lay_lanes
from fateflow_tui.graph.boxes import BoxLayout
from fateflow_tui.graph.lanes import LaneLayout

BOXES: Final = "boxes"
COMPACT: Final = "compact"
LANES: Final = "lanes"
KINDS: Final = (BOXES, COMPACT, LANES)
_LABEL: Final = 28  # places of the longest name in a box

Place = tuple[int, int]


class Scene(msgspec.Struct, dict=True):
    """rows: of the drawing, without statuses. spots: where each node's status begins. room: places for it.
    areas: what of the drawing is each node's: x, y, width, height. at_row: the nodes whose status is in a row.
    """

    kind: str
    dag: Dag
    layout: LaneLayout | BoxLayout
    rows: list[list[Cell]]
    width: int
    spots: dict[str, Place]
    room: int
    areas: dict[str, tuple[int, int, int, int]]
    at_row: dict[int, list[str]]

    @property
    def height(self) -> int:
        return len(self.rows)

    def node_at(self, x: int, y: int) -> str:
        if not 0 <= y < self.height:
            return ""
        row = self.rows[y]
        if x < len(row) and row[x].node:
            return row[x].node
        return self.layout.rows[y].node if isinstance(self.layout, LaneLayout) else ""

    def way(self, link: Link) -> list[Place]:
        """The places of an edge from its source to its target."""
        if isinstance(self.layout, BoxLayout):
            return self.layout.path(link)
        return _lane_way(self.layout, self.spots, link)


def draw(dag: Dag, kind: str, detail: int) -> Scene:
    """detail: places that the statuses of a node need at most."""
    if kind == LANES:
        lanes = lay_lanes(dag)
        rows = cell_rows(lanes)
        spots = {row.node: (lanes.width + 2, number) for number, row in enumerate(lanes.rows)}
        areas = {row.node: (0, number, lanes.width + 2 + detail, 1) for number, row in enumerate(lanes.rows)}
        return Scene(kind, dag, lanes, rows, lanes.width + 2 + detail, spots, detail, areas, _by_row(spots))
    boxes = lay_boxes(dag, detail_width=detail, compact=kind == COMPACT, label_width=_LABEL)
    places = {name: box.detail for name, box in boxes.boxes.items()}
    around = {name: (box.x, box.y, box.width, box.height) for name, box in boxes.boxes.items()}
    return Scene(kind, dag, boxes, cell_rows(boxes), boxes.width, places, detail, around, _by_row(places))


def related(dag: Dag, node: str) -> frozenset[str]:
    """A node with all that it depends on and all that depends on it; empty for no node."""
    return frozenset({node, *dag.ancestors(node), *dag.descendants(node)}) if node in dag.parents else frozenset()


def arrow_of(way: Sequence[Place], step: int) -> str:
    """The sign of something that moves along a way, at one of its places."""
    here, there = way[step], way[min(step + 1, len(way) - 1)]
    if there[0] == here[0]:
        return "▼"
    return "▶" if there[0] > here[0] else "◀"


def _by_row(spots: Mapping[str, Place]) -> dict[int, list[str]]:
    rows: dict[int, list[str]] = {}
    for name, (_, y) in spots.items():
        rows.setdefault(y, []).append(name)
    return rows


def _lane_way(layout: LaneLayout, spots: Mapping[str, Place], link: Link) -> list[Place]:
    """Down the lane: out of the source's row, and at last into that of the target, from the side."""
    source, target = spots[link[0]][1], spots[link[1]][1]
    way: list[Place] = []
    for y in range(source, target + 1):
        cells = layout.rows[y].cells
        here = [x for x, cell in enumerate(cells) if link in cell.edges]
        dot = next(x for x, cell in enumerate(cells) if cell.part is Part.DOT)
        here.sort(key=lambda x: abs(x - dot), reverse=y == target)
        way += [(x, y) for x in here]
    return way
