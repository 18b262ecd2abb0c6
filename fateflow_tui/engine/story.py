"""Transitions: each is checked against the table of legal ones and written to the job's story."""

from __future__ import annotations

from collections.abc import Mapping

from fateflow_tui.core.errors import Conflict
from fateflow_tui.core.records import PartyRecord, TaskRecord
from fateflow_tui.core.status import JOB_TRANSITIONS, TASK_TRANSITIONS, Status
from fateflow_tui.engine.job import Job


def move_job(job: Job, status: Status, at: int, text: str = "") -> None:
    """The job at its driver."""
    driver = job.driver
    if driver.status is status:
        return
    _check(JOB_TRANSITIONS, driver.status, status, f"job {job.id}")
    job.tell(at, f"{driver.status} -> {status}", text=text)
    driver.status = status
    job.touch_driver()


def move_party(job: Job, record: PartyRecord, status: Status, at: int, text: str = "") -> None:
    """The job at one party of this site."""
    if record.status is status:
        return
    _check(JOB_TRANSITIONS, record.status, status, f"job {job.id} at {record.party}")
    job.tell(at, f"{record.status} -> {status}", party=str(record.party), text=text)
    record.status = status
    record.updated_at = at
    if status is Status.RUNNING:
        record.started_at, record.ended_at = at, 0
    elif status.ended:
        record.ended_at = at
    job.touch_party(record)


def move_task(job: Job, task: TaskRecord, status: Status, at: int, text: str = "") -> None:
    """A task of this site."""
    _check(TASK_TRANSITIONS, task.status, status, f"task {task.key} of job {job.id}")
    job.tell(at, f"{task.status} -> {status}", party=str(task.party), component=task.component, text=text)
    task.status = status
    task.updated_at = at
    if status is Status.RUNNING:
        task.started_at = at
    elif status.ended:
        task.ended_at = at
    job.put_task(task)


def move_component(job: Job, name: str, status: Status, at: int, text: str = "") -> None:
    """A component over all parties, as its driver sees it."""
    record = job.driver.components[name]
    if record.status is status:
        return
    _check(TASK_TRANSITIONS, record.status, status, f"component {name} of job {job.id}")
    job.tell(at, f"{record.status} -> {status}", component=name, text=text)
    record.status = status
    if status is Status.RUNNING:
        record.started_at = at
    elif status.ended:
        record.ended_at = at
    job.put_component(name)


def _check(table: Mapping[Status, frozenset[Status]], old: Status, new: Status, what: str) -> None:
    if new not in table[old]:
        raise Conflict(f"{what} cannot go from {old} to {new}")
