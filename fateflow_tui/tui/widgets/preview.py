"""A preview of a job: components as lanes, facts, and curves of its metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget

from fateflow_tui.core.cells import Spans, cut, on_one_line, padded, spans_width
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.formatting import duration, figure
from fateflow_tui.core.status import Status
from fateflow_tui.graph.cells import Cell
from fateflow_tui.graph.dag import Dag
from fateflow_tui.graph.lanes.layout import LaneLayout, lay_lanes
from fateflow_tui.sdk.types.jobs import ComponentView, JobLine, JobView
from fateflow_tui.tui import columns
from fateflow_tui.tui.job_filter import failures, has_model
from fateflow_tui.tui.widgets.text_views import Pane, TextLines
from fateflow_tui.views.cards import card_lines
from fateflow_tui.views.metrics import Highlight, TaskMetrics, highlights, read_metrics
from fateflow_tui.views.text import moment, party_marks

if TYPE_CHECKING:
    from fateflow_tui.sdk.async_client import AsyncFateFlow

_MAX_COMPONENTS: Final = 4  # components whose metrics are read, the last ones of the job
_MAX_PARTIES: Final = 2  # parties of each component whose metrics are read
_MAX_LANES: Final = 60  # components; more are shown as a list, as their layout would slow down scrolling


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
            if view is not None and len(view.components) <= _MAX_LANES:
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


async def read_highlights(flow: AsyncFateFlow, view: JobView) -> list[Highlight]:
    """Read the metrics worth a preview at the parties of this site; skip what cannot be read."""
    here = [line.party for line in view.party_lines if line.here]
    asked = [one for one in view.components if one.started_at and one.has_metrics][-_MAX_COMPONENTS:]
    tasks: list[TaskMetrics] = []
    for one in asked:
        for party in _parties(one, here):
            try:
                series = await flow.tracking.metrics(view.job_id, one.name, party)
            except FateFlowError:
                continue  # it has none yet
            tasks.append(TaskMetrics(one.name, party, series))
    return highlights(read_metrics(tasks))


def _parties(component: ComponentView, here: list[str]) -> list[str]:
    """This site's parties of a component, first the arbiters, which know the loss, and the guests with the scores."""
    own = [party for party in component.parties if party in here]
    return sorted(own, key=lambda party: not party.startswith(("arbiter", "guest")))[:_MAX_PARTIES]


def fact_lines(line: JobLine | None, view: JobView | None, now: int, curves: list[Highlight]) -> list[Spans]:
    """Describe a job: first what it waits for or why it failed. curves: metrics to list too."""
    if line is None:
        return []
    lines: list[Spans] = []
    if line.waiting is not None:
        lines += [[("· ", "warning"), (on_one_line(line.waiting.text), "warning")], []]
    cards = failures(view) if view is not None else []
    if cards:
        first = cards[0]
        lines += card_lines(first, log=False, short=True)
        if len(cards) > 1:
            lines.append([(f"  and {len(cards) - 1} more; press w for all", "muted")])
        lines.append([])
    elif line.reason and not line.status.succeeded:
        lines += [[(on_one_line(line.reason), line.status)], []]
    stop = view.stop if view is not None else None
    metrics = ", ".join(f"{curve.name} {figure(curve.values[-1])}" for curve in curves)
    lines += [
        [(f"{name:<10}", "muted"), (on_one_line(value), style)]
        for name, value, style in (
            ("submitted", f"{moment(line.created_at, now)} {_by(line)}".strip(), ""),
            ("name", line.name, ""),
            ("notes", line.description, ""),
            ("started", moment(line.started_at, now), ""),
            ("ended", moment(line.ended_at, now), ""),
            ("metrics", metrics, "success"),
            ("initiator", line.initiator, ""),
            ("model", view.model_version if view is not None and has_model(view) else "", ""),
            ("priority", str(view.priority or "") if view is not None else "", ""),
            ("reruns", str(view.reruns or "") if view is not None else "", ""),
            ("stopped by", f" {stop.by} {stop.reason}".rstrip() if stop is not None else "", ""),
        )
        if value
    ]
    return lines


def curve_lines(curves: list[Highlight], width: int) -> list[Spans]:
    """Draw a sparkline and the last value of each metric, by component."""
    lines: list[Spans] = []
    component = ""
    for curve in curves:
        if curve.component != component:
            component = curve.component
            lines += [[]] if lines else []
            lines.append([(cut(component, width), "muted")])
        last = figure(curve.values[-1])
        drawn = columns.sparkline(curve.values, max(0, width - len(last) - 12)) if len(curve.values) > 1 else ""
        count = [(f" ({len(curve.values)})", "muted")] if drawn else []
        lines.append([(f"{curve.name:<5} ", ""), (f"{drawn} " if drawn else "", "accent"), (last, "strong"), *count])
    return lines


def _by(line: JobLine) -> str:
    return f"by {line.submitted_by}" if line.submitted_by else ""


class JobPreview(Pane):
    """Shows the job's line at once, and more once the full job and its metrics are loaded."""

    SCOPED_CSS = False
    DEFAULT_CSS = """
    JobPreview { height: 12; }
    JobPreview Lanes { width: 3fr; }
    JobPreview #facts { width: 3fr; border-left: vkey $frame; padding-left: 1; margin-left: 1; }
    JobPreview #curves { width: 2fr; border-left: vkey $frame; padding-left: 1; margin-left: 1; }
    JobPreview #curves.-none, Screen.-narrow JobPreview #curves { display: none; }
    """

    def __init__(self) -> None:
        super().__init__("Preview", id="preview")
        self._line: JobLine | None = None
        self._view: JobView | None = None
        self._curves: list[Highlight] = []

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Lanes()
            yield TextLines(id="facts")
            yield TextLines(id="curves")

    def show(self, line: JobLine | None, view: JobView | None, curves: list[Highlight]) -> None:
        self._line, self._view, self._curves = line, view, curves
        self.query_one(Lanes).show(view)
        self.tick()
        words = self.query_one("#curves", TextLines)
        words.set_class(not curves, "-none")
        words.show(curve_lines(curves, words.size.width or 30))
        done = f"{sum(c.status.ended for c in view.components)} of {len(view.components)} components" if view else ""
        self.set_heading(f"Preview {line.job_id}" if line else "Preview", [(done, "muted")])

    def tick(self) -> None:
        """Redraw the durations."""
        if self._view is not None and not self._view.status.ended:
            self.query_one(Lanes).refresh()
        now = now_ms()
        narrow = self.screen.has_class("-narrow")
        facts = fact_lines(self._line, self._view, now, self._curves if narrow else [])
        self.query_one("#facts", TextLines).show(facts)
