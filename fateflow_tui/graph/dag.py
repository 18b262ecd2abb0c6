"""The directed acyclic graph of a job, from which all drawings are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import msgspec

from fateflow_tui.core.document.dsl import topological_order
from fateflow_tui.core.errors import BadRequest

if TYPE_CHECKING:
    import networkx

Link = tuple[str, str]
"""Source and target. Drawings show one line for all edges between the same two nodes."""


class Edge(msgspec.Struct, frozen=True):
    """A dependency between two nodes. kind: data, train_data, validate_data, model, isometric_model, ... output: the
    port of the source.
    """

    source: str
    target: str
    kind: str = "data"
    output: str = ""

    @property
    def link(self) -> Link:
        return self.source, self.target


class Dag:
    """An immutable graph of named nodes.

    labels: of all nodes, {name: label}, or only names. edges: those to or from other names are ignored.
    Raises BadRequest if there is a cycle.
    """

    def __init__(self, labels: Mapping[str, str] | Iterable[str], edges: Iterable[Edge | Link] = ()) -> None:
        import networkx  # here: the dashboard starts without it

        named = labels if isinstance(labels, Mapping) else {name: name for name in labels}
        every = [edge if isinstance(edge, Edge) else Edge(*edge) for edge in edges]
        self.edges = [edge for edge in every if edge.source in named and edge.target in named]
        self._graph = networkx.DiGraph()
        self._graph.add_nodes_from(named)
        self._graph.add_edges_from(edge.link for edge in self.edges)
        order, loops = topological_order({name: list(self._graph.pred[name]) for name in named})
        if loops:
            raise BadRequest(f"components form a loop: {' -> '.join(loops[0])}")
        self.names: list[str] = order  # sources before targets
        self.labels = {name: named[name] for name in order}
        self.parents: dict[str, tuple[str, ...]] = {name: tuple(self._graph.pred[name]) for name in order}
        self.children: dict[str, tuple[str, ...]] = {name: tuple(self._graph.succ[name]) for name in order}

    @classmethod
    def of_needs(cls, needs: Mapping[str, Iterable[str]]) -> Self:
        """Build the graph from the dependencies of each node: {name: [source, ...]}."""
        return cls(list(needs), [(source, name) for name, sources in needs.items() for source in sources])

    @property
    def links(self) -> list[Link]:
        """All pairs of source and target once, in topological order of the sources."""
        return [(name, child) for name in self.names for child in self.children[name]]

    def depths(self) -> dict[str, int]:
        """Return the longest path to each node, in edges."""
        return _generations(self._graph)

    def heights(self) -> dict[str, int]:
        """Return the longest path from each node, in edges."""
        return _generations(self._graph.reverse(copy=False))

    def edges_between(self, source: str, target: str) -> list[Edge]:
        return [edge for edge in self.edges if edge.link == (source, target)]

    def ancestors(self, name: str) -> set[str]:
        """Return all nodes that `name` depends on, directly or indirectly."""
        import networkx

        return set(networkx.ancestors(self._graph, name))

    def descendants(self, name: str) -> set[str]:
        """Return all nodes that depend on `name`, directly or indirectly."""
        import networkx

        return set(networkx.descendants(self._graph, name))


def _generations(graph: networkx.DiGraph) -> dict[str, int]:
    """Return the number of edges of the longest path to each node."""
    import networkx

    return {name: number for number, names in enumerate(networkx.topological_generations(graph)) for name in names}


_MODELS = ("model", "isometric_model")


def dag_of_dsl(dsl: Mapping[str, Any]) -> Dag:
    """Build the graph of a DSL. References to something else than a component (`args.data` of version 1) and malformed
    members are ignored, so that an invalid document can be drawn too.
    """
    components = dsl.get("components")
    named = components if isinstance(components, Mapping) else {}
    return Dag(list(named), [edge for name, component in named.items() for edge in _edges(name, component)])


def _edges(name: str, component: Any) -> Iterator[Edge]:
    inputs = component.get("input") if isinstance(component, Mapping) else None
    if not isinstance(inputs, Mapping):
        return
    data = inputs.get("data")
    taken = dict(data) if isinstance(data, Mapping) else {"data": data}
    taken |= {key: inputs.get(key) for key in _MODELS}
    for kind, references in taken.items():
        for reference in [references] if isinstance(references, str) else references or []:
            # `pipeline.component.port` of a predict DSL has three parts: a trained model, given by no component here
            source, _, port = str(reference).rpartition(".")
            yield Edge(source, name, kind, port)
