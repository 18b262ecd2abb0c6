"""Deleting metrics and output tables of ended jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.artifacts.metrics import prune
from fateflow_tui.core.errors import BadRequest, Conflict
from fateflow_tui.core.ids import output_namespace
from fateflow_tui.core.records import JobState, TaskRecord
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.fate.filters import each
from fateflow_tui.server.job_views import job_line
from fateflow_tui.server.openapi import JOB, NUMBER, TEXT, described, members
from fateflow_tui.server.requests import Body, JsonBody
from fateflow_tui.server.tracking import output_tables


class Choice(msgspec.Struct, frozen=True):
    """Which runs of which tasks; "" and -1 for any."""

    component: str = ""
    role: str = ""
    party_id: str = ""
    version: int = -1

    @classmethod
    def of(cls, body: Body) -> Choice:
        return cls(
            body.text("component_name"), body.text("role"), body.text("party_id"), body.integer("task_version", -1)
        )

    def runs(self, state: JobState) -> Iterator[TaskRecord]:
        """The chosen runs of this site's parties that have ended."""
        for task in state.tasks.values():
            fits = (
                self.component in ("", task.component)
                and self.role in ("", task.party.role)
                and self.party_id in ("", task.party.party_id)
                and self.version in (-1, task.version)
            )
            if fits and task.status.ended:
                yield task


def is_ended(state: JobState) -> bool:
    """At all parties, and at this site's."""
    return job_line(state).status.ended and all(party.status.ended for party in state.parties.values())


def check_ended(state: JobState) -> None:
    """Raises Conflict for a job that still needs what it has left."""
    if not is_ended(state):
        raise Conflict(
            f"job {state.job_id} has not ended: it is {job_line(state).status}",
            hint=f"wait for it, or stop it: fateflow job stop -j {state.job_id}",
        )


def remove_metrics(site: Site, state: JobState, choice: Choice, namespace: str = "", name: str = "") -> int:
    """Deletes series of the chosen runs; returns how many."""
    return sum(
        prune(site.home.metrics(task.job_id, task.party, task.component, task.version), namespace, name)
        for task in choice.runs(state)
    )


def remove_outputs(site: Site, state: JobState, choice: Choice) -> int:
    """Deletes the tables that the chosen runs wrote for their outputs, never one that they read, uploaded or passed
    on; returns how many there were.
    """
    gone = 0
    for task in choice.runs(state):
        own = output_namespace(task.job_id, task.component, task.version)
        for output in output_tables(task):
            if output.namespace == own:
                gone += site.tables.delete(output.namespace, output.table)
    return gone


def day_of(body: Body) -> str:
    """The eight digits that `model` stands for in metric/delete: with them the ids of a day's jobs begin."""
    day = body.text("model")
    if len(day) != 8 or not (day.isascii() and day.isdigit()):
        raise BadRequest(f"model is {day!r:.80}, it must be a day as in 20261124", hint="or give a job_id")
    return day


router = APIRouter(tags=["tracking (FATE-Flow 1.x)"])

_HINT = "`fateflow job list` shows the jobs of this site"
_FILTERS = {"component_name": TEXT, "role": TEXT, "party_id": TEXT, "task_version": NUMBER}


@router.post(
    "/tracking/component/metric/delete",
    **described(
        members(model=TEXT, job_id=TEXT, metric_namespace=TEXT, metric_name=TEXT, **_FILTERS),
        {"job_id": JOB, "component_name": "hetero_lr_0"},
        "deleted 2 metric series of 1 job",
    ),
)
async def delete_metric(site: ThisSite, body: JsonBody) -> Response:
    """Deletes series of metrics of an ended job (`job_id`), or of all ended jobs of a day (`model`), as far as the
    other members fit. Answers with a text.
    """
    choice = Choice.of(body)
    namespace, name, job_id = body.text("metric_namespace"), body.text("metric_name"), body.text("job_id")
    if job_id:
        state = site.jobs.state(job_id)
        if state is None:
            raise BadRequest(f"can not found job {job_id}", hint=_HINT)
        check_ended(state)
        states, running = [state], 0
    elif body.text("model"):
        day = day_of(body)
        states, running = [], 0
        async for state in each(site.jobs.states()):
            if state.job_id.startswith(day):
                running += not is_ended(state)
                states += [state] if is_ended(state) else []
    else:
        raise BadRequest("required parameters are missing: job_id, or model for all jobs of a day;")
    gone = jobs = 0
    for state in states:
        of_job = await asyncio.to_thread(remove_metrics, site, state, choice, namespace, name)
        gone += of_job
        jobs += bool(of_job)
    left = f"; {running} running jobs were left alone" if running else ""
    return answer(f"deleted {gone} metric series of {jobs} job{'' if jobs == 1 else 's'}{left}")


@router.post("/job/clean", tags=["job (FATE-Flow 1.x)"], **described(members("job_id", **_FILTERS), {"job_id": JOB}))
async def clean(site: ThisSite, body: JsonBody) -> Response:
    """Deletes output tables and metrics of an ended job. Tables that it only read stay, and so do models."""
    body.require("job_id")
    state = site.jobs.state(body.text("job_id"))
    if state is None:
        raise BadRequest(f"can not found job {body.text('job_id')}", hint=_HINT)
    check_ended(state)
    choice = Choice.of(body)
    if not any(choice.runs(state)):
        raise BadRequest(f"job {state.job_id} has no such task that has run at this site")
    await asyncio.to_thread(remove_outputs, site, state, choice)
    await asyncio.to_thread(remove_metrics, site, state, choice)
    return answer()
