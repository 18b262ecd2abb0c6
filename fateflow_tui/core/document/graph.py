"""The order in which components can run, and the loops that make one impossible. No recursion: graphs may be long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush
from typing import Final

MAX_LOOPS: Final = 20


def topological_order(needs: Mapping[str, Iterable[str]]) -> tuple[list[str], list[list[str]]]:
    """The order, and the loops found, each as a chain whose last name is its first again.

    Of several components that could come next, the one that `needs` names first does. Components in or behind a
    loop are not in the order. A tangle of several loops is reported by the loops that remain when those found
    before are cut, at most MAX_LOOPS of them. Names that are no key of `needs` are ignored.
    """
    upstream = {name: {up for up in ups if up in needs} for name, ups in needs.items()}
    order = _order(upstream)
    done = set(order)
    loops: list[list[str]] = []
    rest = {name: ups - done for name, ups in upstream.items() if name not in done}
    while rest and len(loops) < MAX_LOOPS:
        loop = _loop(rest)
        loops.append(loop)
        cut = set(loop)
        rest = {name: ups - cut for name, ups in rest.items() if name not in cut}
        free = set(_order(rest))
        rest = {name: ups - free for name, ups in rest.items() if name not in free}
    return order, loops


def _order(upstream: Mapping[str, set[str]]) -> list[str]:
    rank = {name: index for index, name in enumerate(upstream)}
    names = list(upstream)
    downstream: dict[str, list[str]] = {name: [] for name in upstream}
    missing = {name: len(ups) for name, ups in upstream.items()}
    for name, ups in upstream.items():
        for up in ups:
            downstream[up].append(name)
    ready = [rank[name] for name, count in missing.items() if not count]
    heapify(ready)
    order: list[str] = []
    while ready:
        name = names[heappop(ready)]
        order.append(name)
        for down in downstream[name]:
            missing[down] -= 1
            if not missing[down]:
                heappush(ready, rank[down])
    return order


def _loop(upstream: Mapping[str, set[str]]) -> list[str]:
    """Some loop, given that every component waits for at least one other of them or for itself."""
    trail: dict[str, int] = {}
    name = next(iter(upstream))
    while name not in trail:
        trail[name] = len(trail)
        name = min(upstream[name])
    chain = list(trail)[trail[name] :]
    return [*reversed(chain), chain[-1]]
