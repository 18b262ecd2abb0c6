"""Reruns of an ended job: which components run again, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec

from fateflow_tui.core.errors import Conflict, NotFound
from fateflow_tui.core.events import RerunRequested
from fateflow_tui.core.messages import Want
from fateflow_tui.core.plan import JobPlan, PartyDocument, RerunAction, RerunStep
from fateflow_tui.core.status import Status
from fateflow_tui.engine.components import include_consumers, new_version
from fateflow_tui.engine.context import TurnContext
from fateflow_tui.engine.driver import enter_queue
from fateflow_tui.engine.job import Job


def plan_rerun(
    job: Job,
    components: Iterable[str] = (),
    *,
    force: bool = False,
    documents: Iterable[PartyDocument] = (),
    missing: Mapping[str, str] = MappingProxyType({}),
) -> list[RerunStep]:
    """One step per component, in topological order.

    The named components and those with changed parameters run again, with everything that depends on them. Without
    names, all that did not succeed run; with `force`, all. Components that they need run too if they have
    not succeeded or their outputs were deleted (missing: component -> the party where they were).
    Raises Conflict if the job has not ended or nothing would run, NotFound for an unknown component.
    """
    plan = _plan_of(job)
    if not job.driver.status.ended:
        raise Conflict(
            f"job {job.id} is {job.driver.status}; only an ended job can be rerun",
            hint=f"stop it first: fateflow job stop -j {job.id}",
        )
    named = list(components)
    unknown = [name for name in named if name not in job.components]
    if unknown:
        raise NotFound(
            f"job {job.id} has no component {', '.join(unknown)}", hint=f"it has {', '.join(job.components)}"
        )
    why = _reasons(job, plan, named, force, list(documents))
    if not why:
        raise Conflict(
            f"every component of job {job.id} has succeeded; nothing to rerun",
            hint="use --force to run them all again",
        )
    include_consumers(job, why, missing)
    return [_step(job, name, why.get(name)) for name in job.components]


def rerun(turn: TurnContext, job: Job, event: RerunRequested) -> None:
    """Reopen an ended job and put it in the queue."""
    steps = plan_rerun(job, event.components, force=event.force, documents=event.documents, missing=event.missing)
    driver, plan = job.driver, _plan_of(job)
    job.add_story(turn.at, "RerunRequested", text=f"by {event.by}")
    if event.documents or event.conf is not None:
        changed = {document.party: document for document in event.documents}
        job.state.plan = msgspec.structs.replace(
            plan,
            documents=[changed.get(document.party, document) for document in plan.documents],
            conf=plan.conf if event.conf is None else event.conf,
            options=event.documents[0].options if event.documents else plan.options,
        )
        driver.document_revision += 1 if event.documents else 0
    job.refusals = dict(event.refusals)
    driver.reruns += 1
    driver.stop = driver.outcome = None
    driver.parts = {}
    driver.failure = None
    driver.refused_by = ""
    driver.reason = driver.tag = ""
    driver.started_at = driver.ended_at = driver.progress = 0
    for step in steps:
        record = driver.components[step.component]
        if step.action is RerunAction.RUN:
            new_version(turn, job, step.component, step.why)
            record.retries = record.relaunches = 0
        else:
            record.want = Want.KEEP
    job.put_plan()
    enter_queue(turn, job, f"rerun by {event.by}")


def _reasons(job: Job, plan: JobPlan, named: list[str], force: bool, documents: list[PartyDocument]) -> dict[str, str]:
    """component -> why it runs, for those that do."""
    records = job.driver.components
    why = dict.fromkeys(named, "requested")
    for name in _changed(plan, documents):
        why.setdefault(name, "its parameters have changed")
    if not named:
        for name, record in records.items():
            if not record.status.succeeded:
                why.setdefault(name, _ended_as(record.status))
            elif force:
                why.setdefault(name, "forced")
    for name, component in job.components.items():
        need = next((need for need in component.needs if need in why), None)
        if need is not None:
            why.setdefault(name, f"depends on {need}")
    for name, component in reversed(job.components.items()):
        for need in component.needs if name in why else ():
            if not records[need].status.succeeded:
                why.setdefault(need, f"{name} needs it")
    return why


def _step(job: Job, name: str, why: str | None) -> RerunStep:
    if why is not None:
        return RerunStep(name, RerunAction.RUN, why)
    status = job.driver.components[name].status
    if status.succeeded:
        return RerunStep(name, RerunAction.REUSE, "succeeded, and its inputs do not change")
    return RerunStep(name, RerunAction.SKIP, f"{_ended_as(status)}, but was not requested")


def _ended_as(status: Status) -> str:
    return "never ran" if status is Status.WAITING else f"ended as {status}"


def _changed(plan: JobPlan, documents: list[PartyDocument]) -> set[str]:
    old = {document.party: document for document in plan.documents}
    return {
        after.component
        for document in documents
        for before, after in zip(old[document.party].tasks, document.tasks, strict=True)
        if before != after
    }


def _plan_of(job: Job) -> JobPlan:
    if job.state.plan is None:
        drivers = {str(record.driver) for record in job.state.parties.values()}
        raise Conflict(f"job {job.id} is driven by the site of {', '.join(drivers)}; rerun it there")
    return job.state.plan
