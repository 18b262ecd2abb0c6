"""Lane assignment: put each line of a lane drawing into a column, from the top row down.

This is the column assignment of `git log --graph`: a node continues the column of one parent, and each further line
gets the cheapest free column. `refinement` then improves the result with a local search.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

import msgspec

from fateflow_tui.graph.dag import Dag


class LaneSegment(msgspec.Struct):
    """Rows `top` to `bottom` of one column. starts, ends: whether a dot is at that end, and not a corner."""

    column: int
    top: int
    bottom: int
    starts: bool
    ends: bool = False

    def clashes(self, other: LaneSegment) -> bool:
        """Return whether the two cannot share a column.

        A dot right below the last dot of a chain would look like its child.
        """
        above, below = (self, other) if self.top <= other.top else (other, self)
        return below.top <= above.bottom + (1 if above.ends and below.starts else 0)


class Lane(msgspec.Struct):
    """A line from `source` down to `targets`, in the order of their rows."""

    source: str
    segment: int
    targets: list[str]


class NodeLanes(msgspec.Struct):
    """The lanes of a node. comes: the lanes that reach it from the side. detour: its second lane, which starts here; -1
    for none.
    """

    node: str
    segment: int
    comes: list[int] = []
    detour: int = -1


def main_children(dag: Dag, order: list[str]) -> dict[str, str]:
    """Return the child that continues the column of each node: longest chains stay straight, then the last branch.

    A child that is reachable through another child does not count as a branch; its edge is a shortcut.
    """
    row = {name: number for number, name in enumerate(order)}
    bit = {name: 1 << number for name, number in row.items()}
    below: dict[str, int] = {}
    for name in reversed(order):
        reached = 0
        for child in dag.children[name]:
            reached |= below[child] | bit[child]
        below[name] = reached
    up, down = dag.depths(), dag.heights()
    found: dict[str, str] = {}
    taken: set[str] = set()
    for start in sorted(order, key=lambda name: (-up[name] - down[name], row[name])):
        name = start
        while name and name not in found:
            children = sorted(dag.children[name], key=row.__getitem__, reverse=True)
            direct = [child for child in children if not any(below[other] & bit[child] for other in children)]
            found[name] = next((child for child in direct if child not in taken), "")
            taken.add(found[name])
            name = found[name]
    return found


_CROSSING: Final = 3  # what a crossing costs, in columns
_NEW_COLUMN: Final = 4  # plus more in long drawings, which refinement cannot make narrow again
_LONG: Final = 6  # rows for which a new column costs one more
_LEFT_OF_MAIN_LANE: Final = 40


class LaneAssignment(msgspec.Struct):
    """The columns of a lane drawing. Rows and lanes refer to lanes and segments by index. main_lane: the segment of the
    longest path through the graph, which belongs at the left edge.
    """

    rows: list[NodeLanes]
    lanes: list[Lane]
    segments: list[LaneSegment]
    main_lane: int = -1


def assign_lanes(dag: Dag, order: list[str]) -> LaneAssignment:
    """Return a correct drawing of the nodes in this topological order, one row each."""
    return _Assigner(dag, order).work()


class _Assigner:
    def __init__(self, dag: Dag, order: list[str]) -> None:
        self._dag = dag
        self._order = order
        self._row = {name: number for number, name in enumerate(order)}
        self._main_children = main_children(dag, order)
        self._assignment = LaneAssignment([], [], [])
        self._arriving: dict[str, list[int]] = {name: [] for name in order}  # lanes to each node that has no row yet
        self._newest: list[LaneSegment] = []  # of each column
        self._first_of_main_lane = next(iter(self._main_children), "")

    def work(self) -> LaneAssignment:
        for number, name in enumerate(self._order):
            self._assignment.rows.append(self._place(number, name))
        return self._assignment

    def _place(self, number: int, name: str) -> NodeLanes:
        arriving = self._arriving[name]
        above = self._lane_above(name)
        comes = [lane for lane in arriving if lane != above]
        columns = [self._segment_of(lane).column for lane in comes]
        segment = (
            self._assignment.lanes[above].segment if above >= 0 else self._new_segment(number, columns, starts=True)
        )
        if name == self._first_of_main_lane:
            self._assignment.main_lane = segment
        row = NodeLanes(name, segment, comes=comes)
        own = sorted(self._dag.children[name], key=self._row.__getitem__)
        if not own:
            self._assignment.segments[segment].bottom = number
            self._assignment.segments[segment].ends = True
            return row
        column = self._assignment.segments[segment].column
        main_child = self._main_children.get(name, "")
        if any(self._segment_of(lane).column > column for lane in comes) or self._lane_above(main_child) >= 0:
            # A line arrives from the right, so no detour can leave there; or the child has a column already.
            main_child = own[-1]
        self._main_children[name] = main_child
        if main_child and own[-1] != main_child:
            later = own[own.index(main_child) + 1 :]
            row.detour = self._open(Lane(name, self._new_segment(number, [column], starts=False), later))
            own = own[: own.index(main_child) + 1]
        self._open(Lane(name, segment, own))
        return row

    def _lane_above(self, name: str) -> int:
        """Return the lane whose column the node can continue: one that ends at the node, preferably the one whose main
        child it is; -1 for none.
        """
        ending = [lane for lane in self._arriving.get(name, ()) if self._assignment.lanes[lane].targets[-1] == name]
        return min(
            ending, key=lambda lane: self._main_children.get(self._assignment.lanes[lane].source) != name, default=-1
        )

    def _open(self, lane: Lane) -> int:
        number = len(self._assignment.lanes)
        self._assignment.lanes.append(lane)
        self._assignment.segments[lane.segment].bottom = self._row[lane.targets[-1]]
        for target in lane.targets:
            self._arriving[target].append(number)
        return number

    def _segment_of(self, lane: int) -> LaneSegment:
        return self._assignment.segments[self._assignment.lanes[lane].segment]

    def _new_segment(self, row: int, near: list[int], *, starts: bool) -> int:
        """Add a segment from this row on, close to the given columns; a detour only to the right of its node."""
        segment = LaneSegment(0, row, row, starts)
        busy = [column for column, newest in enumerate(self._newest) if newest.bottom >= row]
        main_lane = (
            self._assignment.segments[self._assignment.main_lane].column if self._assignment.main_lane >= 0 else -1
        )
        best, chosen, inserted = float("inf"), 0, True
        for column in range(len(self._newest) + 1):
            for insert in (False, True):
                if not starts and column <= near[0]:
                    continue
                if not insert and (column == len(self._newest) or self._newest[column].clashes(segment)):
                    continue
                low, high = min([column, *near]), max([column, *near])
                between = bisect_left(busy, high) - bisect_right(busy, low)
                crossings = between - sum(low < other < high for other in near)
                cost = _CROSSING * crossings + high - low + column / 100
                if insert:
                    cost += _NEW_COLUMN + len(self._order) // _LONG + (_LEFT_OF_MAIN_LANE if column <= main_lane else 0)
                if cost < best:
                    best, chosen, inserted = cost, column, insert
        if inserted:
            for other in self._assignment.segments:
                other.column += other.column >= chosen
            self._newest.insert(chosen, segment)
        segment.column = chosen
        self._newest[chosen] = segment
        self._assignment.segments.append(segment)
        return len(self._assignment.segments) - 1
