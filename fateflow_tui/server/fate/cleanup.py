"""Deleting metrics and output tables of ended jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.artifacts.metrics import prune
from fateflow_tui.core.errors import BadRequest, Conflict
from fateflow_tui.core.formatting import plural
from fateflow_tui.core.ids import output_namespace
from fateflow_tui.core.records import JobState, TaskRecord
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.context import JOB_HINT, ThisSite
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.fate.filters import each
from fateflow_tui.server.job_views import job_line
from fateflow_tui.server.openapi import JOB, answers
from fateflow_tui.server.requests import Int, Json, RequestBody, Text
from fateflow_tui.server.tracking import output_tables


class RunFilter(RequestBody):
    """Selects runs of tasks. Empty fields match all."""

    component_name: Text = ""
    role: Text = ""
    party_id: Text = ""
    task_version: Int = -1

    def runs(self, state: JobState) -> Iterator[TaskRecord]:
        """Yield the matching runs of this site's parties that have ended."""
        for task in state.tasks.values():
            fits = (
                self.component_name in ("", task.component)
                and self.role in ("", task.party.role)
                and self.party_id in ("", task.party.party_id)
                and self.task_version in (-1, task.version)
            )
            if fits and task.status.ended:
                yield task


def is_ended(state: JobState) -> bool:
    """Whether the job has ended at all parties, including this site's."""
    return job_line(state).status.ended and all(party.status.ended for party in state.parties.values())


def remove_metrics(site: Site, state: JobState, runs: RunFilter, namespace: str = "", name: str = "") -> int:
    """Delete series of the matching runs; return their number."""
    return sum(
        prune(site.home.metrics(task.job_id, task.party, task.component, task.version), namespace, name)
        for task in runs.runs(state)
    )


def remove_outputs(site: Site, state: JobState, runs: RunFilter) -> int:
    """Delete the output tables that the matching runs wrote, never one that they read, uploaded or passed on; return
    their number.
    """
    count = 0
    for task in runs.runs(state):
        own = output_namespace(task.job_id, task.component, task.version)
        for output in output_tables(task):
            if output.namespace == own:
                count += site.tables.delete(output.namespace, output.table)
    return count


router = APIRouter(tags=["tracking (FATE-Flow 1.x)"])


class DeleteMetricsRequest(RunFilter, example={"job_id": JOB, "component_name": "hetero_lr_0"}):
    """Either of one job, or of all jobs of the day `model`."""

    job_id: Text = ""
    model: Annotated[Text, "a day, as in 20261124"] = ""
    metric_namespace: Text = ""
    metric_name: Text = ""

    @property
    def day(self) -> str:
        """The eight digits that the ids of a day's jobs begin with."""
        if len(self.model) != 8 or not (self.model.isascii() and self.model.isdigit()):
            raise BadRequest(f"model must be a day as in 20261124, not {self.model!r:.80}", hint="or give a job_id")
        return self.model


class CleanJobRequest(RunFilter, example={"job_id": JOB}):
    job_id: Text


@router.post("/tracking/component/metric/delete", **answers("deleted 2 metric series of 1 job"))
async def delete_metric(site: ThisSite, body: Json[DeleteMetricsRequest]) -> Response:
    """Delete metric series of an ended job, or of all ended jobs of a day. Returns a sentence with their number."""
    running = 0
    if body.job_id:
        states = [_ended_job(site, body.job_id)]
    elif body.model:
        states, day = [], body.day
        async for state in each(site.jobs.states()):
            if state.job_id.startswith(day):
                running += not is_ended(state)
                states += [state] if is_ended(state) else []
    else:
        raise BadRequest("required parameters are missing: job_id, or model for all jobs of a day;")
    series = jobs = 0
    for state in states:
        of_job = await asyncio.to_thread(remove_metrics, site, state, body, body.metric_namespace, body.metric_name)
        series += of_job
        jobs += bool(of_job)
    kept = f"; {running} running jobs were left unchanged" if running else ""
    return answer(f"deleted {series} metric series of {plural(jobs, 'job')}{kept}")


@router.post("/job/clean", tags=["job (FATE-Flow 1.x)"], **answers())
async def clean(site: ThisSite, body: Json[CleanJobRequest]) -> Response:
    """Delete output tables and metrics of an ended job. Its input tables and its models stay."""
    state = _ended_job(site, body.job_id)
    if not any(body.runs(state)):
        raise BadRequest(f"no task of job {state.job_id} that ran at this site matches")
    await asyncio.to_thread(remove_outputs, site, state, body)
    await asyncio.to_thread(remove_metrics, site, state, body)
    return answer()


def _ended_job(site: Site, job_id: str) -> JobState:
    """Return a job that has ended. Raises Conflict for one that still needs its outputs."""
    state = site.jobs.state(job_id)
    if state is None:
        raise BadRequest(f"can not found job {job_id}", hint=JOB_HINT)
    if not is_ended(state):
        raise Conflict(
            f"job {job_id} has not ended: it is {job_line(state).status}",
            hint=f"wait for it, or stop it: fateflow job stop -j {job_id}",
        )
    return state
