"""Lane assignment: each line of a lane drawing is put into a column, from the top row down."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

import msgspec

from fateflow_tui.graph.dag import Dag


class Strand(msgspec.Struct):
    """Rows from `top` to `bottom` of one column. starts, ends: with a node's dot there, not with a corner."""

    column: int
    top: int
    bottom: int
    starts: bool
    ends: bool = False

    def clashes(self, other: Strand) -> bool:
        """Whether they cannot share a column. A dot right below the last dot of a chain would look like its heir."""
        above, below = (self, other) if self.top <= other.top else (other, self)
        return below.top <= above.bottom + (1 if above.ends and below.starts else 0)


class Lane(msgspec.Struct):
    """A line down from `source` to `targets`, in the order of their rows."""

    source: str
    strand: int
    targets: list[str]


class Row(msgspec.Struct):
    """One node. comes: the lanes that reach it sideways. detour: its second lane, which starts here, or -1."""

    node: str
    strand: int
    comes: list[int] = []
    detour: int = -1


def heirs(dag: Dag, order: list[str]) -> dict[str, str]:
    """Who continues whose column: the longest chains stay straight, and of several branches the last one.

    A child that is also below another child is no branch; its edge is a short cut.
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
_NEW_COLUMN: Final = 4  # and more in long drawings, which tuning cannot make narrow again
_LONG: Final = 6  # rows for which a new column costs one more
_LEFT_OF_TRUNK: Final = 40


class Weave(msgspec.Struct):
    """A lane drawing in all but its characters. Numbers in rows and lanes are indices of lanes and strands. trunk: the
    strand with the longest way through the graph, which belongs at the left edge.
    """

    rows: list[Row]
    lanes: list[Lane]
    strands: list[Strand]
    trunk: int = -1


def weave(dag: Dag, order: list[str]) -> Weave:
    """A correct drawing of the nodes in this topological order, one row each."""
    return _Loom(dag, order).work()


class _Loom:
    def __init__(self, dag: Dag, order: list[str]) -> None:
        self._dag = dag
        self._order = order
        self._row = {name: number for number, name in enumerate(order)}
        self._heirs = heirs(dag, order)
        self._weave = Weave([], [], [])
        self._arriving: dict[str, list[int]] = {name: [] for name in order}  # lanes to each node not placed yet
        self._newest: list[Strand] = []  # of each column
        self._first_of_trunk = next(iter(self._heirs), "")

    def work(self) -> Weave:
        for number, name in enumerate(self._order):
            self._weave.rows.append(self._place(number, name))
        return self._weave

    def _place(self, number: int, name: str) -> Row:
        arriving = self._arriving[name]
        above = self._lane_above(name)
        comes = [lane for lane in arriving if lane != above]
        columns = [self._strand_of(lane).column for lane in comes]
        strand = self._weave.lanes[above].strand if above >= 0 else self._new_strand(number, columns, starts=True)
        if name == self._first_of_trunk:
            self._weave.trunk = strand
        row = Row(name, strand, comes=comes)
        own = sorted(self._dag.children[name], key=self._row.__getitem__)
        if not own:
            self._weave.strands[strand].bottom = number
            self._weave.strands[strand].ends = True
            return row
        column = self._weave.strands[strand].column
        heir = self._heirs.get(name, "")
        if any(self._strand_of(lane).column > column for lane in comes) or self._lane_above(heir) >= 0:
            heir = own[-1]  # lines come in at the right, where no detour can leave then; or the heir has a place
        self._heirs[name] = heir
        if heir and own[-1] != heir:
            later = own[own.index(heir) + 1 :]
            row.detour = self._open(Lane(name, self._new_strand(number, [column], starts=False), later))
            own = own[: own.index(heir) + 1]
        self._open(Lane(name, strand, own))
        return row

    def _lane_above(self, name: str) -> int:
        """The lane in whose column the node may stand: one that ends here, best its that has the node for an heir; or
        -1.
        """
        ending = [lane for lane in self._arriving.get(name, ()) if self._weave.lanes[lane].targets[-1] == name]
        return min(ending, key=lambda lane: self._heirs.get(self._weave.lanes[lane].source) != name, default=-1)

    def _open(self, lane: Lane) -> int:
        number = len(self._weave.lanes)
        self._weave.lanes.append(lane)
        self._weave.strands[lane.strand].bottom = self._row[lane.targets[-1]]
        for target in lane.targets:
            self._arriving[target].append(number)
        return number

    def _strand_of(self, lane: int) -> Strand:
        return self._weave.strands[self._weave.lanes[lane].strand]

    def _new_strand(self, row: int, near: list[int], *, starts: bool) -> int:
        """A strand from this row on, as near to these columns as may be; a detour only to the right of its node's."""
        strand = Strand(0, row, row, starts)
        busy = [column for column, newest in enumerate(self._newest) if newest.bottom >= row]
        trunk = self._weave.strands[self._weave.trunk].column if self._weave.trunk >= 0 else -1
        best, chosen, inserted = float("inf"), 0, True
        for column in range(len(self._newest) + 1):
            for insert in (False, True):
                if not starts and column <= near[0]:
                    continue
                if not insert and (column == len(self._newest) or self._newest[column].clashes(strand)):
                    continue
                low, high = min([column, *near]), max([column, *near])
                between = bisect_left(busy, high) - bisect_right(busy, low)
                crossings = between - sum(low < other < high for other in near)
                cost = _CROSSING * crossings + high - low + column / 100
                if insert:
                    cost += _NEW_COLUMN + len(self._order) // _LONG + (_LEFT_OF_TRUNK if column <= trunk else 0)
                if cost < best:
                    best, chosen, inserted = cost, column, insert
        if inserted:
            for other in self._weave.strands:
                other.column += other.column >= chosen
            self._newest.insert(chosen, strand)
        strand.column = chosen
        self._newest[chosen] = strand
        self._weave.strands.append(strand)
        return len(self._weave.strands) - 1
