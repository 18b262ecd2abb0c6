"""Local search over a lane assignment: move segments to other columns while that saves crossings and length."""

from __future__ import annotations

from typing import Final

from fateflow_tui.graph.lanes.assignment import Lane, LaneAssignment, LaneSegment, NodeLanes

_EFFORT: Final = 20_000  # segments examined, row by row
_CROSSING: Final = 6.0
_THROUGH: Final = 9.0  # a lane that continues where a line to the same node passes
_LENGTH: Final = 1.0
_NODE_ASIDE: Final = 0.6  # a node's dot one column off the left edge
_LANE_ASIDE: Final = 0.2
_MAIN_LANE_ASIDE: Final = 3.0
_COLUMN: Final = 12.0
_NEVER: Final = 1e9


class Refinement:
    """Tries moves and keeps those that reduce the cost."""

    def __init__(self, assignment: LaneAssignment) -> None:
        self._assignment = assignment
        self._segments = assignment.segments
        self._spent = 0
        self._alive: list[list[int]] = [[] for _ in assignment.rows]  # segments by row
        for number, segment in enumerate(assignment.segments):
            for row in range(segment.top, segment.bottom + 1):
                self._alive[row].append(number)
        self._taps = [
            [(lane.segment, lane.targets[-1] != row.node) for lane in self._lanes(row)] for row in assignment.rows
        ]

    def refine(self) -> float:
        """Change the columns of the segments and return the cost of the drawing."""
        moved = 1
        while moved and self._spent < _EFFORT:
            moved = sum(self._move(segment) for segment in self._segments)
        for column in sorted({segment.column for segment in self._segments}, reverse=True):
            if self._spent < 2 * _EFFORT:
                self._clear(column)
        used = sorted({segment.column for segment in self._segments})
        narrow = {column: number for number, column in enumerate(used)}
        for segment in self._segments:
            segment.column = narrow[segment.column]
        return sum(self._cost(row) for row in range(len(self._assignment.rows))) + len(used)

    def _lanes(self, row: NodeLanes) -> list[Lane]:
        return [self._assignment.lanes[lane] for lane in row.comes]

    def _move(self, segment: LaneSegment) -> bool:
        """Move a segment to a better column, and the segments in its way to its old column."""
        moved = False
        for column in range(max(other.column for other in self._segments) + 2):
            if column == segment.column or self._spent >= _EFFORT:
                continue
            home = segment.column
            there = [other for other in self._segments if other.column == column and other.clashes(segment)]
            here = [other for other in self._segments if other.column == home and other is not segment]
            if any(other.clashes(neighbour) for other in there for neighbour in here):
                continue
            rows = sorted({row for one in (segment, *there) for row in range(one.top, one.bottom + 1)})
            before = self._sum(rows)
            self._exchange(segment, there, column, home)
            if self._sum(rows) < before - 1e-6:
                moved = True
            else:
                self._exchange(segment, there, home, column)
        return moved

    def _clear(self, column: int) -> None:
        """Empty a column if its segments fit into others at little cost."""
        inside = [segment for segment in self._segments if segment.column == column]
        others = sorted({segment.column for segment in self._segments} - {column})
        harm = 0.0
        for segment in inside:
            rows = list(range(segment.top, segment.bottom + 1))
            before, best, chosen = self._sum(rows), _NEVER, column
            for there in others:
                if not any(other.column == there and other.clashes(segment) for other in self._segments):
                    segment.column = there
                    cost = self._sum(rows) - before
                    best, chosen = min((best, chosen), (cost, there))
            segment.column = chosen
            harm += best
            if harm > _COLUMN:
                break
        if harm > _COLUMN:
            for segment in inside:
                segment.column = column

    def _exchange(self, segment: LaneSegment, others: list[LaneSegment], column: int, home: int) -> None:
        segment.column = column
        for other in others:
            other.column = home

    def _sum(self, rows: list[int]) -> float:
        self._spent += sum(len(self._alive[row]) + 4 for row in rows)
        return sum(map(self._cost, rows))

    def _cost(self, number: int) -> float:
        row = self._assignment.rows[number]
        segments = self._segments
        home = segments[row.segment].column
        taps = {segments[segment].column: goes_on for segment, goes_on in self._taps[number]}
        low = min(taps, default=home)
        high = max(taps, default=home)
        if row.detour >= 0:
            column = segments[self._assignment.lanes[row.detour].segment].column
            if (high > home) if column > home else (low < home):
                return _NEVER
            low, high = min(low, column), max(high, column)
        low, high = min(low, home), max(high, home)
        cost = _NODE_ASIDE * home + _LENGTH * (high - low)
        for segment in self._alive[number]:
            column = segments[segment].column
            cost += (_MAIN_LANE_ASIDE if segment == self._assignment.main_lane else _LANE_ASIDE) * column
            if low < column < high and column != home:
                if column not in taps:
                    cost += _CROSSING
                elif taps[column]:
                    cost += _THROUGH
        return cost
