"""Drawings of FATE's example jobs: the lines connect each component to its children and to no others."""

from __future__ import annotations

import json
from pathlib import Path

from fateflow_tui.graph import ASCII, UNICODE, Dag, dag_of_dsl, lay_boxes, lay_lanes, render_text
from tests.property.graph_lines import BoxReader, LaneReader


def test_all_examples_in_both_drawings(shared: Path):
    drawn: set[str] = set()
    for path in sorted((shared / "fate/dsl").resolve().rglob("*.json")):
        document = json.loads(path.read_text())
        if not isinstance(document, dict) or "components" not in document:
            continue
        dag = dag_of_dsl(document)
        assert set(dag.names) == set(document["components"])
        for glyphs in (UNICODE, ASCII):
            check(dag, render_text(lay_lanes(dag, glyphs)), lanes=True)
            check(dag, render_text(lay_boxes(dag, glyphs)), lanes=False)
            check(dag, render_text(lay_boxes(dag, glyphs, compact=True)), lanes=False)
        assert lay_lanes(dag).fits(80, 24, detail_width=17), path.name
        drawn.add(path.name)
    assert len(drawn) > 60


def check(dag: Dag, text: str, *, lanes: bool) -> None:
    reader = LaneReader(text) if lanes else BoxReader(text, dag.names)
    assert reader.children() == {name: set(children) for name, children in dag.children.items()}, text
