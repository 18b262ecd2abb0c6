"""What sites tell each other about a job.

Both messages are *levels*, not edges: each carries the whole of what is wanted or what is so, with a number that
grows. A lost, repeated or late one does no harm: the higher number wins and the newest is sent again until it is
acknowledged. They double as signs of life.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from fateflow_tui.core.ids import Party
from fateflow_tui.core.plan import PartyDocument, Resources
from fateflow_tui.core.status import Status


class Phase(StrEnum):
    """What the driver wants of the job at a party."""

    CREATE = "create"  # check it and keep it; nothing runs, nothing is held
    RESERVE = "reserve"  # hold `need` until `reserve_until`
    RUN = "run"  # the reservation is firm; run what is wanted
    FINISH = "finish"  # kill what runs, give everything back, end with `status`


class Want(StrEnum):
    """What the driver wants of one component's current version at a party."""

    HOLD = "hold"
    RUN = "run"
    STOP = "stop"
    KEEP = "keep"  # it ended, its outputs are used


class ComponentDirective(msgspec.Struct, frozen=True):
    """One component as the driver has it: current version, what to do, and its status over all parties."""

    version: int
    want: Want
    status: Status


class Directive(msgspec.Struct, frozen=True):
    """Driver to party: all that is wanted of this party for this job.

    epoch: the driver's lease; a lower one than seen before is a former driver's and is ignored.
    revision: grows with each change at this (job, party). document: sent until the party has said that it holds
    this `document_revision` (a rerun with changed parameters makes a new one).
    status, reason: the job's status over all parties; with FINISH the status to end with, and why.
    reserve_until: until when the driver waits for all parties, by its own clock. A reservation lapses by itself at
    a party that no longer hears from the driver. queued_at: since when the job waits (with the priority, its rank
    in every party's queue). run: how many reruns came before; a higher one opens an ended job again.
    acknowledged: the newest report of this party that the driver has saved; not news, so it makes no new revision.
    parts: with a success that left a model, the digest of every party's part (see `models.part_digest`), by party.
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
    """Why a party does not take part. code: of the error class; retcode: FATE-Flow's number.

    lacks: names of what is missing, by kind: role, command, component, dataset (grants), table, module, model.
    message: the reason alone. party: the one that refuses; None in records of earlier versions, whose message names it.
    """

    code: str
    message: str
    retcode: int = 103
    lacks: dict[str, list[str]] = {}
    party: Party | None = None

    @property
    def text(self) -> str:
        """The reason, with the party that refuses."""
        return f"{self.party} cannot take part: {self.message}" if self.party else self.message


class Shortage(msgspec.Struct, frozen=True):
    """Why a reservation was not granted: what is needed, what is free, what the party has in all.

    behind: the job that has waited so long that nobody overtakes it any more, or ''.
    """

    need: Resources
    free: Resources
    total: Resources
    behind: str = ""


class FailureCard(msgspec.Struct, frozen=True):
    """Why a task ended badly, whole at its own party; what peers get has been through `redacted`.

    kind: component (it says itself what is wrong), exception, signal, exit, memory, timeout, canceled, lost.
    cause: what the component says, else type and message of the innermost cause. where: file:line. signal: by name.
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
        """For other parties: no rows, no paths, no addresses. A component's own words may quote data, so of an
        exception only its type crosses; what it says by a `ComponentFailed` is written to be shown, but not its advice:
        that is for its own party and may name what else is in the table.
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
    """Party to driver: all that is so at this party for this job.

    seq grows with each change. seen_epoch, seen_revision, document_revision: of the newest directive applied.
    granted: what the party holds for the job now (None: nothing). tasks: the newest version of each component.
    ended: the party has ended the job with this status and holds nothing any more. run: that of the directive seen.
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
