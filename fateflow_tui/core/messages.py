"""The messages between sites about a job.

Directives and reports are *levels*, not edges: each carries the whole desired or actual state, with a growing number. A
lost, repeated or late message is harmless: the higher number wins, and the newest is resent until it is acknowledged.
They double as heartbeats.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from fateflow_tui.core.ids import Party
from fateflow_tui.core.plan import PartyDocument, Resources
from fateflow_tui.core.status import Status


class Phase(StrEnum):
    """The phase of a job that the driver wants at a party."""

    CREATE = "create"  # check and store it; nothing is reserved or run
    RESERVE = "reserve"  # reserve `need`
    RUN = "run"  # the reservation is confirmed; run the components
    FINISH = "finish"  # kill what runs, release everything, end with `status`


class Want(StrEnum):
    """What the driver wants for the current version of a component at a party."""

    HOLD = "hold"
    RUN = "run"
    STOP = "stop"
    KEEP = "keep"  # it ended; its outputs are kept


class ComponentDirective(msgspec.Struct, frozen=True):
    """One component in a directive: its current version, what to do, and its status over all parties."""

    version: int
    want: Want
    status: Status


class Directive(msgspec.Struct, frozen=True):
    """Driver to party: the desired state of a job at this party.

    epoch: of the driver; a lower one than seen before comes from a former driver and is ignored.
    revision: grows with each change for this job and party. document: sent until the party reports that it has this
    `document_revision` (a rerun with changed parameters makes a new one).
    status, reason: of the job over all parties; with FINISH, what to end with and why.
    reserve_until: how long the driver waits for all parties, by its own clock. A reservation expires by itself at a
    party that no longer hears from the driver. queued_at: since when the job waits; with the priority it gives the
    position in every party's queue. run: the number of reruns; a higher one reopens an ended job.
    acknowledged: the newest report of this party that the driver has saved; it makes no new revision.
    parts: after a success with a model, every party's digest of its part (see `models.part_digest`).
    failure: the redacted card of the task that failed first for good, at any party. stop: the request that stopped the
    job. refused_by: the party whose refusal ended the job, or ''.
    """

    job_id: str
    party: Party
    driver: Party
    epoch: int
    revision: int
    document_revision: int
    phase: Phase
    status: Status
    components: dict[str, ComponentDirective] = {}
    document: PartyDocument | None = None
    reserve_until: int = 0
    reason: str = ""
    progress: int = 0
    queued_at: int = 0
    run: int = 0
    acknowledged: int = 0
    parts: dict[str, str] = {}
    failure: FailureCard | None = None
    stop: StopRequest | None = None
    refused_by: str = ""


class Refusal(msgspec.Struct, frozen=True):
    """Why a party refused a job. code: of the error class; retcode: FATE-Flow's number.

    lacks: names of what is missing, by kind: role, command, component, dataset (grants), table, module, model,
    route, trust (parties whose sites have no known address, or no trusted key).
    message: the reason without the party. party: the one that refused; None in records of earlier versions, whose
    message names it.
    """

    code: str
    message: str
    retcode: int = 103
    lacks: dict[str, list[str]] = {}
    party: Party | None = None

    @property
    def text(self) -> str:
        """Return the reason, with the party that refused."""
        return f"{self.party} cannot take part: {self.message}" if self.party else self.message


class Proposal(msgspec.Struct, frozen=True):
    """A driver asks whether a party would accept this document, before the job is submitted."""

    document: PartyDocument


class ProposalAnswer(msgspec.Struct, frozen=True):
    """refusal: why the party would refuse; None if it would accept now."""

    refusal: Refusal | None


class Shortage(msgspec.Struct, frozen=True):
    """Why a reservation was not granted: the need, the free capacity and the party's total.

    behind: the job that has waited so long that others may no longer overtake it, or ''.
    """

    need: Resources
    free: Resources
    total: Resources
    behind: str = ""


class FailureCard(msgspec.Struct, frozen=True):
    """Why a task failed or was interrupted. Complete at its own party; peers get the `redacted` card.

    kind: component (with a message of its own), exception, signal, exit, memory, timeout, canceled, lost.
    cause: the component's message, else type and message of the innermost exception. where: file:line. signal: by name.
    peak_memory: MiB. log: the last lines. hint: the likely next step.
    """

    party: Party
    component: str
    version: int
    kind: str
    cause: str
    where: str = ""
    exit_code: int | None = None
    signal: str = ""
    peak_memory: int = 0
    log: list[str] = []
    traceback: str = ""
    hint: str = msgspec.field(name="fix", default="")

    def redacted(self) -> FailureCard:
        """Return the card for other parties, without rows, paths or addresses.

        Of an exception only the type is kept, because its message may quote data. Of a `ComponentFailed` the message is
        kept, but not the hint, which may name other columns of the table.
        """
        cause = self.cause.partition(":")[0] if self.kind == "exception" else self.cause
        return FailureCard(
            party=self.party,
            component=self.component,
            version=self.version,
            kind=self.kind,
            cause=cause,
            exit_code=self.exit_code,
            signal=self.signal,
            peak_memory=self.peak_memory,
            hint="" if self.kind == "component" else self.hint,
        )


class TaskReport(msgspec.Struct, frozen=True):
    """One task at its party. Times in ms since the epoch, 0 where not yet. models: alias -> sha256 of its file.

    reused_from: the job whose outputs it reused, or ''. outputs_missing: a rerun found its outputs deleted.
    """

    version: int
    status: Status
    started_at: int = 0
    ended_at: int = 0
    card: FailureCard | None = None
    models: dict[str, str] = {}
    reused_from: str = ""
    outputs_missing: bool = msgspec.field(name="gone", default=False)


class StopRequest(msgspec.Struct, frozen=True):
    """A user's request to stop the whole job. status: what it ends with. by: the user, as the client names them.

    party: where it was requested; '' in records of earlier versions.
    """

    status: Status
    by: str
    at: int
    reason: str = ""
    party: str = ""


class Report(msgspec.Struct, frozen=True):
    """Party to driver: the actual state of a job at this party.

    seq grows with each change. seen_epoch, seen_revision, document_revision: of the newest directive applied.
    granted: what the party holds for the job now, None for nothing. tasks: the newest version of each component.
    ended: the party has ended the job with this status and released everything. run: of the directive applied.
    """

    job_id: str
    party: Party
    seq: int
    seen_epoch: int
    seen_revision: int
    document_revision: int
    refusal: Refusal | None = None
    granted: Resources | None = None
    shortage: Shortage | None = None
    tasks: dict[str, TaskReport] = {}
    stop: StopRequest | None = None
    ended: Status | None = None
    run: int = 0


class Acknowledgement(msgspec.Struct, frozen=True):
    """Driver to party: the report with this seq has been saved."""

    job_id: str
    party: Party
    seq: int
