"""The engine's events, named in the past tense. `at` is the time in ms since the epoch, set by the caller."""

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
    """A user submitted a valid job. refusals: by `str(party)`, for parties of this site, after checking their tables,
    modules and grants. adopted: by party and component, the reusable outputs that these parties still have.
    """

    at: int
    plan: JobPlan
    refusals: dict[str, Refusal] = {}
    adopted: dict[str, dict[str, Adopted]] = {}


class DirectiveReceived(msgspec.Struct, frozen=True):
    """The driver's directive, authenticated. refusal: of this party, if it does not accept the document. adopted: by
    component, the reusable outputs that the party still has. missing: in a rerun, the components whose outputs were
    deleted here.
    """

    at: int
    directive: Directive
    refusal: Refusal | None = None
    adopted: dict[str, Adopted] = {}
    missing: list[str] = []


class ReportReceived(msgspec.Struct, frozen=True):
    """A party's report, authenticated."""

    at: int
    report: Report


class ReportAcknowledged(msgspec.Struct, frozen=True):
    """The driver has saved this site's report."""

    at: int
    acknowledgement: Acknowledgement


class PeerFailed(msgspec.Struct, frozen=True):
    """A directive or report could not be delivered after the transport's own retries."""

    at: int
    job_id: str
    party: Party  # the party that was addressed
    reason: str


class TaskStarted(msgspec.Struct, frozen=True):
    """A worker has started."""

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
    """A user of this site stops a job. status: the final status."""

    at: int
    job_id: str
    by: str
    status: Status = Status.CANCELED
    reason: str = ""


class RerunRequested(msgspec.Struct, frozen=True):
    """A user reruns an ended job at its driver.

    components: the components to start from, including all that depend on them; [] for all that did not succeed.
    force: include succeeded components. documents, conf: new ones if parameters changed, else [] and None. refusals: as
    in JobSubmitted, for the new documents. missing: by component, the party of this site where its outputs were
    deleted.
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
    """A user has set the description of a job at one party of this site."""

    at: int
    job_id: str
    party: Party
    notes: str


class TimePassed(msgspec.Struct, frozen=True):
    """The engine's deadline, or the safety tick."""

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
