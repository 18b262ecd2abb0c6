"""Deleting metrics and output tables of ended jobs."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.server.body import JsonBody
from fateflow_tui.server.cleaning import Choice, check_ended, day_of, delete_metrics, delete_outputs, is_ended
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.described import JOB, NUMBER, TEXT, described, members
from fateflow_tui.server.envelope import answer
from fateflow_tui.server.search import each

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
        of_job = await asyncio.to_thread(delete_metrics, site, state, choice, namespace, name)
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
    await asyncio.to_thread(delete_outputs, site, state, choice)
    await asyncio.to_thread(delete_metrics, site, state, choice)
    return answer()
