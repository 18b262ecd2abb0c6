"""What can happen to the engine, in the past tense. `at` is the time in ms since the epoch, given by the shell."""

from __future__ import annotations

from typing import Any

import msgspec

from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Acknowledgement, Directive, Refusal, Report
from fateflow_tui.core.plan import JobPlan, PartyDocument
from fateflow_tui.core.records import Adopted
from fateflow_tui.core.status import Status
from fateflow_tui.core.work import TaskOutcome


class JobSubmitted(msgspec.Struct, frozen=True):
    """A checked job. refusals: of the parties that this site plays, by `str(party)`, found by looking at their
    tables, modules and grants. adopted: what these parties have of the job that is to be reused, by party and
    component.
    """

    at: int
    plan: JobPlan
    refusals: dict[str, Refusal] = {}
    adopted: dict[str, dict[str, Adopted]] = {}


class DirectiveReceived(msgspec.Struct, frozen=True):
    """A driver's message, already authenticated. refusal: this party's, if the document it carries is not wanted.
    adopted: what the party has of the job that the document wants to reuse, by component. gone: with a rerun, the
    components whose outputs were deleted here.
    """

    at: int
    directive: Directive
    refusal: Refusal | None = None
    adopted: dict[str, Adopted] = {}
    missing: list[str] = []


class ReportReceived(msgspec.Struct, frozen=True):
    """A party's message, already authenticated."""

    at: int
    report: Report


class ReportAcknowledged(msgspec.Struct, frozen=True):
    """The driver has saved our report."""

    at: int
    acknowledgement: Acknowledgement


class PeerFailed(msgspec.Struct, frozen=True):
    """A directive or report could not be delivered after the transport's own retries."""

    at: int
    job_id: str
    party: Party  # the party that was addressed
    reason: str


class TaskStarted(msgspec.Struct, frozen=True):
    """The worker runs."""

    at: int
    job_id: str
    component: str
    version: int
    party: Party
    pid: int


class TaskEnded(msgspec.Struct, frozen=True):
    """The worker has ended, was killed, or never started."""

    at: int
    job_id: str
    component: str
    version: int
    party: Party
    outcome: TaskOutcome


class StopRequested(msgspec.Struct, frozen=True):
    """A user of this site stops a job. status: what it shall end with, canceled unless said otherwise."""

    at: int
    job_id: str
    by: str
    status: Status = Status.CANCELED
    reason: str = ""


class RerunRequested(msgspec.Struct, frozen=True):
    """A user reruns an ended job at its driver.

    components: [] for all that did not succeed, or the components to begin from (they and all that depend on
    them run again). force: also what succeeded. documents: new party documents when parameters changed (and the
    `conf` that belongs to them), else []. refusals: as in JobSubmitted, of the new documents. gone: component -> the
    party of this site at which its outputs were deleted.
    """

    at: int
    job_id: str
    by: str
    components: list[str] = []
    force: bool = False
    documents: list[PartyDocument] = []
    conf: dict[str, Any] | None = None
    refusals: dict[str, Refusal] = {}
    missing: dict[str, str] = {}


class NotesWritten(msgspec.Struct, frozen=True):
    """A user has described a job at one party of this site."""

    at: int
    job_id: str
    party: Party
    notes: str


class TimePassed(msgspec.Struct, frozen=True):
    """A deadline that the engine asked for has come, or the safety tick."""

    at: int


Event = (
    JobSubmitted
    | DirectiveReceived
    | ReportReceived
    | ReportAcknowledged
    | PeerFailed
    | TaskStarted
    | TaskEnded
    | StopRequested
    | RerunRequested
    | NotesWritten
    | TimePassed
)
