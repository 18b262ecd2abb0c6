"""The plan of a checked job: what the driver schedules, and the document that each party gets."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from fateflow_tui.core.ids import Party
from fateflow_tui.core.ports import ModuleFacts


class Resources(msgspec.Struct, frozen=True):
    """Compute resources: cores, and memory in MiB (0: not limited)."""

    cores: int = 0
    memory: int = 0

    def fits(self, free: Resources) -> bool:
        return self.cores <= free.cores and self.memory <= free.memory

    def plus(self, other: Resources) -> Resources:
        return Resources(self.cores + other.cores, self.memory + other.memory)

    def minus(self, other: Resources) -> Resources:
        return Resources(self.cores - other.cores, self.memory - other.memory)

    def times(self, factor: int) -> Resources:
        return Resources(self.cores * factor, self.memory * factor)


class JobOptions(msgspec.Struct, frozen=True):
    """How a job is scheduled. Times in milliseconds; 0 disables a limit."""

    schedule_mode: str = "coordinated"  # or "independent"
    priority: int = 0  # higher goes first
    task_parallelism: int = 1  # components of the job that may run at once
    auto_retries: int = 0
    auto_retry_delay: int = 1_000
    waiting_timeout: int = 0
    running_timeout: int = 259_200_000
    task_timeout: int = 0


class ComponentPlan(msgspec.Struct, frozen=True):
    """One component as the scheduler sees it.

    needs: components whose success it waits for (data, model, isometric model; without repeats).
    parties: who runs it, all parties of the roles that its module supports.
    """

    name: str
    module: str
    needs: list[str]
    parties: list[Party]


class TaskPlan(msgspec.Struct, frozen=True):
    """One component as one party runs it.

    inputs: the DSL's `input` object: {"data": {KEY: ["component.port", ...]}, "model": [...], ...}.
    data_ports, model_port: the DSL's `output`; without `output.data` a module numbers its tables "0", "1", ...
    parameters: defaults, common and own parameters merged, as the module's parameter class has them.
    needs: as in ComponentPlan, but only components that run at this party.
    """

    component: str
    module: str
    needs: list[str]
    parameters: dict[str, Any]
    inputs: dict[str, Any] = {}
    data_ports: list[str] = []
    model_port: str = "default"


class Reuse(msgspec.Struct, frozen=True):
    """The components whose outputs are taken from an earlier job, in topological order."""

    job_id: str
    components: list[str]


class PartyDocument(msgspec.Struct, frozen=True):
    """The document that a party receives of a job: the DSL, the common parameters and its own.

    tasks: in topological order, the same order at all parties. need: what the whole job holds at this party
    while it runs (per-task cores and memory times parallelism). task_need: one task's share.
    conf: the runtime conf without the parameters of other parties.
    reuse: what the driver proposes to reuse of an earlier job; the party may have only some of it.
    model_part: in a predict job, the digest of the party's part of the model, as known to the initiator.
    """

    job_id: str
    party: Party
    initiator: Party
    roles: dict[str, list[int]]
    dsl: dict[str, Any]
    conf: dict[str, Any]
    job_parameters: dict[str, Any]
    tasks: list[TaskPlan]
    need: Resources
    task_need: Resources
    options: JobOptions
    model_id: str = ""
    model_version: str = ""
    train_conf: dict[str, Any] = {}
    model_part: str = ""
    reuse: Reuse | None = None


class JobPlan(msgspec.Struct, frozen=True):
    """A whole job as its driver schedules it. components: in topological order. driver: the party that drives."""

    job_id: str
    initiator: Party
    driver: Party
    components: list[ComponentPlan]
    documents: list[PartyDocument]  # one per party, all parties of the job
    options: JobOptions
    dsl: dict[str, Any]
    conf: dict[str, Any]
    name: str = ""
    description: str = ""
    submitted_by: str = ""

    @property
    def parties(self) -> list[Party]:
        return [document.party for document in self.documents]


class OutsideTable(msgspec.Struct, frozen=True):
    """A stored table that a task reads and that no task of its job created.

    reference: the task's input that names it in dsl_version 1, as `args.<dataset>`; '' for a parameter.
    """

    component: str
    namespace: str
    name: str
    reference: str = ""

    def __str__(self) -> str:
        return f"{self.component} ({self.reference})" if self.reference else self.component


def outside_tables(plan: TaskPlan, facts: ModuleFacts | None) -> list[OutsideTable]:
    """facts: of the task's module; None if it is not known here."""
    source = facts.source_table(plan.parameters) if facts is not None else None
    found = [OutsideTable(plan.component, *source)] if source is not None else []
    for reference, table in plan.inputs.get("tables", {}).items():
        found.append(OutsideTable(plan.component, str(table.get("namespace")), str(table.get("name")), reference))
    return found


class RerunAction(StrEnum):
    """What a rerun does with a component."""

    RUN = "run"
    REUSE = "reuse"  # it succeeded; its outputs are kept
    SKIP = "skip"  # it did not succeed and is left as it is


class RerunStep(msgspec.Struct, frozen=True):
    """What a rerun does with one component, and why. why: a sentence."""

    component: str
    action: RerunAction
    why: str


class ReuseAction(StrEnum):
    """What a job that reuses results does with a component."""

    RUN = "run"
    REUSE = "reuse"  # it takes over the results of the earlier job


class RunCause(StrEnum):
    """Why a component runs instead of being reused; the first that applies."""

    NONE = ""
    OFF = "off"  # reuse was not requested
    NEW = "new"  # the earlier job does not have it
    MODULE = "module"
    PARTIES = "parties"
    PARAMETERS = "parameters"
    INPUTS = "inputs"
    OUTPUTS = "outputs"
    MODEL = "model"  # it predicts with another model
    UPSTREAM = "upstream"  # a component that it needs runs
    UNFINISHED = "unfinished"  # it did not succeed in the earlier job
    LOST = "lost"  # a party no longer has its outputs


class RunReason(msgspec.Struct, frozen=True):
    """Why a component runs. paths: the changed parameters, such as `init_param.init_method`."""

    change: RunCause
    why: str
    paths: list[str] = []


class ReuseStep(msgspec.Struct, frozen=True):
    """What a job that reuses results does with one component. why: a sentence. change, paths: as in `RunReason`."""

    component: str
    action: ReuseAction
    why: str
    change: RunCause = RunCause.NONE
    paths: list[str] = []


class ReusePlan(msgspec.Struct, frozen=True):
    """What a job would run and reuse.

    source: the job whose results are reused, if any. compared: the job that the reasons refer to. components: in
    topological order. removed: components that only the compared job has.
    """

    source: str | None
    compared: str | None
    components: list[ReuseStep]
    removed: list[str] = []
