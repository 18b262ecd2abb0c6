"""Drawings that were looked at and found good. To accept new ones: `FATEFLOW_GOLDEN=write pytest <this file>`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fateflow_tui.graph import ASCII, Dag, lay_boxes, lay_lanes, render_text
from tests.unit.graph_examples import EXAMPLES

FOLDER = Path(__file__).parents[1] / "golden/graph"


def pictures(dag: Dag) -> str:
    statuses = {name: f"G{mark} H{mark}" for name, mark in zip(dag.names, "✓✓✗▶" + "·" * len(dag.names), strict=False)}
    plain = dict.fromkeys(dag.names[:2], "running")
    sections = {
        "lanes": render_text(lay_lanes(dag), statuses),
        "boxes": render_text(lay_boxes(dag)),
        "boxes with statuses": render_text(lay_boxes(dag, detail_width=8), statuses),
        "boxes of one row": render_text(lay_boxes(dag, compact=True)),
        "lanes, ASCII": render_text(lay_lanes(dag, ASCII), plain),
        "boxes, ASCII": render_text(lay_boxes(dag, ASCII)),
    }
    return "\n\n".join(f"{title}\n{'=' * len(title)}\n\n{text}" for title, text in sections.items()) + "\n"


@pytest.mark.parametrize("name", EXAMPLES)
def test_drawings(name: str):
    file = FOLDER / f"{name}.txt"
    found = pictures(Dag.of_needs(EXAMPLES[name]))
    if os.environ.get("FATEFLOW_GOLDEN") == "write":
        file.write_text(found, encoding="utf-8")
    assert found == file.read_text(encoding="utf-8")
