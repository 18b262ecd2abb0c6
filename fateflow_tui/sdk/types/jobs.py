"""Jobs and their tasks, forecasts of jobs, and comparisons of two."""

from __future__ import annotations

from typing import Any

import msgspec

from fateflow_tui.core.messages import FailureCard, StopRequest
from fateflow_tui.core.records import WaitingReason
from fateflow_tui.core.status import Status
from fateflow_tui.core.why import Why


def of_record(name: str) -> str:
    """The name of a field in FATE's records."""
    return f"f_{name}"


class Task(msgspec.Struct, frozen=True, kw_only=True, rename=of_record):
    """A component at one party. status: over all parties. Times in ms since the epoch; elapsed: ms."""

    job_id: str
    component_name: str
    task_id: str
    task_version: int
    role: str
    party_id: str
    status: Status
    party_status: Status
    run_on_this_party: bool = True
    run_pid: int | None = None
    create_time: int | None = None
    start_time: int | None = None
    end_time: int | None = None
    elapsed: int | None = None

    @property
    def party(self) -> str:
        """The party, as `role:id`."""
        return f"{self.role}:{self.party_id}"


class TaskTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Times of a task.

    create_time, start_time, end_time: ms since the epoch. elapsed, waited: ms. exit_code, peak_memory (MiB): of its
    process; None and 0 when unknown. reused_from: the job whose results it took over.
    """

    job_id: str
    component_name: str
    role: str
    party_id: str
    task_version: int = 0
    status: str = ""
    party_status: str = ""
    create_time: int | None = None
    start_time: int | None = None
    end_time: int | None = None
    elapsed: int | None = None
    waited: int | None = None
    exit_code: int | None = None
    peak_memory: int = 0
    reused_from: str = ""


class ParameterChange(msgspec.Struct, frozen=True):
    """All changed parameters, and the components that will run again because of them."""

    job_parameters: dict[str, Any] = {}
    component_parameters: dict[str, Any] = {}
    components: list[str] = []


class OutputInfo(msgspec.Struct, frozen=True, kw_only=True, rename=of_record):
    """An output table of a task. create_time: ms since the epoch."""

    job_id: str
    component_name: str
    task_id: str
    task_version: int
    data_name: str
    role: str
    party_id: str
    table_name: str
    table_namespace: str
    create_time: int | None = None


class Lineage(msgspec.Struct, frozen=True):
    """Tables that a job read and wrote, and its model, as far as its parties are at this site."""

    tables_read: list[dict[str, Any]] = []
    tables_made: list[dict[str, Any]] = []
    model: dict[str, Any] | None = None


class StopOutcome(msgspec.Struct, frozen=True):
    """The result of a stop request. parties: `role:id` -> "success", or "pending: why" until the party has answered."""

    parties: dict[str, str] = {}
    status: str = ""

    @property
    def pending(self) -> dict[str, str]:
        """The parties that have not answered yet."""
        return {party: text for party, text in self.parties.items() if text != "success"}


class JobLine(msgspec.Struct, frozen=True, kw_only=True):
    """A job in a list.

    status: over all parties where this site drives the job, otherwise as last reported by its driver. progress:
    percent. running: components that run now. parties: `role:id` -> status. failed_at: the parties where the job failed
    first; the others were stopped for it. summary: the kind of job with its tables, or with its modules where it reads
    none. Times in ms since the epoch, 0 when not yet reached.
    """

    job_id: str
    status: Status
    progress: int = 0
    name: str = ""
    description: str = ""
    initiator: str = ""
    roles: dict[str, list[str]] = {}
    running: list[str] = []
    created_at: int = 0
    started_at: int = 0
    ended_at: int = 0
    waiting: WaitingReason | None = None
    reason: str = ""
    tag: str = ""
    submitted_by: str = ""
    parties: dict[str, Status] = {}
    failed_at: list[str] = []
    summary: str = ""

    def elapsed(self, now: int) -> int:
        """Return the milliseconds that it ran, or has run until now. now: ms since the epoch."""
        return max(0, (self.ended_at or now) - self.started_at) if self.started_at else 0


class PartyLine(msgspec.Struct, frozen=True):
    """A party of a job. here: this site plays it. lost: no contact for too long. trouble: why it cannot be reached."""

    party: str
    status: Status
    here: bool
    lost: bool = False
    trouble: str = ""


class ComponentView(msgspec.Struct, frozen=True, kw_only=True):
    """A component over all parties. parties: `role:id` -> status, as far as known. reused_from: the job whose results
    it took over, or "". has_metrics: False when its module only counts rows, if anything. evaluates: its metrics rate a
    model.
    """

    name: str
    module: str
    status: Status
    needs: list[str] = []
    version: int = 0
    started_at: int = 0
    ended_at: int = 0
    parties: dict[str, Status] = {}
    reused_from: str = ""
    has_metrics: bool = True
    evaluates: bool = False


class JobView(JobLine, frozen=True, kw_only=True):
    """A job. cards: why tasks failed; complete for parties of this site, redacted for others."""

    driver: str = ""
    drives_here: bool = True
    schedule_mode: str = "coordinated"
    priority: int = 0
    reruns: int = 0
    model_id: str = ""
    model_version: str = ""
    stop: StopRequest | None = None
    party_lines: list[PartyLine] = []
    components: list[ComponentView] = []
    cards: list[FailureCard] = []


class JobWhy(msgspec.Struct, frozen=True, kw_only=True):
    """The explanation of the status of a job, or of one component.

    status: of the job or component. why: the main reason, None from older schedulers. further: other reasons. waiting,
    reason, stop, cards: of the job.
    """

    job_id: str
    status: Status
    component: str = ""
    why: Why | None = None
    further: list[Why] = []
    waiting: WaitingReason | None = None
    reason: str = ""
    stop: StopRequest | None = None
    cards: list[FailureCard] = []


class JobGraph(msgspec.Struct, frozen=True, kw_only=True):
    """The DAG of a job. components: in topological order."""

    job_id: str
    status: Status
    components: list[ComponentView]


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted job. model_info: {model_id, model_version}. table_name, namespace: of an upload."""

    job_id: str
    board_url: str = ""
    model_info: dict[str, str | None] = {}
    logs_directory: str = ""
    table_name: str = ""
    namespace: str = ""


class DocumentChange(msgspec.Struct, frozen=True):
    """A difference of two documents. change: added, removed or changed. party: "" when all parties have it."""

    path: str
    change: str
    old: Any = None
    new: Any = None
    party: str = ""


class MetricPair(msgspec.Struct, frozen=True):
    """The last value of a series in both jobs; None where it is missing. series: `namespace.name`."""

    component: str
    party: str
    series: str
    key: str
    a: float | str | None = None
    b: float | str | None = None


class ComponentPair(msgspec.Struct, frozen=True, kw_only=True):
    """A component in both jobs. a, b: its status or `reused`, "" where it is missing. a_took, b_took: ms."""

    component: str
    module: str
    a: str = ""
    b: str = ""
    a_took: int = 0
    b_took: int = 0


class ComparedJob(msgspec.Struct, frozen=True):
    """One of two compared jobs. took: ms."""

    job_id: str
    status: Status
    took: int = 0


class JobDiff(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison of two jobs. same: documents and parameters are equal. parameters: component -> differences."""

    a: ComparedJob
    b: ComparedJob
    same: bool
    dsl: list[DocumentChange] = []
    conf: list[DocumentChange] = []
    parameters: dict[str, list[DocumentChange]] = {}
    metrics: list[MetricPair] = []
    components: list[ComponentPair] = []


class Leaving(msgspec.Struct, frozen=True):
    """A value that a component may send to other parties. to: parties, `role:id`."""

    component: str
    name: str
    to: list[str]


class TaskForecast(msgspec.Struct, frozen=True, kw_only=True):
    """What a component would do at a party.

    action: run or reuse. expected: ms, the median of `runs` earlier runs; 0 when unknown. reads, writes: tables of this
    site's parties; their_tables: the number of tables at others.
    """

    component: str
    module: str
    action: str = "run"
    expected: int = 0
    runs: int = 0
    reads: list[str] = []
    writes: list[str] = []
    their_tables: int = 0


class PartyForecast(msgspec.Struct, frozen=True, kw_only=True):
    """What a party would do. here: this site plays it. cores, memory (MiB): that the job occupies there.

    refusal: why the party would refuse, as far as this site knows.
    """

    party: str
    here: bool
    cores: int
    memory: int
    tasks: list[TaskForecast]
    leaves: list[Leaving] = []
    refusal: str = ""


class JobForecast(msgspec.Struct, frozen=True, kw_only=True):
    """What a job would do. expected: ms in total, 0 when the duration of a component is unknown.

    unknown: components of unknown duration. source: the job whose results would be reused, or "".
    """

    initiator: str
    job_type: str
    components: list[str]
    parties: list[PartyForecast]
    expected: int = 0
    unknown: list[str] = []
    source: str = ""
    model_id: str = ""
    model_version: str = ""
