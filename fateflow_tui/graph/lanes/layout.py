"""Lane drawings: one row per node, with the lines of a revision history.

A horizontal line belongs to the node of its row. It arrives from every lane that it touches; where it ends in a corner
that leads down, it leaves instead. A lane belongs to the node at its top.
"""

from __future__ import annotations

import msgspec

from fateflow_tui.core.cells import width
from fateflow_tui.graph.cells import DOWN, EMPTY, LEFT, RIGHT, UNICODE, UP, Cell, CellKind, Glyphs
from fateflow_tui.graph.dag import Dag, Link
from fateflow_tui.graph.lanes.assignment import LaneAssignment, assign_lanes
from fateflow_tui.graph.lanes.order import orders
from fateflow_tui.graph.lanes.refinement import Refinement

_Arms = dict[int, int]
_Links = dict[int, dict[Link, None]]


def row_cells(assignment: LaneAssignment, columns: int, glyphs: Glyphs) -> list[tuple[Cell, ...]]:
    """Return the cells of each row: one per column and one between two columns."""
    position = {row.node: number for number, row in enumerate(assignment.rows)}
    passing: list[list[tuple[int, list[Link]]]] = [[] for _ in assignment.rows]
    for lane in assignment.lanes:
        column = assignment.segments[lane.segment].column
        for number in range(position[lane.source] + 1, position[lane.targets[-1]]):
            links = [(lane.source, target) for target in lane.targets if position[target] >= number]
            passing[number].append((column, links))
    return [_Line(assignment, number, passing[number], columns).cells(glyphs) for number in range(len(assignment.rows))]


class _Line:
    """The directions of the lines in each cell of a row, and their links."""

    def __init__(
        self, assignment: LaneAssignment, number: int, passing: list[tuple[int, list[Link]]], columns: int
    ) -> None:
        row = assignment.rows[number]
        self._node = row.node
        self._home = 2 * assignment.segments[row.segment].column
        self._cell_count = max(0, 2 * columns - 1)
        self._arms: _Arms = {}
        self._links: _Links = {}
        for column, links in passing:
            self._add(2 * column, UP | DOWN, links)
        comes = [
            (2 * assignment.segments[assignment.lanes[index].segment].column, assignment.lanes[index])
            for index in row.comes
        ]
        for x, lane in sorted(comes, key=lambda come: -abs(come[0] - self._home)):
            self._level(x, [(lane.source, row.node)])
            self._add(x, UP | (LEFT if x > self._home else RIGHT), [(lane.source, row.node)])
            if lane.targets[-1] != row.node:
                # a line from farther away joins the lane here: all four directions would look like a crossing
                self._arms[x] = UP | DOWN | (LEFT if x > self._home else RIGHT)
        if row.detour >= 0:
            lane = assignment.lanes[row.detour]
            x = 2 * assignment.segments[lane.segment].column
            links = [(lane.source, target) for target in lane.targets]
            self._level(x, links)
            self._add(x, DOWN | (LEFT if x > self._home else RIGHT), links)

    def cells(self, glyphs: Glyphs) -> tuple[Cell, ...]:
        cells = [EMPTY] * self._cell_count
        for x, arms in self._arms.items():
            cells[x] = Cell(glyphs.lines[arms], CellKind.LINE, edges=tuple(self._links[x]))
        cells[self._home] = Cell(glyphs.node, CellKind.DOT, self._node)
        return tuple(cells)

    def _level(self, x: int, links: list[Link]) -> None:
        """Draw a horizontal line between the node and a cell, without these two."""
        for between in range(min(x, self._home) + 1, max(x, self._home)):
            self._add(between, LEFT | RIGHT, links)

    def _add(self, x: int, arms: int, links: list[Link]) -> None:
        self._arms[x] = self._arms.get(x, 0) | arms
        self._links.setdefault(x, {}).update(dict.fromkeys(links))


_SMALL = 24  # nodes up to which several orders are compared


class LaneRow(msgspec.Struct, frozen=True):
    """The row of a node. cells: its lines, the same number in all rows. label: the text beside them."""

    node: str
    label: str
    cells: tuple[Cell, ...]


class LaneLayout(msgspec.Struct, frozen=True):
    """A lane drawing. lines_width: cells of the lines in each row. label_width: cells of the labels."""

    rows: tuple[LaneRow, ...]
    lines_width: int
    label_width: int
    glyphs: Glyphs

    @property
    def width(self) -> int:
        """Cells of lines and labels, without statuses."""
        return self.lines_width + 2 + self.label_width

    @property
    def height(self) -> int:
        return len(self.rows)

    def fits(self, width: int, height: int, detail_width: int = 0) -> bool:
        """Return whether the drawing fits, with statuses of `detail_width` cells on the right."""
        return self.width + (2 + detail_width if detail_width else 0) <= width and self.height <= height


def lay_lanes(dag: Dag, glyphs: Glyphs = UNICODE, *, keep_order: bool = False, label_width: int = 32) -> LaneLayout:
    """Lay out a graph as lanes. keep_order: keep the order of `dag.names`; by default use the order with the simplest
    drawing. label_width: cut longer labels.
    """
    best: tuple[float, LaneAssignment] | None = None
    candidates = [list(dag.names)] if keep_order else orders(dag)
    for order in candidates if len(dag.names) <= _SMALL else candidates[:1]:
        assignment = assign_lanes(dag, order)
        cost = Refinement(assignment).refine()
        if best is None or cost < best[0]:
            best = cost, assignment
    assignment = best[1] if best else LaneAssignment([], [], [])
    columns = max((segment.column for segment in assignment.segments), default=-1) + 1
    drawn = row_cells(assignment, columns, glyphs)
    rows = tuple(
        LaneRow(row.node, dag.labels[row.node], cells) for row, cells in zip(assignment.rows, drawn, strict=True)
    )
    labels = max((width(label) for label in dag.labels.values()), default=0)
    return LaneLayout(rows, max(0, 2 * columns - 1), min(labels, label_width), glyphs)
