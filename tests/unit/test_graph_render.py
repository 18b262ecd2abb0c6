"""Layouts as rows of cells and as text."""

from __future__ import annotations

from fateflow_tui.graph import ASCII, Cell, CellKind, Dag, cell_rows, lay_boxes, lay_lanes, render_text
from tests.unit.graph_examples import CHAIN, DIAMOND, MULTI_PIPELINE


def test_statuses_stand_beside_their_lanes():
    dag = Dag.of_needs(
        {
            "reader_0": [],
            "intersection_0": ["reader_0"],
            "hetero_feature_binning_0": ["intersection_0"],
            "hetero_feature_selection_0": ["intersection_0", "hetero_feature_binning_0"],
            "hetero_lr_0": ["hetero_feature_selection_0"],
        }
    )
    statuses = dict.fromkeys(dag.names, "G✓ H✓") | {"hetero_lr_0": "G▶ H▶ A▶"}
    assert render_text(lay_lanes(dag), statuses).splitlines() == [
        "●    reader_0                    G✓ H✓",
        "●─╮  intersection_0              G✓ H✓",
        "● │  hetero_feature_binning_0    G✓ H✓",
        "●─╯  hetero_feature_selection_0  G✓ H✓",
        "●    hetero_lr_0                 G▶ H▶ A▶",
    ]


def test_a_new_status_changes_nothing_but_itself():
    dag = Dag.of_needs(DIAMOND)
    for layout in (lay_lanes(dag), lay_boxes(dag, detail_width=3), lay_boxes(dag, compact=True, detail_width=3)):
        before, after = (cell_rows(layout, {"hetero_lr_0": text, "evaluation_0": "···"}) for text in ("G▶", "G✓"))
        changed = [
            (old, new) for one, other in zip(before, after, strict=True) for old, new in zip(one, other, strict=True)
        ]
        assert [(old.glyph, new.glyph) for old, new in changed if old != new] == [("▶", "✓")]


def test_decoration_gets_runs_of_one_owner():
    dag = Dag.of_needs({"a": [], "b": ["a"]})

    def mark(text: str, cell: Cell) -> str:
        return f"<{cell.part}:{cell.node or '+'.join('/'.join(link) for link in cell.edges)}:{text}>"

    assert render_text(lay_boxes(dag, compact=True), decorate=mark).splitlines() == [
        "<frame:a:[ ><detail:a: ><name:a:a><detail:a:  ><frame:a: ]>",
        "    <arrow:b:▼>",
        "<frame:b:[ ><detail:b: ><name:b:b><detail:b:  ><frame:b: ]>",
    ]
    lanes = render_text(lay_lanes(dag), {"a": "G✓"}, mark).splitlines()
    assert lanes[0] == "<dot:a:●>  <name:a:a>  <detail:a:G✓>"


def test_lines_of_a_shared_lane_name_all_its_edges():
    layout = lay_lanes(Dag.of_needs({"a": [], "b": ["a"], "c": ["a"], "d": ["a"]}), keep_order=True)
    row = {row.node: "".join(cell.glyph for cell in row.cells) for row in layout.rows}
    lane = next(cell for cell in layout.rows[1].cells if cell.glyph == "├")
    assert row["b"].startswith("├")
    assert lane.edges == (("a", "b"), ("a", "c"), ("a", "d"))


def test_what_fits():
    dag = Dag.of_needs(MULTI_PIPELINE)
    boxes, lanes = lay_boxes(dag, compact=True), lay_lanes(dag)
    assert boxes.fits(boxes.width, boxes.height)
    assert not boxes.fits(boxes.width - 1, boxes.height)
    assert not boxes.fits(boxes.width, boxes.height - 1)
    assert lanes.fits(80, 24, detail_width=11)
    assert not lanes.fits(lanes.width, lanes.height, detail_width=1)
    text = render_text(boxes).splitlines()
    assert (max(map(len, text)), len(text)) == (boxes.width, boxes.height)


def test_long_wide_and_dangerous_labels():
    dag = Dag({"a": "x" * 50, "b": "数据_0", "c": "tab\tand\x1b[31m"}, [("a", "b"), ("b", "c")])
    text = render_text(lay_boxes(dag, label_width=12, detail_width=4), {"b": "G✓ H✓"})
    lines = text.splitlines()
    assert "xxxxxxxxxxx…" in text
    assert "G✓ …" in text
    assert "tab?and?[31m" in text
    assert lines[4] == "    ╭ 数据_0 ╮"
    assert len(lines[5]) == len(lines[4]) + 2  # two signs of double width
    assert render_text(lay_lanes(dag, ASCII)).splitlines()[2] == "*  tab?and?[31m"
    assert render_text(lay_lanes(dag, label_width=5)).splitlines() == ["●  xxxx…", "●  数据…", "●  tab?…"]


def test_cells_behind_signs_of_double_width_are_empty():
    [row] = cell_rows(lay_lanes(Dag(["数e\u0301"])))
    assert [cell.glyph for cell in row] == ["●", " ", " ", "数", "", "e\u0301"]


def test_cutting_and_nothing():
    dag = Dag.of_needs(CHAIN)
    assert render_text(lay_lanes(dag), max_width=6).splitlines()[0] == "●  rea"
    assert render_text(lay_lanes(Dag([]))) == render_text(lay_boxes(Dag([]))) == ""


def test_rows_in_the_given_order():
    needs = {"a": [], "b": [], "c": ["a"], "d": ["b"]}
    kept = lay_lanes(Dag.of_needs(needs), keep_order=True)
    assert [row.node for row in kept.rows] == ["a", "b", "c", "d"]
    assert [row.node for row in lay_lanes(Dag.of_needs(needs)).rows] in (["a", "c", "b", "d"], ["b", "d", "a", "c"])


def test_every_cell_of_a_box_belongs_to_its_node():
    layout = lay_boxes(Dag.of_needs(DIAMOND), detail_width=5)
    for box in layout.boxes.values():
        inside = [layout.cells[y][x] for y in range(box.y, box.y + 3) for x in range(box.x, box.x + box.width)]
        assert {cell.node for cell in inside} == {box.node}
        assert {cell.part for cell in inside} == {CellKind.FRAME, CellKind.NAME, CellKind.DETAIL}
        x, y = box.detail
        assert all(layout.cells[y][x + place].part is CellKind.DETAIL for place in range(box.detail_width))
