"""The characters of one row of a lane drawing."""

from __future__ import annotations

from fateflow_tui.graph.cells import EMPTY, Cell, Part
from fateflow_tui.graph.dag import Link
from fateflow_tui.graph.glyphs import DOWN, LEFT, RIGHT, UP, Glyphs
from fateflow_tui.graph.weaving import Weave

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
