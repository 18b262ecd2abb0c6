"""`fateflow metric`: show, plot and follow the metrics of a job."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.context import Session
from fateflow_tui.commands.groups import CommandGroup, prints
from fateflow_tui.commands.options import ComponentOption, JobName, PartyOption
from fateflow_tui.commands.output import cell, columns, number, painted
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import BadRequest, NotFound
from fateflow_tui.views.charts import page
from fateflow_tui.views.jobs import headline
from fateflow_tui.views.metrics import USUAL_KINDS, TaskMetrics, charts, read_metrics

if TYPE_CHECKING:
    from fateflow_tui.sdk.types import Series
    from fateflow_tui.sdk.types.jobs import JobView


app = CommandGroup("Show and plot the metrics of jobs.")

_CURVES_WITH_RESULT = frozenset({"LOSS"})  # kinds of series whose last point is the result
_TITLES = ("COMPONENT", "PARTY", "NAMESPACE", "METRIC", "VALUE", "POINTS")
_POINT_TITLES = ("COMPONENT", "PARTY", "NAMESPACE", "METRIC", "X", "VALUE")


class Figure(msgspec.Struct, frozen=True):
    """A value of a summary, or the last value of a series; None for a curve without a single value.

    points: how many the series has. x: of a point, when all points are listed.
    """

    component: str
    party: str
    namespace: str
    metric: str
    value: Any
    points: int = 1
    x: Any = None


@app.command()
@prints("list[Figure]")
def show(
    ctx: typer.Context,
    which: JobName,
    component: Annotated[str | None, typer.Argument(metavar="COMPONENT", help="A component of the job.")] = None,
    component_name: ComponentOption = None,
    party: PartyOption = None,
    metric: Annotated[
        str, typer.Option("--metric", metavar="TEXT", help="Show only metrics whose names contain this text.")
    ] = "",
    plot: Annotated[bool, typer.Option("--plot", help="Plot loss, ROC and KS; other curves with --metric.")] = False,
    points: Annotated[bool, typer.Option("--points", help="List all points of the series.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Follow the metrics until the job ends.")] = False,
) -> int:
    """Show the metrics of a job or of one component; of a curve, the last point.

    With -f the exit code is the job's outcome.

    Examples:
    fateflow metric show @last
    fateflow metric show @last evaluation_0 --party guest:9999
    fateflow metric show @last --points -o csv
    fateflow metric show @last --plot
    fateflow metric show @last --plot --metric lift
    fateflow metric show @last -f --plot
    """
    session = context.of(ctx)
    if plot and not session.output.is_table:
        raise BadRequest("--plot requires table output", hint="--points lists the points as data")
    if plot and points:
        raise BadRequest("expected either --plot or --points")
    job_id = which.id(session)
    chosen = component or component_name
    code, view = 0, session.flow.job(job_id)
    tasks = metrics_of(session, view, chosen, party)
    if follow:
        from fateflow_tui.commands.errors import of_status

        view, tasks = follow_metrics(session, view, chosen, party, metric, plot)
        code = of_status(view.status)
    if plot:
        _plot(session, tasks, metric, job_id)
    else:
        found = figures(tasks, points=points)
        _list(session, [one for one in found if metric.lower() in one.metric.lower()], job_id, points)
    return code


def metrics_of(
    session: context.Session, job: JobView, component: str | None = None, party: str | None = None
) -> list[TaskMetrics]:
    """Return all series at the parties of the site. Raises NotFound for an unknown component."""
    names = [one.name for one in job.components]
    if component and component not in names:
        raise NotFound(f"job {job.job_id} has no component {component}", hint=f"components: {', '.join(names)}")
    here = [line.party for line in job.party_lines if line.here]
    return [
        TaskMetrics(one.name, where, session.flow.metrics(job.job_id, one.name, where))
        for one in job.components
        for where in here
        if component in (None, one.name)
        and party in (None, where)
        and one.parties.get(where) not in (None, "waiting", "ready")
    ]


def figures(tasks: list[TaskMetrics], *, points: bool = False) -> Iterator[Figure]:
    """Yield the values of series. points: all points of each."""
    for task in tasks:
        for namespace, series in task.series.items():
            for name, values in series.items():
                figure = Figure(task.component, task.party, namespace, name, None)
                yield from _points_of(figure, values) if points else _of_series(figure, values)


def figure_row(figure: Figure, text: Callable[[Any], str] = number) -> list[str]:
    """Return a row for the titles. text: prints the value."""
    return [
        figure.component,
        figure.party,
        figure.namespace,
        figure.metric,
        text(figure.value),
        str(figure.points) if figure.points > 1 else "",
    ]


def _point_row(point: Figure, text: Callable[[Any], str]) -> list[str]:
    return [point.component, point.party, point.namespace, point.metric, cell(point.x), text(point.value)]


def _list(session: context.Session, found: list[Figure], job_id: str, points: bool) -> None:
    empty = f"job {job_id} has no such metrics at the parties of this site"
    titles, row = (_POINT_TITLES, _point_row) if points else (_TITLES, figure_row)
    text = cell if session.output.format == "csv" else number
    session.output.listing(found, titles, lambda one: row(one, text), lambda one: one.metric, empty=empty)


def _plot(session: context.Session, tasks: list[TaskMetrics], metric: str, job_id: str) -> None:
    drawn = charts(read_metrics(tasks), metric, USUAL_KINDS)
    session.output.lines(page(drawn, session.output.width, painted))
    if not drawn:
        session.output.info(f"job {job_id} has no such curves at the parties of this site")


def _points_of(figure: Figure, series: Series) -> Iterator[Figure]:
    for x, value, *_ in series.data:
        yield msgspec.structs.replace(figure, x=x, value=value, points=len(series.data))


def _of_series(figure: Figure, series: Series) -> Iterator[Figure]:
    points = series.data
    if points and all(isinstance(key, str) for key, *_ in points):  # a summary: names and values
        for key, value, *_ in points:
            yield msgspec.structs.replace(figure, metric=key, value=value)
    elif points:
        has_result = len(points) == 1 or series.meta.get("metric_type") in _CURVES_WITH_RESULT
        yield msgspec.structs.replace(figure, value=points[-1][1] if has_result else None, points=len(points))


Show = Callable[["JobView", list[TaskMetrics]], None]


def follow_metrics(
    session: Session, job: JobView, component: str | None, party: str | None, metric: str, plot: bool
) -> tuple[JobView, list[TaskMetrics]]:
    """Follow a job until it ends; return it with its metrics. The scheduler can be restarted meanwhile."""
    from fateflow_tui.commands.progress import RECONNECT_TIMEOUT
    from fateflow_tui.sdk.streaming import LiveMetrics, TaskKey, needs_refresh

    live = LiveMetrics(component or "", party or "")
    try:
        with _screen(session, metric, plot) as show:
            for event in session.flow.events(job.job_id, patience=RECONNECT_TIMEOUT, include_connected=True):
                unread = live.apply(event)
                if event.kind != "metrics":
                    job = session.flow.job(job.job_id)
                if needs_refresh(event) or job.status.ended:
                    for task in metrics_of(session, job, component, party):
                        live.replace(TaskKey(task.party, task.component), task.series)
                else:
                    for key in unread:
                        live.replace(key, session.flow.metrics(job.job_id, key.component, key.party))
                tasks = [TaskMetrics(key.component, key.party, series) for key, series in live.series.items()]
                show(job, tasks)
                if job.status.ended:
                    break
        return job, metrics_of(session, job, component, party)
    except KeyboardInterrupt:
        session.output.info(f"the job continues; follow it with: fateflow metric show {job.job_id} -f")
        raise


def _screen(session: Session, metric: str, plot: bool) -> AbstractContextManager[Show]:
    if session.is_interactive:
        return _Live(metric, plot)
    return nullcontext(lambda job, tasks: None)


class _Live:
    """Draws the headline of the job and the curves or values that fit; erased at the end."""

    def __init__(self, metric: str, plot: bool) -> None:
        from rich.console import Console
        from rich.live import Live

        self._metric, self._plot = metric, plot
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
        text: Any = Text.from_ansi("\n".join([headline(job, now_ms()), *lines[:height]]), no_wrap=True)
        self._live.update(text, refresh=True)

    def _curves(self, tasks: list[TaskMetrics], height: int) -> list[str]:
        drawn = page(charts(read_metrics(tasks), self._metric, USUAL_KINDS), self._console.width, _painted, height)
        return drawn or ["  no curves yet"]

    def _figures(self, tasks: list[TaskMetrics]) -> list[str]:
        found = [one for one in figures(tasks) if self._metric.lower() in one.metric.lower()]
        return ["  ".join(row).rstrip() for row in columns([figure_row(one) for one in found])] or ["  no metrics yet"]


def _painted(text: str, color: str) -> str:
    return painted(text, color, sys.stderr)
