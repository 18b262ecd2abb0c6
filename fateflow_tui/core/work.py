"""What the site gives to a worker, and the frames that the two exchange over the worker's channel.

The channel is a stream socket. Each frame is a 4-byte big-endian length, a JSON header of that length, and, if the
header's `size` is not 0, that many bytes of payload. Nothing on it is ever pickled.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from fateflow_tui.core.ids import Party, session_id
from fateflow_tui.core.messages import FailureCard
from fateflow_tui.core.plan import TaskPlan
from fateflow_tui.core.records import TaskOutput
from fateflow_tui.core.status import Status

MORE_MEMORY: Final = "give the task more memory (task_memory in job_parameters) or fewer rows"
_OUT_OF_MEMORY: Final = ("memory allocation of", "MemoryError", "out of memory", "bad_alloc", "Cannot allocate memory")
_SEE_STD_LOG: Final = "std.log of the task may say more"
_SIGNAL_HINTS: Final = {
    "SIGKILL": "it was killed from outside, or the machine ran out of memory: see the system's log",
    "SIGTERM": "it was ended from outside; run the job again",
    "SIGSEGV": "a library crashed: std.log of the task says where",
}


class TableRef(msgspec.Struct, frozen=True):
    """A table of the own party. source: the component it comes from, "" for an outside table."""

    namespace: str
    name: str
    source: str = ""
    port: str = ""


class ModelRef(msgspec.Struct, frozen=True):
    """A component's model inside a model version of the own party."""

    party_model_id: str
    version: str
    component: str
    alias: str
    module: str


class TaskSpec(msgspec.Struct, frozen=True):
    """Everything that one worker needs. tables: the DSL's data keys, resolved. models: `model` and `isometric_model`.

    parties: of this component, by role in party order. memory: limit in MiB, 0 none.
    """

    job_id: str
    component: str
    version: int
    party: Party
    plan: TaskPlan
    home: str
    roles: dict[str, list[int]]
    job_parameters: dict[str, Any]
    tables: dict[str, list[TableRef]] = {}
    models: dict[str, list[ModelRef]] = {}
    cores: int = 1
    memory: int = 0
    model_id: str = ""
    model_version: str = ""

    @property
    def session(self) -> str:
        """The name of this run, see `ids.session_id`."""
        return session_id(self.job_id, self.component, self.version, self.party)


class ProcessExit(msgspec.Struct, frozen=True):
    """How a worker's process exited. exit_code: None if a signal killed it, `signal` by name. peak_memory: in MiB."""

    exit_code: int | None = None
    signal: str = ""
    peak_memory: int = 0


class TaskOutcome(msgspec.Struct, frozen=True):
    """How one run of a task ended, as its worker reports it, or as the site derives it when the worker cannot.

    exit: of the process; None if there was none or nothing is known of it. module_version: of the module that ran.
    """

    status: Status
    outputs: list[TaskOutput] = []
    summary: dict[str, Any] | None = None
    card: FailureCard | None = None
    exit: ProcessExit = ProcessExit()
    module_version: str = ""

    @classmethod
    def from_exit(cls, spec: TaskSpec, exit: ProcessExit, log: list[str], machine_memory: float) -> TaskOutcome:
        """The outcome of a worker that died without a result. log: its last lines. machine_memory: in MiB."""
        if _ran_out_of_memory(exit, log, machine_memory):
            limit = f" (the task's limit is {spec.memory} MiB)" if spec.memory else ""
            cause = f"the worker ran out of memory at {exit.peak_memory} MiB{limit}"
            return cls._failed(spec, exit, "memory", cause, MORE_MEMORY, log)
        if exit.signal:
            cause = f"the worker was killed by {exit.signal}"
            return cls._failed(spec, exit, "signal", cause, _SIGNAL_HINTS.get(exit.signal, _SEE_STD_LOG), log)
        cause = f"the worker exited with code {exit.exit_code} before the task was done"
        return cls._failed(spec, exit, "exit", cause, _SEE_STD_LOG, log)

    @classmethod
    def from_kill(cls, spec: TaskSpec, status: Status, reason: str, exit: ProcessExit) -> TaskOutcome:
        """The outcome of a worker that the site killed."""
        kind = "timeout" if status is Status.TIMEOUT else "canceled"
        card = FailureCard(spec.party, spec.component, spec.version, kind, reason or f"the task was ended: {status}")
        return cls(status, card=card).with_exit(exit)

    @classmethod
    def from_lost(cls, spec: TaskSpec, cause: str) -> TaskOutcome:
        """The outcome of a run whose process did not start, or was lost."""
        hint = "logs/fate_flow/workers.log says more; run the job again"
        return cls._failed(spec, ProcessExit(), "lost", cause, hint, [])

    @classmethod
    def _failed(
        cls, spec: TaskSpec, exit: ProcessExit, kind: str, cause: str, hint: str, log: list[str]
    ) -> TaskOutcome:
        card = FailureCard(spec.party, spec.component, spec.version, kind, cause, hint=hint, log=log)
        return cls(Status.FAILED, card=card).with_exit(exit)

    def with_exit(self, exit: ProcessExit) -> TaskOutcome:
        """Set how the process exited, on the failure card as well."""
        card = self.card and msgspec.structs.replace(
            self.card, exit_code=exit.exit_code, signal=exit.signal, peak_memory=exit.peak_memory
        )
        return msgspec.structs.replace(self, exit=exit, card=card)


def _ran_out_of_memory(exit: ProcessExit, log: list[str], machine_memory: float) -> bool:
    if any(message in line for line in log for message in _OUT_OF_MEMORY):
        return True
    # The kernel's out-of-memory killer leaves no message in the task's log.
    return exit.signal == "SIGKILL" and exit.peak_memory > 0.9 * machine_memory


class Hello(msgspec.Struct, frozen=True, tag="hello", tag_field="type"):
    """Worker -> site: the first frame; token is the secret that came with the task spec."""

    token: str
    size: int = 0


class Sent(msgspec.Struct, frozen=True, tag="send", tag_field="type"):
    """Worker -> site: a value for another party's task of the same component and version.

    name: a declared variable, tag: which one of a series (an iteration). codec: how to read the
    `size` payload bytes (see the worker's codec). The site answers Accepted once the value was sent or is in a mailbox.
    """

    number: int
    to: list[Party]
    name: str
    tag: str
    codec: str
    size: int


class Wanted(msgspec.Struct, frozen=True, tag="receive", tag_field="type"):
    """Worker -> site: deliver this value when it has arrived. Answered by Delivered, or Refused."""

    number: int
    source: Party
    name: str
    tag: str
    size: int = 0


class Progressed(msgspec.Struct, frozen=True, tag="progress", tag_field="type"):
    """Worker -> site: done of total, for display."""

    done: int
    total: int
    size: int = 0


class MetricsWritten(msgspec.Struct, frozen=True, tag="metrics", tag_field="type"):
    """Worker -> site: what was appended to a series, for live display.

    points: [key, value] each; of a large batch only the last ones. count: points of the series with these. meta: the
    keys of the series' meta that were set.
    """

    namespace: str
    name: str
    points: list[list[Any]] = []
    count: int = 0
    meta: dict[str, Any] = {}
    size: int = 0


class Finished(msgspec.Struct, frozen=True, tag="result", tag_field="type"):
    """Worker -> site: the final frame. All outputs are on disk, and the process exits now, as `outcome.exit` says."""

    outcome: TaskOutcome
    size: int = 0


class Accepted(msgspec.Struct, frozen=True, tag="accepted", tag_field="type"):
    """Site -> worker: the value with this number was accepted."""

    number: int
    size: int = 0


class Delivered(msgspec.Struct, frozen=True, tag="delivered", tag_field="type"):
    """Site -> worker: the wanted value follows."""

    number: int
    codec: str
    size: int


class Refused(msgspec.Struct, frozen=True, tag="refused", tag_field="type"):
    """Site -> worker: an undeclared variable, a wrong direction, or the other side has ended."""

    number: int
    reason: str
    size: int = 0


WorkerFrame = Hello | Sent | Wanted | Progressed | MetricsWritten | Finished
SiteFrame = Accepted | Delivered | Refused
