"""Statuses of jobs and tasks, their legal transitions, and folding several statuses into one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """FATE's statuses. `READY`: the parties are still creating the job. `PASS`: the task was skipped."""

    READY = "ready"
    WAITING = "waiting"
    RUNNING = "running"
    SUCCESS = "success"
    PASS = "pass"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELED = "canceled"

    @property
    def ended(self) -> bool:
        return self in ENDED

    @property
    def succeeded(self) -> bool:
        return self in SUCCEEDED

    @property
    def interrupted(self) -> bool:
        return self in INTERRUPTED


SUCCEEDED: Final = frozenset({Status.SUCCESS, Status.PASS})
INTERRUPTED: Final = frozenset({Status.FAILED, Status.TIMEOUT, Status.CANCELED})
ENDED: Final = SUCCEEDED | INTERRUPTED

_WORST_FIRST: Final = (Status.FAILED, Status.TIMEOUT, Status.CANCELED)

# An ended job goes back to WAITING only by a rerun. An ended task never changes: a rerun is a new version.
JOB_TRANSITIONS: Final[Mapping[Status, frozenset[Status]]] = {
    Status.READY: frozenset({Status.WAITING, *INTERRUPTED}),
    Status.WAITING: frozenset({Status.RUNNING, *ENDED}),
    Status.RUNNING: frozenset({Status.WAITING, *ENDED}),
    Status.SUCCESS: frozenset({Status.WAITING}),
    Status.PASS: frozenset({Status.WAITING}),
    Status.FAILED: frozenset({Status.WAITING}),
    Status.TIMEOUT: frozenset({Status.WAITING}),
    Status.CANCELED: frozenset({Status.WAITING}),
}
TASK_TRANSITIONS: Final[Mapping[Status, frozenset[Status]]] = {
    Status.WAITING: frozenset({Status.RUNNING, *ENDED}),
    Status.RUNNING: ENDED,
    **{status: frozenset() for status in ENDED},
}


def fold_parties(statuses: Iterable[Status]) -> Status:
    """Return the status of a component from its status at each party: the worst status first, then running."""
    present = set(statuses)
    if not present:
        return Status.PASS
    for worst in _WORST_FIRST:
        if worst in present:
            return worst
    if present <= SUCCEEDED:
        return Status.PASS if present == {Status.PASS} else Status.SUCCESS
    return Status.WAITING if present == {Status.WAITING} else Status.RUNNING


def fold_components(statuses: Iterable[Status], *, can_go_on: bool) -> Status:
    """Return the status of a job from its components.

    `can_go_on`: whether a component is running or can still start; the job is then running. Otherwise the worst status
    decides, and a job whose remaining components cannot start is canceled.
    """
    present = set(statuses)
    if present <= SUCCEEDED:
        return Status.SUCCESS
    if can_go_on:
        return Status.RUNNING
    for worst in _WORST_FIRST:
        if worst in present:
            return worst
    return Status.CANCELED
