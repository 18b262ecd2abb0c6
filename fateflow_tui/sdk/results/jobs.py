"""Tasks and outputs of jobs, problems of their documents, what stopping and rerunning them has done."""

from __future__ import annotations

from typing import Any

import msgspec

from fateflow_tui.core.status import Status


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


class RerunStep(msgspec.Struct, frozen=True):
    """action: run, reuse or skip."""

    component: str
    action: str
    why: str = ""


class ReuseStep(msgspec.Struct, frozen=True):
    """action: run or reuse. change: why it runs, in a word (new, parameters, inputs, module, upstream, ...). paths: of
    what has changed, as in `init_param.init_method`.
    """

    component: str
    action: str
    why: str = ""
    change: str = ""
    paths: list[str] = []


class ReusePlan(msgspec.Struct, frozen=True):
    """source: the job that is reused, None for none. compared: the job that the reasons are about. removed: components
    that it has and this one has not.
    """

    source: str | None = None
    compared: str | None = None
    components: list[ReuseStep] = []
    removed: list[str] = []


class Problem(msgspec.Struct, frozen=True):
    """One thing to mend in a job document; see `core.document.problems`."""

    code: str
    message: str
    document: str
    path: str
    severity: str = "error"
    line: int = 0
    column: int = 0
    suggestion: str = ""
