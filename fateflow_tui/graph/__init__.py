"""Draw the graph of a job in a terminal as lanes or boxes, navigate it with keys, export it. Pure.

    dag = Dag.of_needs({"reader_0": [], "dataio_0": ["reader_0"]})    # or dag_of_dsl(dsl), or Dag(names, edges)
    boxes = lay_boxes(dag, detail_width=11)
    layout = boxes if boxes.fits(80, 24) else lay_lanes(dag)
    print(render_text(layout, {"reader_0": "G✓ H✓"}))

A layout does not contain statuses: it is computed once for a job, and the statuses are details of its rendering.
"""

from fateflow_tui.graph.boxes.layout import Box, BoxLayout, lay_boxes
from fateflow_tui.graph.cells import ASCII, UNICODE, Cell, CellKind, Glyphs
from fateflow_tui.graph.dag import Dag, Edge, Link, dag_of_dsl
from fateflow_tui.graph.export import dot, json_text, mermaid
from fateflow_tui.graph.lanes.layout import LaneLayout, LaneRow, lay_lanes
from fateflow_tui.graph.navigation import Direction, first, neighbour
from fateflow_tui.graph.render import Layout, cell_rows, render_text

__all__ = [
    "ASCII",
    "UNICODE",
    "Box",
    "BoxLayout",
    "Cell",
    "CellKind",
    "Dag",
    "Direction",
    "Edge",
    "Glyphs",
    "LaneLayout",
    "LaneRow",
    "Layout",
    "Link",
    "cell_rows",
    "dag_of_dsl",
    "dot",
    "first",
    "json_text",
    "lay_boxes",
    "lay_lanes",
    "mermaid",
    "neighbour",
    "render_text",
]
