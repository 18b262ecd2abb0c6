"""The graph of a job's DSL, version 1 or 2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fateflow_tui.graph.dag import Dag, Edge

_MODELS = ("model", "isometric_model")


def dag_of_dsl(dsl: Mapping[str, Any]) -> Dag:
    """The components and what each takes from others. References to what is no component (`args.data` of version 1)
    and members of a wrong form are left out: a faulty document is drawn as far as it goes.
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
