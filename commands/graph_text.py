"""DAGs on a terminal and in the languages of other programs, for `job graph` and `dsl explain`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from commands.context import Session
from commands.option_groups import DrawingOptions
from commands.output import painted
from commands.text import COLORS, columns
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.text.places import width

if TYPE_CHECKING:
    from fateflow_tui.core.status import Status
    from fateflow_tui.graph import Cell, Dag, Glyphs, Layout

_DIM: Final = "2"
_FORMATS: Final = ("mermaid", "dot", "json")


class Details:
    """What stands beside the nodes: beside a lane all columns, in a box the first one. colors: SGR numbers."""

    def __init__(self, rows: Mapping[str, list[str]], colors: Mapping[str, str]) -> None:
        lines = zip(rows, columns(rows.values()), strict=True) if rows else ()
        self.beside = {name: "  ".join(row).rstrip() for name, row in lines}
        self.inside = {name: row[0] for name, row in rows.items()}
        self.colors = colors


def shows_unicode(stream: Any) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "") in ("utf8", "utf8sig")


def show(session: Session, dag: Dag, details: Details, options: DrawingOptions) -> None:
    """Draws a DAG as wide as the terminal is. Where boxes do not fit, lanes are drawn."""
    from fateflow_tui.graph import ASCII, UNICODE, render_text

    glyphs = UNICODE if shows_unicode(sys.stdout) else ASCII
    # What goes to a file or a pipe may be as wide as it likes.
    room = session.output.width if sys.stdout.isatty() else 0
    layout, texts = _laid(session, dag, details, glyphs, room if options.boxes else None)

    def decorate(text: str, cell: Cell) -> str:
        return painted(text, details.colors.get(cell.node, "") if cell.node else _DIM)

    session.output.write(render_text(layout, texts, decorate, max_width=room) + "\n")


def written(dag: Dag, format: str, statuses: Mapping[str, Status] | None = None) -> str:
    """The DAG in another program's language. Raises BadRequest for one that is not known."""
    from fateflow_tui.graph import dot, json_text, mermaid

    writers = dict(zip(_FORMATS, (mermaid, dot, json_text), strict=True))
    if format not in writers:
        raise BadRequest(f"there is no graph format {format!r}", hint=f"use one of {', '.join(_FORMATS)}")
    return writers[format](dag, statuses or {})


def color_of(status: str) -> str:
    return COLORS.get(status, _DIM)


def _laid(
    session: Session, dag: Dag, details: Details, glyphs: Glyphs, room: int | None
) -> tuple[Layout, Mapping[str, str]]:
    """A layout with the texts that it has room for. room: columns for boxes, 0 for any number; None: no boxes."""
    from fateflow_tui.graph import lay_boxes, lay_lanes

    if room is not None:
        places = max(map(width, details.inside.values()), default=0)
        boxes = [lay_boxes(dag, glyphs, compact=compact, detail_width=places) for compact in (False, True)]
        fitting = next((layout for layout in boxes if not room or layout.width <= room), None)
        if fitting is not None:
            return fitting, details.inside
        session.output.talk(f"boxes would be {min(layout.width for layout in boxes)} columns wide; these are lanes")
    return lay_lanes(dag, glyphs), details.beside
