"""Metrics while a job runs: redrawn in place on a terminal, silent elsewhere until the job has ended."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from commands.chart_page import page
from commands.context import Session
from commands.job_text import headline
from commands.metric import figure_row, figures, metrics_of
from commands.metric_charts import TaskMetrics, charts
from commands.output import painted
from commands.text import columns

if TYPE_CHECKING:
    from fateflow_tui.sdk.jobs import JobView

Show = Callable[["JobView", list[TaskMetrics]], None]


def followed(
    session: Session, job: JobView, component: str | None, party: str | None, metric: str, plot: bool
) -> tuple[JobView, list[TaskMetrics]]:
    """Waits until the job has ended, and gives it with its metrics. The scheduler may be restarted meanwhile."""
    from commands.watching import next_look

    try:
        with _screen(session, metric, plot) as show:
            while True:
                tasks = metrics_of(session, job, component, party)
                show(job, tasks)
                if job.status.ended:
                    return job, tasks
                job = next_look(session.flow, job.job_id)
    except KeyboardInterrupt:
        session.output.talk(f"the job goes on; follow it again with: fateflow metric show {job.job_id} -f")
        raise


def _screen(session: Session, metric: str, plot: bool) -> AbstractContextManager[Show]:
    if session.is_interactive:
        return _Live(session, metric, plot)
    return nullcontext(lambda job, tasks: None)


class _Live:
    """The headline of the job, then its curves or figures as far as they fit; gone when it ends."""

    def __init__(self, session: Session, metric: str, plot: bool) -> None:
        from rich.console import Console
        from rich.live import Live

        self._now, self._metric, self._plot = session.now, metric, plot
        self._console = Console(file=sys.stderr, highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> Show:
        self._live.start()
        return self._show

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def _show(self, job: JobView, tasks: list[TaskMetrics]) -> None:
        from rich.text import Text

        height = max(8, self._console.height - 3)
        lines = self._curves(tasks, height) if self._plot else self._figures(tasks)
        text: Any = Text.from_ansi("\n".join([headline(job, self._now()), *lines[:height]]), no_wrap=True)
        self._live.update(text, refresh=True)

    def _curves(self, tasks: list[TaskMetrics], height: int) -> list[str]:
        drawn = page(charts(tasks, self._metric), self._console.width, _painted, height)
        return drawn or ["  no curves yet"]

    def _figures(self, tasks: list[TaskMetrics]) -> list[str]:
        found = [one for one in figures(tasks) if self._metric.lower() in one.metric.lower()]
        return ["  ".join(row).rstrip() for row in columns([figure_row(one) for one in found])] or ["  no metrics yet"]


def _painted(text: str, color: str) -> str:
    return painted(text, color, sys.stderr)
