"""What is kept of a job at a site: the records of its TinyDB file, one table per kind.

Table      Key                                  Record
job        "driver" | "guest:9999"              DriverRecord | PartyRecord
tasks      "guest:9999/hetero_lr_0/0"           TaskRecord      (party/component/version)
documents  "plan" | "guest:9999"                JobPlan | PartyDocument
story      "000017"                             StoryEntry      (append only)
"""

from __future__ import annotations

from typing import Any

import msgspec

from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import (
    Directive,
    FailureCard,
    Phase,
    Refusal,
    Report,
    Shortage,
    StopRequest,
    Want,
)
from fateflow_tui.core.plan import JobPlan, PartyDocument, Resources
from fateflow_tui.core.status import Status


class WaitingReason(msgspec.Struct, frozen=True):
    """Why a job waits, typed so that every front end can say it in its own form.

    kind: cores, memory, behind, peer, party, retry, confirmation. party: at whom. need/free/total: numbers of a
    shortage. job_id: the job in front. text: the whole thing in one sentence.
    """

    kind: str
    text: str
    party: str = ""
    need: Resources | None = None
    free: Resources | None = None
    total: Resources | None = None
    job_id: str = ""


class ComponentRecord(msgspec.Struct):
    """A component as its driver sees it over all parties."""

    version: int = 0
    want: Want = Want.HOLD
    status: Status = Status.WAITING
    started_at: int = 0
    ended_at: int = 0
    retries: int = 0  # by auto_retries
    relaunches: int = 0  # after a site restart, not the component's fault
    not_before: int = 0
    reused_from: str = ""  # the job whose outcome it took over


class PartyView(msgspec.Struct):
    """A party as the driver knows it: what was told it last, and what it said last."""

    revision: int = 0
    phase: Phase = Phase.CREATE
    report: Report | None = None
    heard_at: int = 0
    sent_at: int = 0
    attempts: int = 0  # sends without an answer since the last one
    lost: bool = False
    trouble: str = ""  # why the last delivery failed


class DriverRecord(msgspec.Struct):
    """A job at its driver: the decisions."""

    job_id: str
    status: Status
    epoch: int
    created_at: int
    components: dict[str, ComponentRecord]
    parties: dict[str, PartyView]
    document_revision: int = 1
    queued_at: int = 0
    started_at: int = 0
    ended_at: int = 0
    progress: int = 0
    waiting: WaitingReason | None = None
    retry_at: int = 0  # the next try to reserve
    tries: int = 0  # to reserve, without success so far
    reserve_until: int = 0
    stop: StopRequest | None = None
    outcome: Status | None = None  # decided; not yet acknowledged by all parties
    reason: str = ""
    tag: str = ""  # submit_failed, job_end
    reruns: int = 0
    parts: dict[str, str] = {}  # of a success: the digest of every party's part of the model
    failure: FailureCard | None = None  # redacted, of the task that failed first for good in this run
    refused_by: str = ""  # the party whose refusal ended the job


class PartyRecord(msgspec.Struct):
    """A job at one party that this site plays."""

    job_id: str
    party: Party
    driver: Party
    status: Status
    created_at: int
    directive: Directive  # the newest, without its document
    document_revision: int = 0
    seq: int = 0
    acknowledged: int = 0
    reported_at: int = 0
    attempts: int = 0
    heard_at: int = 0
    refusal: Refusal | None = None
    granted: Resources | None = None
    granted_until: int = 0  # 0: firm
    granted_at: int = 0
    returned_at: int = 0
    wanting: bool = False  # a reservation was refused for want of room; say so when there is room
    wanting_since: int = 0
    shortage: Shortage | None = None  # why; None again as soon as there is room
    stop: StopRequest | None = None
    started_at: int = 0
    ended_at: int = 0
    updated_at: int = 0
    progress: int = 0
    description: str = ""


class Output(msgspec.Struct, frozen=True):
    """A table or model that a task left. kind: data or model. sha256: of a model's file, or what tells a table's
    content from another's under the same name. size: of a model's file, bytes.
    """

    kind: str
    name: str  # port
    namespace: str = ""
    table: str = ""
    count: int = 0
    sha256: str = ""
    size: int = 0


class Adopted(msgspec.Struct, frozen=True):
    """What a party still has of a task of an earlier job, ready to be the outcome of a new one."""

    outputs: list[Output] = []
    summary: dict[str, Any] | None = None
    module_version: str = ""


class TaskRecord(msgspec.Struct):
    """One run of one component at one party of this site. reused_from: the job whose outcome it took over, or ''."""

    job_id: str
    component: str
    module: str
    version: int
    party: Party
    status: Status = Status.WAITING
    pid: int = 0
    created_at: int = 0
    started_at: int = 0
    ended_at: int = 0
    updated_at: int = 0
    exit_code: int | None = None
    peak_memory: int = 0
    outputs: list[Output] = []
    summary: dict[str, Any] | None = None
    card: FailureCard | None = None
    reused_from: str = ""
    module_version: str = ""  # of the module that ran
    outputs_missing: bool = msgspec.field(name="gone", default=False)  # a rerun found its outputs deleted

    @property
    def key(self) -> str:
        return task_key(self.party, self.component, self.version)


class StoryEntry(msgspec.Struct, frozen=True):
    """One thing that happened to a job: what, to which object, why."""

    at: int
    what: str  # an event's or effect's name, or a transition "waiting -> running"
    party: str = ""
    component: str = ""
    text: str = ""


def task_key(party: Party, component: str, version: int) -> str:
    return f"{party}/{component}/{version}"


class JobState(msgspec.Struct):
    """All of a job at this site. version: of the stored file, for compare-and-set; 0 before the first save."""

    job_id: str
    version: int = 0
    plan: JobPlan | None = None  # at the driver only
    driver: DriverRecord | None = None
    parties: dict[str, PartyRecord] = {}
    documents: dict[str, PartyDocument] = {}
    tasks: dict[str, TaskRecord] = {}
    story: list[StoryEntry] = []
