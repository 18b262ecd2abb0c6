"""The stored records of a job at a site: one TinyDB file per job, one table per kind.

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
    """Why a job waits.

    kind: cores, memory, behind, peer, party, retry, confirmation. party: where. need, free, total: of a shortage.
    job_id: the job in front. text: the reason in one sentence.
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
    relaunches: int = 0  # after a site restart
    not_before: int = 0
    reused_from: str = ""  # the job whose outputs it reused


class PartyView(msgspec.Struct):
    """A party as its driver knows it: the last directive sent and the last report received."""

    revision: int = 0
    phase: Phase = Phase.CREATE
    report: Report | None = None
    last_contact_at: int = msgspec.field(default=0, name="heard_at")
    sent_at: int = 0
    attempts: int = 0  # unanswered sends since the last answer
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
    retry_at: int = 0  # the next attempt to reserve
    tries: int = 0  # unsuccessful attempts to reserve
    reserve_until: int = 0
    stop: StopRequest | None = None
    outcome: Status | None = None  # final, but maybe not acknowledged by all parties yet
    reason: str = ""
    tag: str = ""  # submit_failed, job_end
    reruns: int = 0
    parts: dict[str, str] = {}  # after a success: every party's digest of its model part
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
    last_contact_at: int = msgspec.field(default=0, name="heard_at")
    refusal: Refusal | None = None
    granted: Resources | None = None
    granted_until: int = 0  # 0: firm
    granted_at: int = 0
    returned_at: int = 0
    wanting: bool = False  # waits for capacity; reports to the driver when there is some
    wanting_since: int = 0
    shortage: Shortage | None = None  # why it waits; None as soon as there is capacity
    stop: StopRequest | None = None
    started_at: int = 0
    ended_at: int = 0
    updated_at: int = 0
    progress: int = 0
    description: str = ""


class TaskOutput(msgspec.Struct, frozen=True):
    """A table or model that a task produced. kind: data or model. sha256: of a model's file, or an identity of a
    table's content. size: of a model's file in bytes.
    """

    kind: str
    name: str  # port
    namespace: str = ""
    table: str = ""
    count: int = 0
    sha256: str = ""
    size: int = 0


class Adopted(msgspec.Struct, frozen=True):
    """What a party still has of a task of an earlier job, to be reused as the result of a new one."""

    outputs: list[TaskOutput] = []
    summary: dict[str, Any] | None = None
    module_version: str = ""


class TaskRecord(msgspec.Struct):
    """One run of one component at one party of this site. reused_from: the job whose outputs it reused, or ''."""

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
    outputs: list[TaskOutput] = []
    summary: dict[str, Any] | None = None
    card: FailureCard | None = None
    reused_from: str = ""
    module_version: str = ""  # of the module that ran
    outputs_missing: bool = msgspec.field(name="gone", default=False)  # a rerun found its outputs deleted

    @property
    def key(self) -> str:
        return task_key(self.party, self.component, self.version)


class StoryEntry(msgspec.Struct, frozen=True):
    """One entry of a job's history: what happened, to which object, and why."""

    at: int
    what: str  # an event's or effect's name, or a transition "waiting -> running"
    party: str = ""
    component: str = ""
    text: str = ""


def task_key(party: Party, component: str, version: int) -> str:
    return f"{party}/{component}/{version}"


class JobState(msgspec.Struct):
    """The whole state of a job at this site. version: of the stored file, for compare-and-set; 0 if not yet saved."""

    job_id: str
    version: int = 0
    plan: JobPlan | None = None  # at the driver only
    driver: DriverRecord | None = None
    parties: dict[str, PartyRecord] = {}
    documents: dict[str, PartyDocument] = {}
    tasks: dict[str, TaskRecord] = {}
    story: list[StoryEntry] = []

    def newest_run(self, party: Party, component: str) -> TaskRecord | None:
        """Return the newest run of a component at a party of this site."""
        runs = [task for task in self.tasks.values() if task.party == party and task.component == component]
        return max(runs, key=lambda task: task.version, default=None)
