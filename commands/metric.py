"""`fateflow metric`: the figures of a job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from commands import context
from commands.options import ComponentOption, JobArgument, JobOption, PartyOption, required
from commands.text import number
from commands.verbs import Noun
from fateflow_tui.core.errors import NotFound

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
    job: JobArgument = None,
    component: Annotated[str | None, typer.Argument(metavar="COMPONENT", help="Only this one.")] = None,
    job_id: JobOption = None,
    component_name: ComponentOption = None,
    party: PartyOption = None,
) -> None:
    """Shows the metrics of a job, or of one component: of a curve its last point.

    Examples:
    fateflow metric show @last
    fateflow metric show @last evaluation_0 --party guest:9999
    """
    session = context.of(ctx)
    [one] = session.resolve([required(job or job_id, "JOB")])
    view = session.flow.job(one)
    found = list(figures(session, view, component or component_name, party))
    session.output.listing(
        found,
        _TITLES,
        lambda each: [
            each.component,
            each.party,
            each.namespace,
            each.metric,
            number(each.value),
            str(each.points) if each.points > 1 else "",
        ],
        lambda each: each.metric,
        empty=f"job {one} has no metrics at the parties of this site",
    )


def figures(
    session: context.Session, job: JobView, component: str | None = None, party: str | None = None
) -> Iterator[Figure]:
    """The metrics of a job at the parties that the asked site plays. Raises NotFound for an unknown component."""
    names = [one.name for one in job.components]
    if component and component not in names:
        raise NotFound(f"job {job.job_id} has no component {component}", hint=f"its components: {', '.join(names)}")
    here = [line.party for line in job.party_lines if line.here]
    for one in job.components:
        for where in here:
            wanted = component in (None, one.name) and party in (None, where)
            if wanted and one.parties.get(where) not in (None, "waiting"):
                for namespace, series in session.flow.metrics(job.job_id, one.name, where).items():
                    for name, values in series.items():
                        yield from _of_series(Figure(one.name, where, namespace, name, None), values)


def _of_series(place: Figure, series: Series) -> Iterator[Figure]:
    points = series.data
    if points and all(isinstance(key, str) for key, *_ in points):  # a summary: names and values
        for key, value, *_ in points:
            yield msgspec.structs.replace(place, metric=key, value=value)
    elif points:
        is_course = len(points) == 1 or series.meta.get("metric_type") in _COURSES
        yield msgspec.structs.replace(place, value=points[-1][1] if is_course else None, points=len(points))
