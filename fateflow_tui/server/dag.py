"""A job's components and what each waits for, as boards draw it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fateflow_tui.core.document.graph import topological_order
from fateflow_tui.core.errors import BadRequest

_MODEL_KEYS = ("model", "isometric_model")


def dependencies(dsl: dict[str, Any]) -> dict[str, Any]:
    """FATE's `pipeline/dag/dependency`: names in order, edges with their port, and modules."""
    components = dsl.get("components")
    if not isinstance(components, dict) or not all(isinstance(one, dict) for one in components.values()):
        raise BadRequest("the DSL has no components")
    edges = {name: list(_edges(component, components)) for name, component in components.items()}
    order, loops = topological_order({name: [edge["component_name"] for edge in edges[name]] for name in edges})
    if loops:
        raise BadRequest(f"components form a loop: {' -> '.join(loops[0])}")
    return {
        "component_list": order,
        "dependencies": {name: edges[name] for name in order if edges[name]},
        "component_module": {name: components[name].get("module") for name in order},
        "component_need_run": dict.fromkeys(order, True),
    }


def _edges(component: dict[str, Any], components: dict[str, Any]) -> Iterator[dict[str, Any]]:
    inputs = component.get("input") or {}
    for key, references in (inputs.get("data") or {}).items():
        yield from _to(references, key, "data", components)
    for key in _MODEL_KEYS:
        yield from _to(inputs.get(key) or [], "model", "model", components)


def _to(references: Any, kind: str, port_kind: str, components: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for reference in [references] if isinstance(references, str) else references:
        # `pipeline.component.port` (predict DSLs) is a trained model, `args.key` (v1) a table: neither is an edge
        name, _, port = str(reference).rpartition(".")
        if name in components:
            ports = (components[name].get("output") or {}).get(port_kind) or []
            index = ports.index(port) if port in ports else 0
            yield {"component_name": name, "type": kind, "up_output_info": [port_kind, index]}
