"""The order of the rows of a lane drawing: lines are short and chains stay together."""

from __future__ import annotations

from collections.abc import Iterator

from fateflow_tui.graph.dag import Dag

_EFFORT = 60_000  # edges examined while improving all orders


def orders(dag: Dag) -> list[list[str]]:
    """Return good topological orders, the best first."""
    found = [list(dag.names), _chains_first(dag), _just_in_time(dag)]
    improved = [_improved(dag, order, _EFFORT // 3) for order in found]
    improved.sort(key=lambda order: _length(dag, order))
    return [order for index, order in enumerate(improved) if order not in improved[:index]]


def _chains_first(dag: Dag) -> list[str]:
    """Put a child after its node, the one with the shortest path down first, so that the main chain comes last."""
    down = dag.heights()
    index = {name: number for number, name in enumerate(dag.names)}
    row: dict[str, int] = {}
    ready = [name for name in dag.names if not dag.parents[name]]
    while ready:
        chosen = min(
            ready, key=lambda name: (-max((row[up] for up in dag.parents[name]), default=-1), down[name], index[name])
        )
        ready.remove(chosen)
        row[chosen] = len(row)
        ready.extend(child for child in dag.children[chosen] if all(up in row for up in dag.parents[child]))
    return list(row)


def _just_in_time(dag: Dag) -> list[str]:
    """Put the dependencies of a node right before it, the longest branch first."""
    up = dag.depths()
    placed: dict[str, None] = {}
    for sink in (name for name in dag.names if not dag.children[name]):
        waiting = [sink]
        while waiting:
            missing = [parent for parent in dag.parents[waiting[-1]] if parent not in placed]
            if missing:
                waiting.append(max(missing, key=lambda parent: up[parent]))
            else:
                placed[waiting.pop()] = None
    return list(placed)


def _length(dag: Dag, order: list[str]) -> int:
    """Return twice the length of all lanes plus the length of all edges, in rows."""
    row = {name: number for number, name in enumerate(order)}
    total = 0
    for name, children in dag.children.items():
        if children:
            below = [row[child] for child in children]
            total += 2 * (max(below) - row[name]) + sum(below) - len(below) * row[name]
    return total


def _improved(dag: Dag, order: list[str], effort: int) -> list[str]:
    """Move single nodes while that shortens lanes."""
    cost = len(dag.links) + len(order)
    best, going = _length(dag, order), True
    while going:
        going = False
        for name in list(order):
            for candidate in _moved(dag, order, name):
                effort -= cost
                if effort < 0:
                    return order
                length = _length(dag, candidate)
                if length < best:
                    order, best, going = candidate, length, True
                    break
    return order


def _moved(dag: Dag, order: list[str], name: str) -> Iterator[list[str]]:
    """Yield the order with `name` at every other position between its parents and its children."""
    row = {other: number for number, other in enumerate(order)}
    first = max((row[up] + 1 for up in dag.parents[name]), default=0)
    last = min((row[down] - 1 for down in dag.children[name]), default=len(order) - 1)
    rest = [other for other in order if other != name]
    for place in range(first, last + 1):
        if place != row[name]:
            yield [*rest[:place], name, *rest[place:]]
