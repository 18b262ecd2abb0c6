"""A job's graph prepared for the terminal: cells, edges, a status beside each node, glyphs and styles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from fateflow_tui.core.cells import Span, Spans, padded, spans_width
from fateflow_tui.core.formatting import duration
from fateflow_tui.core.status import Status
from fateflow_tui.graph import Cell, CellKind, Dag, Link, cell_rows, lay_boxes, lay_lanes
from fateflow_tui.graph.boxes.layout import BoxLayout
from fateflow_tui.graph.boxes.routing import Position
from fateflow_tui.graph.lanes.layout import LaneLayout
from fateflow_tui.sdk.types.jobs import ComponentView, JobView
from fateflow_tui.tui import columns
from fateflow_tui.views.jobs import component_state
from fateflow_tui.views.text import party_marks

BOXES: Final = "boxes"
COMPACT: Final = "compact"
LANES: Final = "lanes"
KINDS: Final = (BOXES, COMPACT, LANES)
_LABEL: Final = 28  # cells of the longest name in a box


class Scene(msgspec.Struct, dict=True):
    """rows: the drawing without statuses. spots: where each node's status starts. detail_width: cells of a status.
    areas: each node's x, y, width and height. at_row: the nodes whose status is in a row.
    """

    kind: str
    dag: Dag
    layout: LaneLayout | BoxLayout
    rows: list[list[Cell]]
    width: int
    spots: dict[str, Position]
    detail_width: int
    areas: dict[str, tuple[int, int, int, int]]
    at_row: dict[int, list[str]]

    @property
    def height(self) -> int:
        return len(self.rows)

    def node_at(self, x: int, y: int) -> str:
        if not 0 <= y < self.height:
            return ""
        row = self.rows[y]
        if x < len(row) and row[x].node:
            return row[x].node
        return self.layout.rows[y].node if isinstance(self.layout, LaneLayout) else ""

    def way(self, link: Link) -> list[Position]:
        """Return the cells of an edge from its source to its target."""
        if isinstance(self.layout, BoxLayout):
            return self.layout.path(link)
        return _lane_way(self.layout, self.spots, link)


def draw(dag: Dag, kind: str, detail: int) -> Scene:
    """Draw the graph. detail: the maximum width of a node's status."""
    if kind == LANES:
        lanes = lay_lanes(dag)
        rows = cell_rows(lanes)
        spots = {row.node: (lanes.width + 2, number) for number, row in enumerate(lanes.rows)}
        areas = {row.node: (0, number, lanes.width + 2 + detail, 1) for number, row in enumerate(lanes.rows)}
        return Scene(kind, dag, lanes, rows, lanes.width + 2 + detail, spots, detail, areas, _by_row(spots))
    boxes = lay_boxes(dag, detail_width=detail, compact=kind == COMPACT, label_width=_LABEL)
    spots = {name: box.detail for name, box in boxes.boxes.items()}
    around = {name: (box.x, box.y, box.width, box.height) for name, box in boxes.boxes.items()}
    return Scene(kind, dag, boxes, cell_rows(boxes), boxes.width, spots, detail, around, _by_row(spots))


def related(dag: Dag, node: str) -> frozenset[str]:
    """Return a node with all its ancestors and descendants; empty for no node."""
    return frozenset({node, *dag.ancestors(node), *dag.descendants(node)}) if node in dag.parents else frozenset()


def arrow_of(way: Sequence[Position], step: int) -> str:
    """Return the arrow that moves along an edge, at one of its cells."""
    here, there = way[step], way[min(step + 1, len(way) - 1)]
    if there[0] == here[0]:
        return "▼"
    return "▶" if there[0] > here[0] else "◀"


def _by_row(spots: Mapping[str, Position]) -> dict[int, list[str]]:
    rows: dict[int, list[str]] = {}
    for name, (_, y) in spots.items():
        rows.setdefault(y, []).append(name)
    return rows


def _lane_way(layout: LaneLayout, spots: Mapping[str, Position], link: Link) -> list[Position]:
    """Return the cells down a lane: out of the source's row, and into the target's row from the side."""
    source, target = spots[link[0]][1], spots[link[1]][1]
    way: list[Position] = []
    for y in range(source, target + 1):
        cells = layout.rows[y].cells
        here = [x for x, cell in enumerate(cells) if link in cell.edges]
        dot = next(x for x, cell in enumerate(cells) if cell.part is CellKind.DOT)
        here.sort(key=lambda x: abs(x - dot), reverse=y == target)
        way += [(x, y) for x in here]
    return way


_WORD: Final = 10  # `■ canceled`
_TIME: Final = 8
_MOST_MARKS: Final = 24  # cells for the marks of many parties


def detail_widths(view: JobView) -> dict[str, int]:
    """Return the width of a node's status by kind of view."""
    marks = marks_width(view)
    return {BOXES: _WORD + 1 + marks, COMPACT: 2 + marks, LANES: marks + 2 + _WORD + 2 + _TIME}


def marks_width(view: JobView) -> int:
    return min(_MOST_MARKS, max((spans_width(party_marks(one.parties)) for one in view.components), default=0))


def detail(one: ComponentView, kind: str, marks: int, now: int) -> Spans:
    """Format a node's status for a kind of view."""
    parties = _cut(party_marks(one.parties), marks)
    word = component_state(one)
    if kind == COMPACT:
        return [(f"{word[0]} ", one.status), *parties]
    if kind == BOXES:
        return [(padded(word, _WORD + 1), one.status), *parties]
    took = _took(one, now)
    blank = " " * (marks - spans_width(parties) + 2)
    return [*parties, (blank, ""), (padded(word, _WORD + 2), one.status), (took.rjust(_TIME), "muted")]


def _took(one: ComponentView, now: int) -> str:
    if not one.started_at:
        return ""
    if one.ended_at:
        return duration(one.ended_at - one.started_at)
    return columns.ticking(now - one.started_at) if one.status is Status.RUNNING else ""


def _cut(spans: Spans, max_width: int) -> Spans:
    if spans_width(spans) <= max_width:
        return spans
    kept: Spans = []
    for text, style in spans:
        if spans_width([*kept, (text, style)]) > max_width - 1:
            break
        kept.append((text, style))
    return [*kept, ("…", "muted")]


_HEAVY: Final = dict(zip("╭─╮│╰╯┬[]", "┏━┓┃┗┛┯[]", strict=True))
_LOUD: Final = (Status.RUNNING, Status.FAILED, Status.TIMEOUT, Status.CANCELED)


class Look(msgspec.Struct, frozen=True):
    """The state that styles depend on. marks: width of the marks of all parties. now: ms since the epoch."""

    scene: Scene
    components: dict[str, ComponentView]
    selected: str
    related: frozenset[str]
    marks: int
    now: int
    focused: bool


def row_of(look: Look, y: int, begin: int, end: int, moving: Mapping[int, str]) -> list[Span]:
    """Draw columns `begin` to `end` of a row in few spans. moving: moving arrows by column."""
    scene, related = look.scene, look.related
    cells = scene.rows[y]
    drawn = [_place(cell, look) for cell in cells[begin:end]]
    for name in scene.at_row.get(y, ()):
        x = scene.spots[name][0]
        aside = bool(related) and name not in related
        found = detail(look.components[name], scene.kind, look.marks, look.now)
        for text, style in found:
            for sign in text:
                place = x - begin
                x += 1
                if place < 0 or place >= end - begin:
                    continue
                drawn += [(" ", "")] * (place + 1 - len(drawn))
                drawn[place] = (sign, "muted" if aside and style == Status.SUCCESS else style)
    for x, sign in moving.items():
        if 0 <= x - begin < len(drawn):
            drawn[x - begin] = (sign, "running strong")
    if scene.kind == LANES and scene.at_row.get(y) == [look.selected]:
        drawn += [(" ", "")] * (end - begin - len(drawn))
        mark = "cursor" if look.focused else ""
        drawn = [(sign, f"{style} {mark}".strip()) for sign, style in drawn]
    return _joined(drawn)


def _place(cell: Cell, look: Look) -> Span:
    part, components, related = cell.part, look.components, look.related
    if part is CellKind.EMPTY:
        return " ", ""
    if part in (CellKind.LINE, CellKind.ARROW):
        if any(components[target].status is Status.RUNNING for _, target in cell.edges):
            return cell.glyph, "running"
        if any(source in related and target in related for source, target in cell.edges):
            return cell.glyph, "primary"
        return cell.glyph, "frame" if related else "muted"
    one = components[cell.node]
    here = cell.node == look.selected
    aside = bool(related) and cell.node not in related
    if part is CellKind.DOT:
        return ("◉" if here else cell.glyph), one.status
    if part is CellKind.FRAME:
        if here:
            return _HEAVY.get(cell.glyph, cell.glyph), "primary strong"
        return cell.glyph, one.status if one.status in _LOUD else "frame" if aside else "muted"
    if part is CellKind.NAME:
        if one.status in _LOUD and not aside:
            return cell.glyph, f"{one.status} strong"
        if here:
            return cell.glyph, "strong"
        return cell.glyph, "muted" if aside or not (one.started_at or one.reused_from) else ""
    return " ", ""


def _joined(drawn: list[Span]) -> list[Span]:
    joined: list[Span] = []
    text, style = "", ""
    for sign, other in drawn:
        if other != style and text:
            joined.append((text, style))
            text = ""
        style = other
        text += sign
    if text:
        joined.append((text, style))
    return joined
