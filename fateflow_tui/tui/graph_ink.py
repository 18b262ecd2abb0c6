"""The glyphs and styles of one row of a job's graph; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from fateflow_tui.core.status import Status
from fateflow_tui.graph import Cell, Part
from fateflow_tui.sdk.jobs import ComponentView
from fateflow_tui.text.spans import Span
from fateflow_tui.tui import graph_details
from fateflow_tui.tui.graph_scene import LANES, Scene

_HEAVY: Final = dict(zip("╭─╮│╰╯┬[]", "┏━┓┃┗┛┯[]", strict=True))
_LOUD: Final = (Status.RUNNING, Status.FAILED, Status.TIMEOUT, Status.CANCELED)


class Look(msgspec.Struct, frozen=True):
    """What decides about styles. marks: places of the marks of all parties. now: ms since the epoch."""

    scene: Scene
    components: dict[str, ComponentView]
    selected: str
    related: frozenset[str]
    marks: int
    now: int
    focused: bool


def row_of(look: Look, y: int, begin: int, end: int, moving: Mapping[int, str]) -> list[Span]:
    """Places `begin` to `end` of a row, in as few pieces as it takes. moving: signs of what moves, by column."""
    scene, related = look.scene, look.related
    cells = scene.rows[y]
    places = [_place(cell, look) for cell in cells[begin:end]]
    for name in scene.at_row.get(y, ()):
        x = scene.spots[name][0]
        aside = bool(related) and name not in related
        found = graph_details.detail(look.components[name], scene.kind, look.marks, look.now)
        for text, style in found:
            for sign in text:
                place = x - begin
                x += 1
                if place < 0 or place >= end - begin:
                    continue
                places += [(" ", "")] * (place + 1 - len(places))
                places[place] = (sign, "muted" if aside and style == Status.SUCCESS else style)
    for x, sign in moving.items():
        if 0 <= x - begin < len(places):
            places[x - begin] = (sign, "running strong")
    if scene.kind == LANES and scene.at_row.get(y) == [look.selected]:
        places += [(" ", "")] * (end - begin - len(places))
        mark = "cursor" if look.focused else ""
        places = [(sign, f"{style} {mark}".strip()) for sign, style in places]
    return _joined(places)


def _place(cell: Cell, look: Look) -> Span:
    part, components, related = cell.part, look.components, look.related
    if part is Part.EMPTY:
        return " ", ""
    if part in (Part.LINE, Part.ARROW):
        if any(components[target].status is Status.RUNNING for _, target in cell.edges):
            return cell.glyph, "running"
        if any(source in related and target in related for source, target in cell.edges):
            return cell.glyph, "primary"
        return cell.glyph, "frame" if related else "muted"
    one = components[cell.node]
    here = cell.node == look.selected
    aside = bool(related) and cell.node not in related
    if part is Part.DOT:
        return ("◉" if here else cell.glyph), one.status
    if part is Part.FRAME:
        if here:
            return _HEAVY.get(cell.glyph, cell.glyph), "primary strong"
        return cell.glyph, one.status if one.status in _LOUD else "frame" if aside else "muted"
    if part is Part.NAME:
        if one.status in _LOUD and not aside:
            return cell.glyph, f"{one.status} strong"
        if here:
            return cell.glyph, "strong"
        return cell.glyph, "muted" if aside or not (one.started_at or one.reused_from) else ""
    return " ", ""


def _joined(places: list[Span]) -> list[Span]:
    joined: list[Span] = []
    text, style = "", ""
    for sign, other in places:
        if other != style and text:
            joined.append((text, style))
            text = ""
        style = other
        text += sign
    if text:
        joined.append((text, style))
    return joined
