"""`fateflow metric`: the figures of a job, and their curves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from commands import context
from commands.metric_charts import TaskMetrics, charts
from commands.option_groups import JobName
from commands.options import ComponentOption, PartyOption
from commands.text import number
from commands.verbs import Noun
from fateflow_tui.core.errors import BadRequest, NotFound

if TYPE_CHECKING:
    from fateflow_tui.sdk.jobs import JobView
    from fateflow_tui.sdk.results import Series

app = Noun("Show the metrics of jobs.")

_COURSES = frozenset({"LOSS"})  # kinds of series whose last point is the result
_TITLES = ("COMPONENT", "PARTY", "NAMESPACE", "METRIC", "VALUE", "POINTS")


class Figure(msgspec.Struct, frozen=True):
    """One value: of a summary, or the last one of a series with more points; None for a curve, which has no one
    value that stands for it.
    """

    component: str
    party: str
    namespace: str
    metric: str
    value: Any
    points: int = 1


@app.verb()
def show(
    ctx: typer.Context,
    which: JobName,
    component: Annotated[str | None, typer.Argument(metavar="COMPONENT", help="Only this one.")] = None,
    component_name: ComponentOption = None,
    party: PartyOption = None,
    metric: Annotated[
        str, typer.Option("--metric", metavar="TEXT", help="Only metrics with this text in their names.")
    ] = "",
    plot: Annotated[bool, typer.Option("--plot", help="Draw the curves: loss, ROC, KS; others by --metric.")] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the job has ended; drawn live on a terminal.")
    ] = False,
) -> int:
    """Shows the metrics of a job, or of one component: of a curve its last point.

    With -f the exit code is the job's outcome.

    Examples:
    fateflow metric show @last
    fateflow metric show @last evaluation_0 --party guest:9999
    fateflow metric show @last --plot
    fateflow metric show @last --plot --metric lift
    fateflow metric show @last -f --plot
    """
    session = context.of(ctx)
    if plot and not session.output.is_table:
        raise BadRequest("--plot draws for people", hint="leave out --plot to get the points as data")
    job_id = which.id(session)
    chosen = component or component_name
    code, view = 0, session.flow.job(job_id)
    tasks = metrics_of(session, view, chosen, party)
    if follow:
        from commands.exits import of_status
        from commands.metric_course import followed

        view, tasks = followed(session, view, chosen, party, metric, plot)
        code = of_status(view.status)
    if plot:
        _plot(session, tasks, metric, job_id)
    else:
        _list(session, [one for one in figures(tasks) if metric.lower() in one.metric.lower()], job_id)
    return code


def metrics_of(
    session: context.Session, job: JobView, component: str | None = None, party: str | None = None
) -> list[TaskMetrics]:
    """All series at the parties that the asked site plays. Raises NotFound for an unknown component."""
    names = [one.name for one in job.components]
    if component and component not in names:
        raise NotFound(f"job {job.job_id} has no component {component}", hint=f"its components: {', '.join(names)}")
    here = [line.party for line in job.party_lines if line.here]
    return [
        TaskMetrics(one.name, where, session.flow.metrics(job.job_id, one.name, where))
        for one in job.components
        for where in here
        if component in (None, one.name)
        and party in (None, where)
        and one.parties.get(where) not in (None, "waiting", "ready")
    ]


def figures(tasks: list[TaskMetrics]) -> Iterator[Figure]:
    """The values that the series come down to."""
    for task in tasks:
        for namespace, series in task.series.items():
            for name, values in series.items():
                yield from _of_series(Figure(task.component, task.party, namespace, name, None), values)


def figure_row(figure: Figure) -> list[str]:
    return [
        figure.component,
        figure.party,
        figure.namespace,
        figure.metric,
        number(figure.value),
        str(figure.points) if figure.points > 1 else "",
    ]


def _list(session: context.Session, found: list[Figure], job_id: str) -> None:
    empty = f"job {job_id} has no such metrics at the parties of this site"
    session.output.listing(found, _TITLES, figure_row, lambda each: each.metric, empty=empty)


def _plot(session: context.Session, tasks: list[TaskMetrics], metric: str, job_id: str) -> None:
    from commands.chart_page import page
    from commands.output import painted

    drawn = charts(tasks, metric)
    session.output.lines(page(drawn, session.output.width, painted))
    if not drawn:
        session.output.talk(f"job {job_id} has no such curves at the parties of this site")


def _of_series(place: Figure, series: Series) -> Iterator[Figure]:
    points = series.data
    if points and all(isinstance(key, str) for key, *_ in points):  # a summary: names and values
        for key, value, *_ in points:
            yield msgspec.structs.replace(place, metric=key, value=value)
    elif points:
        is_course = len(points) == 1 or series.meta.get("metric_type") in _COURSES
        yield msgspec.structs.replace(place, value=points[-1][1] if is_course else None, points=len(points))
