"""How a worker's run ended, and the failure card of one that died without a last word."""

from __future__ import annotations

import os
from typing import Any, Final

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.logs import STD_LOG, last_lines
from fateflow_tui.core.messages import FailureCard
from fateflow_tui.core.status import Status
from fateflow_tui.core.work import Finished, TaskSpec
from fateflow_tui.worker.protocol import WorkerExited

LOG_LINES: Final = 20
_OUT_OF_MEMORY: Final = ("memory allocation of", "MemoryError", "out of memory", "bad_alloc", "Cannot allocate memory")
_MORE_MEMORY: Final = "give the task more memory (task_memory in job_parameters) or fewer rows"


class Ending(msgspec.Struct, frozen=True):
    """The end of one run. outputs: plain `core.records.Output`s. exit_code: None if it was killed by `signal` (a name)
    or never ran. peak_memory: in MiB.
    """

    status: Status
    outputs: list[dict[str, Any]] = []
    summary: dict[str, Any] | None = None
    card: FailureCard | None = None
    exit_code: int | None = None
    signal: str = ""
    peak_memory: int = 0
    module_version: str = ""


def said(frame: Finished) -> Ending:
    """The end of a worker that has said its last word; it exits with the code that belongs to it."""
    result = frame.result
    card = result.card and msgspec.structs.replace(result.card, exit_code=1, peak_memory=frame.peak_memory)
    return Ending(
        status=result.status,
        outputs=[msgspec.to_builtins(output) for output in result.outputs],
        summary=result.summary,
        card=card,
        exit_code=0 if result.status.succeeded else 1,
        peak_memory=frame.peak_memory,
        module_version=result.module_version,
    )


def killed(spec: TaskSpec, status: Status, reason: str, end: WorkerExited | None) -> Ending:
    """The end of a worker that the site killed."""
    kind = "timeout" if status is Status.TIMEOUT else "canceled"
    return _ending(spec, status, end, kind=kind, cause=reason or f"the task was ended as {status}")


def died(spec: TaskSpec, home: Home, end: WorkerExited) -> Ending:
    """The end of a worker that nobody here killed and that has said nothing. Reads the ends of its logs."""
    directory = home.task_logs(spec.job_id, spec.party, spec.component)
    log = [
        line.rstrip()
        for name in ("DEBUG.log", STD_LOG)  # what a library printed while it fell is last
        for line in last_lines(directory / name, LOG_LINES)
    ][-LOG_LINES:]
    if _ran_out_of_memory(spec, end, log):
        kind, hint = "memory", _MORE_MEMORY
        cause = f"the worker ran out of memory at {end.peak_memory} MiB" + (
            f"; its task may have {spec.memory} MiB" if spec.memory else ""
        )
    elif end.signal:
        kind = "signal"
        cause = f"the worker was killed by {end.signal}"
        hint = {
            "SIGKILL": "somebody killed it, or the machine ran out of memory: see the system's log",
            "SIGTERM": "somebody ended it; run the job again",
            "SIGSEGV": "a library crashed: std.log of the task says where",
        }.get(end.signal, "std.log of the task may say more")
    else:
        kind = "exit"
        cause = f"the worker ended with exit code {end.exit_code} before its task was done"
        hint = "std.log of the task may say more"
    return _ending(spec, Status.FAILED, end, kind=kind, cause=cause, hint=hint, log=log)


def lost(spec: TaskSpec, cause: str) -> Ending:
    """The end of a run whose process nobody can tell about."""
    return _ending(
        spec, Status.FAILED, None, kind="lost", cause=cause, hint="logs/fate_flow/workers.log says more; run it again"
    )


def _ending(spec: TaskSpec, status: Status, end: WorkerExited | None, **card: Any) -> Ending:
    exit_code, signal, peak = (end.exit_code, end.signal, end.peak_memory) if end else (None, "", 0)
    return Ending(
        status=status,
        card=FailureCard(
            spec.party,
            spec.component,
            spec.version,
            exit_code=exit_code,
            signal=signal,
            peak_memory=peak,
            **card,
        ),
        exit_code=exit_code,
        signal=signal,
        peak_memory=peak,
    )


def _ran_out_of_memory(spec: TaskSpec, end: WorkerExited, log: list[str]) -> bool:
    if any(sign in line for line in log for sign in _OUT_OF_MEMORY):
        return True
    # The system's own choice leaves no message in the task's log, only a large task that is gone.
    return end.signal == "SIGKILL" and end.peak_memory > 0.9 * _memory_of_machine()


def _memory_of_machine() -> float:
    """In MiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 20)
