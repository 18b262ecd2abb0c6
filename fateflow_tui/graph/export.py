"""Export a graph as Mermaid, Graphviz or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from fateflow_tui.core.status import Status
from fateflow_tui.graph.dag import Dag

_NONE: Mapping[str, Status] = {}
_FILLS: Final = {
    Status.READY: "#eeeeee",
    Status.WAITING: "#eeeeee",
    Status.RUNNING: "#9ecae1",
    Status.SUCCESS: "#a1d99b",
    Status.PASS: "#d9f0d3",
    Status.FAILED: "#fb6a4a",
    Status.TIMEOUT: "#fcae91",
    Status.CANCELED: "#fed976",
}


def mermaid(dag: Dag, statuses: Mapping[str, Status] = _NONE) -> str:
    """Return a Mermaid flowchart; edges of models are dotted, statuses become classes."""
    ids = {name: f"n{number}" for number, name in enumerate(dag.names)}
    lines = ["flowchart TD", *(f'    {ids[name]}["{_mermaid_text(dag.labels[name])}"]' for name in dag.names)]
    for source, target in dag.links:
        kinds = _kinds(dag, source, target)
        arrow = "-.->" if all("model" in kind for kind in kinds) else "-->"
        shown = ", ".join(kind for kind in kinds if kind != "data")
        label = f'|"{_mermaid_text(shown)}"|' if shown else ""
        lines.append(f"    {ids[source]} {arrow}{label} {ids[target]}")
    for status in dict.fromkeys(statuses[name] for name in dag.names if name in statuses):
        members = ",".join(ids[name] for name in dag.names if statuses.get(name) == status)
        lines += [f"    classDef {status} fill:{_FILLS[status]},color:#000", f"    class {members} {status}"]
    return "\n".join(lines) + "\n"


def dot(dag: Dag, statuses: Mapping[str, Status] = _NONE) -> str:
    """Return a Graphviz digraph; edges of models are dashed, statuses become classes and colors."""
    lines = ["digraph job {", '    node [shape=box, style="rounded,filled", fillcolor=white];']
    for name in dag.names:
        status = statuses.get(name)
        style = f', class="{status}", fillcolor="{_FILLS[status]}"' if status else ""
        lines.append(f"    {_dot_text(name)} [label={_dot_text(dag.labels[name])}{style}];")
    for source, target in dag.links:
        kinds = _kinds(dag, source, target)
        shown = ", ".join(kind for kind in kinds if kind != "data")
        line = "dashed" if all("model" in kind for kind in kinds) else "solid"
        lines.append(f"    {_dot_text(source)} -> {_dot_text(target)} [label={_dot_text(shown)}, style={line}];")
    return "\n".join([*lines, "}"]) + "\n"


def json_text(dag: Dag, statuses: Mapping[str, Status] = _NONE) -> str:
    """{"nodes": [{"name", "label", "status"?}], "edges": [{"source", "target", "kind", "output"}]}, indented."""
    nodes: list[dict[str, Any]] = []
    for name in dag.names:
        status = statuses.get(name)
        nodes.append({"name": name, "label": dag.labels[name], **({"status": str(status)} if status else {})})
    edges = [
        {"source": edge.source, "target": edge.target, "kind": edge.kind, "output": edge.output} for edge in dag.edges
    ]
    return json.dumps({"nodes": nodes, "edges": edges}, indent=2, ensure_ascii=False) + "\n"


def _kinds(dag: Dag, source: str, target: str) -> list[str]:
    return list(dict.fromkeys(edge.kind for edge in dag.edges_between(source, target)))


def _mermaid_text(text: str) -> str:
    return "".join(sign if sign.isalnum() or sign in " _-.,:/()" else f"#{ord(sign)};" for sign in text)


def _dot_text(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{plain}"'
