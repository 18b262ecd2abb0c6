"""Lane drawings: one row per node, the lines between them as in a revision history.

A level line belongs to the node of its row. It comes from every lane that it touches, but where it ends in a corner
that leads down it goes out instead. A lane belongs to the node at its top.
"""

from __future__ import annotations

import msgspec

from fateflow_tui.core.cells import width
from fateflow_tui.graph.cells import DOWN, EMPTY, LEFT, RIGHT, UNICODE, UP, Cell, Glyphs, Part
from fateflow_tui.graph.dag import Dag, Link
from fateflow_tui.graph.lanes.assignment import Weave, weave
from fateflow_tui.graph.lanes.order import orders
from fateflow_tui.graph.lanes.refinement import Tuner

_Arms = dict[int, int]
_Links = dict[int, dict[Link, None]]


def row_cells(woven: Weave, columns: int, glyphs: Glyphs) -> list[tuple[Cell, ...]]:
    """Of every row a cell per column and one between each two columns."""
    position = {row.node: number for number, row in enumerate(woven.rows)}
    passing: list[list[tuple[int, list[Link]]]] = [[] for _ in woven.rows]
    for lane in woven.lanes:
        column = woven.strands[lane.strand].column
        for number in range(position[lane.source] + 1, position[lane.targets[-1]]):
            links = [(lane.source, target) for target in lane.targets if position[target] >= number]
            passing[number].append((column, links))
    return [_Line(woven, number, passing[number], columns).cells(glyphs) for number in range(len(woven.rows))]


class _Line:
    """The sides that the lines of one row reach, by place, and the links that pass there."""

    def __init__(self, woven: Weave, number: int, passing: list[tuple[int, list[Link]]], columns: int) -> None:
        row = woven.rows[number]
        self._node = row.node
        self._home = 2 * woven.strands[row.strand].column
        self._places = max(0, 2 * columns - 1)
        self._arms: _Arms = {}
        self._links: _Links = {}
        for column, links in passing:
            self._add(2 * column, UP | DOWN, links)
        comes = [(2 * woven.strands[woven.lanes[index].strand].column, woven.lanes[index]) for index in row.comes]
        for place, lane in sorted(comes, key=lambda come: -abs(come[0] - self._home)):
            self._level(place, [(lane.source, row.node)])
            self._add(place, UP | (LEFT if place > self._home else RIGHT), [(lane.source, row.node)])
            if lane.targets[-1] != row.node:
                # a line from farther away passes behind the lane: all four sides would look like a mere crossing
                self._arms[place] = UP | DOWN | (LEFT if place > self._home else RIGHT)
        if row.detour >= 0:
            lane = woven.lanes[row.detour]
            place = 2 * woven.strands[lane.strand].column
            links = [(lane.source, target) for target in lane.targets]
            self._level(place, links)
            self._add(place, DOWN | (LEFT if place > self._home else RIGHT), links)

    def cells(self, glyphs: Glyphs) -> tuple[Cell, ...]:
        cells = [EMPTY] * self._places
        for place, arms in self._arms.items():
            cells[place] = Cell(glyphs.lines[arms], Part.LINE, edges=tuple(self._links[place]))
        cells[self._home] = Cell(glyphs.node, Part.DOT, self._node)
        return tuple(cells)

    def _level(self, place: int, links: list[Link]) -> None:
        """A level line between the node and a place, both left out."""
        for between in range(min(place, self._home) + 1, max(place, self._home)):
            self._add(between, LEFT | RIGHT, links)

    def _add(self, place: int, arms: int, links: list[Link]) -> None:
        self._arms[place] = self._arms.get(place, 0) | arms
        self._links.setdefault(place, {}).update(dict.fromkeys(links))


_SMALL = 24  # nodes up to which several orders are tried


class LaneRow(msgspec.Struct, frozen=True):
    """One node's row. cells: the lines, of the same number in all rows. label: what is to stand beside them."""

    node: str
    label: str
    cells: tuple[Cell, ...]


class LaneLayout(msgspec.Struct, frozen=True):
    """A drawing of lanes. lines_width: cells of each row. label_width: places for labels."""

    rows: tuple[LaneRow, ...]
    lines_width: int
    label_width: int
    glyphs: Glyphs

    @property
    def width(self) -> int:
        """Of lines and labels, without statuses."""
        return self.lines_width + 2 + self.label_width

    @property
    def height(self) -> int:
        return len(self.rows)

    def fits(self, width: int, height: int, detail_width: int = 0) -> bool:
        """Whether it can be shown whole, with statuses of that many places at the right."""
        return self.width + (2 + detail_width if detail_width else 0) <= width and self.height <= height


def lay_lanes(dag: Dag, glyphs: Glyphs = UNICODE, *, keep_order: bool = False, label_width: int = 32) -> LaneLayout:
    """keep_order: rows in the order of `dag.names`; else in one that makes the picture simple. label_width: at most;
    longer labels are cut.
    """
    best: tuple[float, Weave] | None = None
    candidates = [list(dag.names)] if keep_order else orders(dag)
    for order in candidates if len(dag.names) <= _SMALL else candidates[:1]:
        woven = weave(dag, order)
        cost = Tuner(woven).tune()
        if best is None or cost < best[0]:
            best = cost, woven
    woven = best[1] if best else Weave([], [], [])
    columns = max((strand.column for strand in woven.strands), default=-1) + 1
    drawn = row_cells(woven, columns, glyphs)
    rows = tuple(LaneRow(row.node, dag.labels[row.node], cells) for row, cells in zip(woven.rows, drawn, strict=True))
    labels = max((width(label) for label in dag.labels.values()), default=0)
    return LaneLayout(rows, max(0, 2 * columns - 1), min(labels, label_width), glyphs)
