"""The order in which components can run, and the loops that make one impossible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import networkx

MAX_LOOPS: Final = 20


def topological_order(needs: Mapping[str, Iterable[str]]) -> tuple[list[str], list[list[str]]]:
    """The order, and the loops found, each as a chain that ends with the name it begins with.

    Of several components that could come next, the one that `needs` names first does. Components in or behind a
    loop are not in the order. Where loops share components, those are reported that remain when the ones found
    before are cut, at most MAX_LOOPS. Names that are not keys of `needs` are ignored.
    """
    import networkx  # here: it takes longer to import than most commands run

    upstream = networkx.DiGraph()
    upstream.add_nodes_from(needs)
    upstream.add_edges_from((name, up) for name, ups in needs.items() for up in sorted(set(ups)) if up in needs)
    rank = {name: index for index, name in enumerate(needs)}
    order: list[str] = []
    with suppress(networkx.NetworkXUnfeasible):  # raised at the end if there are loops
        order.extend(networkx.lexicographical_topological_sort(upstream.reverse(copy=False), rank.__getitem__))
    upstream.remove_nodes_from(order)
    loops: list[list[str]] = []
    while len(loops) < MAX_LOOPS and (start := _in_a_loop(upstream)) is not None:
        chain = [name for name, _ in networkx.find_cycle(upstream, start)]
        loops.append([*reversed(chain), chain[-1]])
        upstream.remove_nodes_from(chain)
    return order, loops


def _in_a_loop(upstream: networkx.DiGraph) -> str | None:
    """The first component that is part of a loop."""
    import networkx

    looped = {name for group in networkx.strongly_connected_components(upstream) if len(group) > 1 for name in group}
    return next((name for name in upstream if name in looped or upstream.has_edge(name, name)), None)
