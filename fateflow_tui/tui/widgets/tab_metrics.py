"""Curves and scores, redrawn at most once a second."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from textual import events
from textual.app import ComposeResult

from fateflow_tui.core.cells import Spans
from fateflow_tui.core.errors import NotFound
from fateflow_tui.core.formatting import figure, plural
from fateflow_tui.sdk.streaming import LiveMetrics, TaskKey
from fateflow_tui.sdk.types import Event, Series
from fateflow_tui.tui.job_filter import Subject
from fateflow_tui.tui.widgets.job_tab import JobTab
from fateflow_tui.tui.widgets.text_views import ScrollText
from fateflow_tui.views.charts import Chart, grid
from fateflow_tui.views.metrics import MetricScore, TaskMetrics, charts, read_metrics

_CHART_WIDTH: Final = 46  # minimum width of a chart beside another one
_CHART_HEIGHT: Final = 7  # height of a chart's curves
_MAX_COMPONENTS: Final = 6  # components whose series are read, the last ones of the job


class MetricsTab(JobTab):
    """Metrics of the selected component, or of the job's components, at the parties of this site."""

    def __init__(self) -> None:
        super().__init__("metrics")
        self._charts: list[Chart] = []
        self._scores: list[MetricScore] = []
        self._live = LiveMetrics()
        self._read: dict[TaskKey, tuple[int, str]] = {}  # version and status of each task when its series were read
        self._events = 0  # number of the events that were taken

    def take(self, events: Iterable[Event]) -> None:
        """Append the points of new events; what they do not carry is read with the next draw."""
        for event in events:
            self._events += 1
            for task in self._live.apply(event):
                self._read.pop(task, None)

    def compose(self) -> ComposeResult:
        yield ScrollText()

    def wanted(self, subject: Subject) -> Any:
        statuses = tuple((one.version, one.status) for one in subject.view.components)
        return subject.job_id, subject.component, (self._events, statuses)

    def forget(self) -> None:
        self._charts, self._scores = [], []
        self._live, self._read = LiveMetrics(), {}

    async def read(self, subject: Subject) -> None:
        asked = [one for one in subject.view.components if one.started_at or one.reused_from]
        if subject.component:
            asked = [one for one in asked if one.name == subject.component]
        tasks: list[TaskMetrics] = []
        for one in [one for one in asked if one.has_metrics][-_MAX_COMPONENTS:]:
            for party in [party for party in subject.here if party in one.parties]:
                task, state = TaskKey(party, one.name), (one.version, str(one.status))
                if self._read.get(task) != state:
                    self._read[task] = state
                    self._live.replace(task, await self._series(subject.job_id, task))
                tasks.append(TaskMetrics(one.name, party, self._live.series[task]))
        metrics = read_metrics(tasks)
        self._charts, self._scores = charts(metrics), metrics.scores

    async def _series(self, job_id: str, task: TaskKey) -> Mapping[str, Mapping[str, Series]]:
        try:
            return await self.flow.tracking.metrics(job_id, task.component, task.party)
        except NotFound:
            return {}

    def draw(self) -> None:
        pane = self.query_one(ScrollText)
        width = pane.scrollable_content_region.width
        if not width or self.subject is None:
            return
        if self.failure is not None or not (self._charts or self._scores):
            pane.show(self.placeholder() or ([] if self.unread else [[(_none(self.subject), "muted")]]))
            return
        lines = score_lines(self._scores)
        drawn = grid(self._charts, width, rows=_CHART_HEIGHT, min_width=_CHART_WIDTH)
        pane.show([*lines, *([[]] if lines and drawn else []), *drawn])

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.draw)

    def notes(self) -> Spans:
        return [(plural(len(self._charts), "chart"), "muted")] if self._charts else []


def score_lines(scores: list[MetricScore]) -> list[Spans]:
    """Format a line for each component and data set."""
    lines: dict[tuple[str, str, str], Spans] = {}
    for score in scores:
        key = (score.component, score.party, score.subject)
        head: Spans = [(f"{score.component} ", "strong"), (f"{score.party} · {score.subject}  ", "muted")]
        line = lines.setdefault(key, head)
        line += [(f"{score.name} ", "muted"), (f"{figure(score.value)}  ", "success strong")]
    return list(lines.values())


def _none(subject: Subject) -> str:
    if subject.component and subject.component not in {one.name for one in subject.view.components if one.started_at}:
        return f"{subject.component} has not run yet"
    return f"{subject.component or 'this job'} has no metrics at this site"
