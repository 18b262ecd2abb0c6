"""What a lane drawing consists of before it is known in which column anything stands.

Every node has a lane downwards in its own column. In it stands, straight below, at most one child, its heir; other
children are reached by a level line in the child's row. Children below the heir hang on a second lane, which leaves
the node sideways: a detour. On one side of a node level lines either all come in, or there is one that goes out; so
lines that only meet cannot be mistaken for one line.

A strand is what shares a column without a break: a chain of heirs, or a detour.
"""

from __future__ import annotations

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
