"""Graphs for other programs."""

from __future__ import annotations

import json

from fateflow_tui.core.status import Status
from fateflow_tui.graph import Dag, Edge, dot, json_text, mermaid

DAG = Dag(
    {"binning_0": "binning_0", "selection_0": 'the "best"', "lr_0": "lr_0"},
    [
        Edge("binning_0", "selection_0", "data", "data"),
        Edge("binning_0", "selection_0", "isometric_model", "model"),
        Edge("selection_0", "lr_0", "model", "model"),
    ],
)
STATUSES = {"binning_0": Status.SUCCESS, "selection_0": Status.RUNNING}


def test_mermaid():
    assert mermaid(DAG, STATUSES).splitlines() == [
        "flowchart TD",
        '    n0["binning_0"]',
        '    n1["the #34;best#34;"]',
        '    n2["lr_0"]',
        '    n0 -->|"isometric_model"| n1',
        '    n1 -.->|"model"| n2',
        "    classDef success fill:#a1d99b,color:#000",
        "    class n0 success",
        "    classDef running fill:#9ecae1,color:#000",
        "    class n1 running",
    ]


def test_dot():
    assert dot(DAG, STATUSES).splitlines() == [
        "digraph job {",
        '    node [shape=box, style="rounded,filled", fillcolor=white];',
        '    "binning_0" [label="binning_0", class="success", fillcolor="#a1d99b"];',
        '    "selection_0" [label="the \\"best\\"", class="running", fillcolor="#9ecae1"];',
        '    "lr_0" [label="lr_0"];',
        '    "binning_0" -> "selection_0" [label="isometric_model", style=solid];',
        '    "selection_0" -> "lr_0" [label="model", style=dashed];',
        "}",
    ]


def test_json():
    told = json.loads(json_text(DAG, STATUSES))
    assert told["nodes"] == [
        {"name": "binning_0", "label": "binning_0", "status": "success"},
        {"name": "selection_0", "label": 'the "best"', "status": "running"},
        {"name": "lr_0", "label": "lr_0"},
    ]
    assert told["edges"][1] == {
        "source": "binning_0",
        "target": "selection_0",
        "kind": "isometric_model",
        "output": "model",
    }


def test_without_statuses_nothing_is_coloured():
    assert "class" not in mermaid(DAG) + dot(DAG)
    assert "status" not in json_text(DAG)


def test_every_status_has_a_colour():
    for status in Status:
        assert f"class n0 {status}" in mermaid(DAG, {"binning_0": status})
