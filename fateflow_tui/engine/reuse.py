"""Components that need not run because an earlier job has done the same: what the parties say, and what is kept. What
qualifies is in `reuse_plan`.

The driver proposes in each party's document. A party that still has what the earlier job left takes it over at once,
as a task that has succeeded; the driver keeps a component when all its parties did and all that it needs is kept, too.
The others run, under a new version.
"""

from __future__ import annotations

from collections.abc import Mapping

from fateflow_tui.core.messages import Want
from fateflow_tui.core.records import Adopted, PartyRecord
from fateflow_tui.core.status import Status
from fateflow_tui.engine.components import new_version, reports_of
from fateflow_tui.engine.job import Job
from fateflow_tui.engine.site import Site
from fateflow_tui.engine.story import move_component, move_task


def take_over(site: Site, job: Job, record: PartyRecord, adopted: Mapping[str, Adopted]) -> None:
    """At a party: what it has of the earlier job becomes the outcome of its tasks."""
    document = job.state.documents[str(record.party)]
    if document.reuse is None:
        return
    for name in document.reuse.components:
        task = job.newest.get(str(record.party), {}).get(name)
        if name not in adopted or task is None or task.status is not Status.WAITING:
            continue
        task.outputs, task.summary = list(adopted[name].outputs), adopted[name].summary
        task.reused_from, task.module_version = document.reuse.job_id, adopted[name].module_version
        task.started_at = site.at
        move_task(job, task, Status.SUCCESS, site.at, f"reused from job {document.reuse.job_id}")


def judge_reuse(site: Site, job: Job) -> None:
    """At the driver, when all parties have created the job: what is kept is complete, what is not runs anew."""
    plan = job.state.plan
    reuse = plan.documents[0].reuse if plan is not None and plan.documents else None
    if reuse is None:
        return
    kept: set[str] = set()
    for name in reuse.components:
        component, reports = job.components[name], reports_of(job, name)
        missing = [
            str(party)
            for party in component.parties
            if str(party) not in reports or reports[str(party)].reused_from != reuse.job_id
        ]
        blocked = [need for need in component.needs if need not in kept]
        if not missing and not blocked:
            kept.add(name)
            record = job.driver.components[name]
            record.want, record.reused_from = Want.KEEP, reuse.job_id
            move_component(job, name, Status.SUCCESS, site.at, f"reused from job {reuse.job_id}")
        elif len(missing) < len(component.parties):
            why = f"not there any more at {', '.join(missing)}" if missing else f"{blocked[0]} runs again"
            new_version(site, job, name, f"job {reuse.job_id} cannot be reused: {why}")
