"""What the evaluations of a job come to, beside those of the job before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from commands.context import Session
from commands.metric import Figure, figures, metrics_of
from commands.watch_events import Score
from fateflow_tui.core.errors import FateFlowError

if TYPE_CHECKING:
    from fateflow_tui.sdk.jobs import JobView

_JUDGES: Final = frozenset({"Evaluation"})  # modules whose figures say how good a model is


def scores(session: Session, job: JobView, before: str | None) -> list[Score]:
    """Of the initiator's figures, those that are one number. before: a job to compare with, None for none."""
    old: dict[tuple[str, str, str], float] = {}
    try:
        found = list(_numbers(session, job))
        if found and before not in (None, job.job_id):
            old = {_place(figure): figure.value for figure in _numbers(session, session.flow.job(str(before)))}
    except FateFlowError:  # they are an extra; `metric show` says what is wrong
        return []
    return [Score(*_place(figure), value=figure.value, before=old.get(_place(figure))) for figure in found]


def _numbers(session: Session, job: JobView) -> Iterator[Figure]:
    judges = [one.name for one in job.components if one.module in _JUDGES and one.status.succeeded]
    for name in judges:
        for figure in figures(metrics_of(session, job, name, job.initiator)):
            if isinstance(figure.value, int | float):
                yield figure


def _place(figure: Figure) -> tuple[str, str, str]:
    return figure.component, figure.namespace, figure.metric
