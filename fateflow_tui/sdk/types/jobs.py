"""Tasks and outputs of jobs, problems of their documents, what stopping and rerunning them has done."""

from __future__ import annotations

from typing import Any

import msgspec

from fateflow_tui.core.messages import FailureCard, StopRequest
from fateflow_tui.core.records import WaitingReason
from fateflow_tui.core.status import Status
from fateflow_tui.core.why import Why


def of_record(name: str) -> str:
    """FATE's records begin all names with `f_`."""
    return f"f_{name}"


class Task(msgspec.Struct, frozen=True, kw_only=True, rename=of_record):
    """One task at one party, the newest version unless all were asked for. status: over all parties. Times in ms."""

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
        return f"{self.role}:{self.party_id}"


class TaskTimes(msgspec.Struct, frozen=True, kw_only=True):
    """When a task was made, began and ended (ms since the epoch), how long it waited and took (ms). exit_code,
    peak_memory (MiB): of its process, None and 0 where not known. reused_from: the job whose outcome it took over.
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
    """All parameters that are changed by now, and the components that will run again for it."""

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
    """What a job was made of and has made, as far as its parties are at the asked site."""

    tables_read: list[dict[str, Any]] = []
    tables_made: list[dict[str, Any]] = []
    model: dict[str, Any] | None = None


class StopOutcome(msgspec.Struct, frozen=True):
    """parties: "success", or "pending: why" where the party is yet to learn of it."""

    parties: dict[str, str] = {}
    status: str = ""

    @property
    def pending(self) -> dict[str, str]:
        return {party: text for party, text in self.parties.items() if text != "success"}


class JobLine(msgspec.Struct, frozen=True, kw_only=True):
    """A job in short. Times in ms since the epoch, 0 where not yet. status: over all parties where this site drives
    the job, else as its party was told. running: components that run now. parties: status by `role:id`.
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

    def elapsed(self, now: int) -> int:
        """Milliseconds that it has run, so far or in all."""
        return max(0, (self.ended_at or now) - self.started_at) if self.started_at else 0


class PartyLine(msgspec.Struct, frozen=True):
    """A party of a job. here: the asked site plays it. lost: silent for too long. trouble: why it cannot be reached."""

    party: str
    status: Status
    here: bool
    lost: bool = False
    trouble: str = ""


class ComponentView(msgspec.Struct, frozen=True, kw_only=True):
    """A component over all parties; parties: its status at each that runs it, as far as known. reused_from: the job
    whose outcome it took over, ''.
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


class JobView(JobLine, frozen=True, kw_only=True):
    """A job whole. cards: why tasks failed, whole for parties of the asked site, redacted for others."""

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
    """Why a job, or a component of it, is as it is. status: of what was asked about.

    why: the chief reason, None from an older scheduler; further: others beside it. The rest is of the job as a whole.
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
    """The DAG: components in topological order."""

    job_id: str
    status: Status
    components: list[ComponentView]


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A job was accepted. model_info: {model_id, model_version}."""

    job_id: str
    board_url: str = ""
    model_info: dict[str, str | None] = {}
    logs_directory: str = ""
    table_name: str = ""
    namespace: str = ""


class Changed(msgspec.Struct, frozen=True):
    """A place where two documents differ. change: added, removed or changed. party: '' where all have it."""

    path: str
    change: str
    old: Any = None
    new: Any = None
    party: str = ""


class MetricPair(msgspec.Struct, frozen=True):
    """The last value of a series in both jobs, None where one has none. series: `namespace.name`."""

    component: str
    party: str
    series: str
    key: str
    a: float | str | None = None
    b: float | str | None = None


class ComponentPair(msgspec.Struct, frozen=True, kw_only=True):
    """A component in both jobs: its status or `reused`, '' where one has it not, and ms that it ran."""

    component: str
    module: str
    a: str = ""
    b: str = ""
    a_took: int = 0
    b_took: int = 0


class ComparedJob(msgspec.Struct, frozen=True):
    """One of the two. took: ms."""

    job_id: str
    status: Status
    took: int = 0


class JobDiff(msgspec.Struct, frozen=True, kw_only=True):
    """Two jobs beside each other. same: their documents and parameters do not differ. parameters: by component."""

    a: ComparedJob
    b: ComparedJob
    same: bool
    dsl: list[Changed] = []
    conf: list[Changed] = []
    parameters: dict[str, list[Changed]] = {}
    metrics: list[MetricPair] = []
    components: list[ComponentPair] = []


class Leaving(msgspec.Struct, frozen=True):
    """A value that a module may send from one party to others while it runs."""

    component: str
    name: str
    to: list[str]


class TaskForecast(msgspec.Struct, frozen=True, kw_only=True):
    """A component at a party. expected: ms that it took here before (the median of `runs`), 0 where nothing is known.

    action: run or reuse. reads, writes: tables; of another site's party only how many (`their tables`).
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
    """What one party does. here: this site plays it. cores, memory (MiB): what the job holds there while it runs.

    refusal: why it would not take part, as far as this site can tell.
    """

    party: str
    here: bool
    cores: int
    memory: int
    tasks: list[TaskForecast]
    leaves: list[Leaving] = []
    refusal: str = ""


class JobForecast(msgspec.Struct, frozen=True, kw_only=True):
    """A job that was not submitted. expected: ms in all, 0 unless something is known of all that would run.

    unknown: components of which nothing is known. source: the job that would be reused, ''.
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
