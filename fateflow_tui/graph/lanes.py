"""Lane drawings: one row per node, the lines between them as in a revision history.

A level line belongs to the node of its row. It comes from every lane that it touches, but where it ends in a corner
that leads down it goes out instead. A lane belongs to the node at its top.
"""

from __future__ import annotations

import msgspec

from fateflow_tui.graph.cells import Cell
from fateflow_tui.graph.dag import Dag
from fateflow_tui.graph.glyphs import UNICODE, Glyphs
from fateflow_tui.graph.lane_cells import row_cells
from fateflow_tui.graph.lane_order import orders
from fateflow_tui.graph.tuning import Tuner
from fateflow_tui.graph.weaving import Weave, weave
from fateflow_tui.text.places import width

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
