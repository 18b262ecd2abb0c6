"""The components of a job as lanes, each with its status at every party."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from fateflow_tui.core.cells import padded, spans_width
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.formatting import duration
from fateflow_tui.core.status import Status
from fateflow_tui.graph.cells import Cell
from fateflow_tui.graph.dag import Dag
from fateflow_tui.graph.lanes.layout import LaneLayout, lay_lanes
from fateflow_tui.sdk.types.jobs import JobView
from fateflow_tui.tui import columns
from fateflow_tui.views.text import party_marks

_MANY = 60  # components from which on only a list is shown, as their layout would slow down scrolling


class Lanes(Widget):
    """Laid out once per job; a change of status only restyles. Keeps the running or failed component in view."""

    DEFAULT_CSS = "Lanes { width: 1fr; height: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }"

    def __init__(self) -> None:
        super().__init__()
        self._view: JobView | None = None
        self._shape: object = None
        self._layout: LaneLayout | None = None

    def show(self, view: JobView | None) -> None:
        if view == self._view:
            return
        self._view = view
        shape = {component.name: component.needs for component in view.components} if view else {}
        if shape != self._shape:
            self._shape = shape
            self._layout = None
            if view is not None and len(view.components) <= _MANY:
                self._layout = lay_lanes(Dag.of_needs(shape))
        self.refresh()

    def render(self) -> Text:
        text = Text(no_wrap=True, overflow="ellipsis", end="")
        view, height = self._view, self.size.height
        if view is None:
            return text
        styles = self.app.palette  # type: ignore[attr-defined]
        components = {component.name: component for component in view.components}
        rows: list[tuple[str, tuple[Cell, ...]]] = [(name, ()) for name in components]
        if self._layout is not None:
            rows = [(row.node, row.cells) for row in self._layout.rows]
        names = [name for name, _ in rows]
        top = _top([components[name].status for name in names], height)
        lines = self._layout.lines_width if self._layout else 0
        marks = max((spans_width(party_marks(c.parties)) for c in components.values()), default=0)
        name_width = max(8, min(max(map(len, names), default=0), self.size.width - lines - marks - 4))
        timed, now = lines + name_width + marks + 14 <= self.size.width, now_ms()
        for number, (name, cells) in enumerate(rows[top : top + height]):
            component = components[name]
            text.append("\n" if number else "")
            if not cells:
                text.append("● ", styles[component.status])
            for cell in cells:
                owner = components.get(cell.node or (cell.edges[0][0] if cell.edges else ""))
                text.append(cell.glyph, styles[owner.status if owner and cell.node else "muted"])
            text.append("  " if cells else "")
            shown = "strong" if component.status is Status.RUNNING else ""
            text.append(padded(name, name_width), styles[shown if component.started_at or shown else "muted"])
            text.append("  ")
            spans = party_marks(component.parties)
            for word, style in spans:
                text.append(word, styles[style])
            took = (component.ended_at or now) - component.started_at if component.started_at else 0
            if took and timed:
                blank = " " * (marks - spans_width(spans) + 2)
                text.append(blank + (duration(took) if component.ended_at else columns.ticking(took)), styles["muted"])
        return text


def _top(statuses: list[Status], height: int) -> int:
    """Return the first line to show."""
    if len(statuses) <= height:
        return 0
    wanted = (Status.FAILED, Status.TIMEOUT, Status.RUNNING, Status.WAITING)
    place = next((statuses.index(status) for status in wanted if status in statuses), 0)
    return max(0, min(place - height // 3, len(statuses) - height))
