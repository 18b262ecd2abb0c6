"""A lane drawing made better: strands move to other columns while that saves crossings and length."""

from __future__ import annotations

from typing import Final

from fateflow_tui.graph.lanes.assignment import Lane, Row, Strand, Weave

_EFFORT: Final = 20_000  # strands looked at, row by row
_CROSSING: Final = 6.0
_THROUGH: Final = 9.0  # a lane that goes on where a line from farther away passes to the same node
_LENGTH: Final = 1.0
_NODE_ASIDE: Final = 0.6  # a node's dot one column off the left edge
_LANE_ASIDE: Final = 0.2
_TRUNK_ASIDE: Final = 3.0
_COLUMN: Final = 12.0
_NEVER: Final = 1e9


class Tuner:
    """Tries moves, keeps the good ones."""

    def __init__(self, weave: Weave) -> None:
        self._weave = weave
        self._strands = weave.strands
        self._spent = 0
        self._alive: list[list[int]] = [[] for _ in weave.rows]  # strands by row
        for number, strand in enumerate(weave.strands):
            for row in range(strand.top, strand.bottom + 1):
                self._alive[row].append(number)
        self._taps = [[(lane.strand, lane.targets[-1] != row.node) for lane in self._lanes(row)] for row in weave.rows]

    def tune(self) -> float:
        """Changes the columns of the strands; gives what the drawing costs then."""
        moved = 1
        while moved and self._spent < _EFFORT:
            moved = sum(self._move(strand) for strand in self._strands)
        for column in sorted({strand.column for strand in self._strands}, reverse=True):
            if self._spent < 2 * _EFFORT:
                self._clear(column)
        used = sorted({strand.column for strand in self._strands})
        narrow = {column: number for number, column in enumerate(used)}
        for strand in self._strands:
            strand.column = narrow[strand.column]
        return sum(self._cost(row) for row in range(len(self._weave.rows))) + len(used)

    def _lanes(self, row: Row) -> list[Lane]:
        return [self._weave.lanes[lane] for lane in row.comes]

    def _move(self, strand: Strand) -> bool:
        """Puts one strand into the best other column, in exchange with the strands that are in its way there."""
        moved = False
        for column in range(max(other.column for other in self._strands) + 2):
            if column == strand.column or self._spent >= _EFFORT:
                continue
            home = strand.column
            there = [other for other in self._strands if other.column == column and other.clashes(strand)]
            here = [other for other in self._strands if other.column == home and other is not strand]
            if any(other.clashes(neighbour) for other in there for neighbour in here):
                continue
            rows = sorted({row for one in (strand, *there) for row in range(one.top, one.bottom + 1)})
            before = self._sum(rows)
            self._exchange(strand, there, column, home)
            if self._sum(rows) < before - 1e-6:
                moved = True
            else:
                self._exchange(strand, there, home, column)
        return moved

    def _clear(self, column: int) -> None:
        """Empties a column if its strands find room in others without much harm."""
        inside = [strand for strand in self._strands if strand.column == column]
        others = sorted({strand.column for strand in self._strands} - {column})
        harm = 0.0
        for strand in inside:
            rows = list(range(strand.top, strand.bottom + 1))
            before, best, chosen = self._sum(rows), _NEVER, column
            for there in others:
                if not any(other.column == there and other.clashes(strand) for other in self._strands):
                    strand.column = there
                    cost = self._sum(rows) - before
                    best, chosen = min((best, chosen), (cost, there))
            strand.column = chosen
            harm += best
            if harm > _COLUMN:
                break
        if harm > _COLUMN:
            for strand in inside:
                strand.column = column

    def _exchange(self, strand: Strand, others: list[Strand], column: int, home: int) -> None:
        strand.column = column
        for other in others:
            other.column = home

    def _sum(self, rows: list[int]) -> float:
        self._spent += sum(len(self._alive[row]) + 4 for row in rows)
        return sum(map(self._cost, rows))

    def _cost(self, number: int) -> float:
        row = self._weave.rows[number]
        strands = self._strands
        home = strands[row.strand].column
        taps = {strands[strand].column: goes_on for strand, goes_on in self._taps[number]}
        low = min(taps, default=home)
        high = max(taps, default=home)
        if row.detour >= 0:
            column = strands[self._weave.lanes[row.detour].strand].column
            if (high > home) if column > home else (low < home):
                return _NEVER
            low, high = min(low, column), max(high, column)
        low, high = min(low, home), max(high, home)
        cost = _NODE_ASIDE * home + _LENGTH * (high - low)
        for strand in self._alive[number]:
            column = strands[strand].column
            cost += (_TRUNK_ASIDE if strand == self._weave.trunk else _LANE_ASIDE) * column
            if low < column < high and column != home:
                if column not in taps:
                    cost += _CROSSING
                elif taps[column]:
                    cost += _THROUGH
        return cost
