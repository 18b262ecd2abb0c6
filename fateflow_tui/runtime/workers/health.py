"""Heartbeats of this site's workers, and samples of their stacks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.logs import STACKS, STD_LOG, last_lines
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.ids import session_id
from fateflow_tui.core.why import AwaitedValue, Heartbeat, WorkerHealth
from fateflow_tui.core.work import Finished, Hello, MetricsWritten, Progressed, Sent, TaskSpec, Wanted, WorkerFrame

_PATIENCE: Final = 1.0  # seconds
_LOOK_EVERY: Final = 0.01
_MOST: Final = 64 << 10  # bytes
_OUTER: Final = re.compile(r'  File ".*/fateflow_tui/worker/[^"]+", line \d+ in .*')


def reset_stacks(directory: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.truncate(directory / STACKS, 0)


async def read_stacks(directory: Path) -> str:
    """What the worker has written; '' when nothing came in time."""
    path, seen = directory / STACKS, ""
    for _ in range(round(_PATIENCE / _LOOK_EVERY)):
        await asyncio.sleep(_LOOK_EVERY)
        text = await asyncio.to_thread(_text, path)
        if text and text == seen:
            return inner(text)
        seen = text
    return inner(seen)


def inner(text: str) -> str:
    """Stacks without the lines of the machinery around a task, which are always the same."""
    lines = text.rstrip().split("\n")
    while (lines and _OUTER.fullmatch(lines[-1])) or (lines and lines[-1].startswith('  File "<frozen ')):
        lines.pop()
    return "\n".join(lines)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST).decode(errors="replace")
    except FileNotFoundError:
        return ""


_GREETING = 1_000  # ms by which a greeting may be heard later than the first line was written
LOGS: Final = ("DEBUG.log", STD_LOG)  # what a library prints as it crashes is in the last


class WorkerHealthMonitor:
    """By session, from a worker's greeting until it is forgotten."""

    def __init__(self, clock: Callable[[], int] = now_ms) -> None:
        self._clock = clock
        self._signs: dict[str, Heartbeat] = {}
        self._awaited: dict[str, dict[int, AwaitedValue]] = {}

    def heard(self, spec: TaskSpec, frame: WorkerFrame) -> None:
        """A worker has said something."""
        at, session = self._clock(), _session(spec)
        match frame:
            case Hello():
                sign = Heartbeat(at, "start")
            case Progressed(done=done, total=total):
                sign = Heartbeat(at, "progress", f"{done} of {total}")
            case MetricsWritten(namespace=namespace, name=name):
                sign = Heartbeat(at, "metrics", f"{namespace} {name}")
            case Sent(name=name, to=to):
                sign = Heartbeat(at, "value", f"{name} to {', '.join(map(str, to))}")
            case Wanted(number=number, name=name, source=source, tag=tag):
                sign = Heartbeat(at, "value", f"asks for {name} of {source}")
                self._awaited.setdefault(session, {})[number] = AwaitedValue(name, str(source), at, tag)
            case Finished():
                return
        self._signs[session] = sign

    def answered(self, spec: TaskSpec, frame: Sent | Wanted) -> None:
        """A worker got what it had asked for, or was told that there is nothing to be had."""
        session = _session(spec)
        awaited = self._awaited.get(session, {}).pop(frame.number, None)
        if awaited is not None and session in self._signs:
            self._signs[session] = Heartbeat(self._clock(), "value", f"{awaited.name} from {awaited.source}")

    def forget(self, spec: TaskSpec) -> None:
        session = _session(spec)
        self._signs.pop(session, None)
        self._awaited.pop(session, None)

    def of(self, session: str, directory: Path) -> WorkerHealth:
        """What is known of a worker that has its logs in this directory. Reads the ends of these."""
        sign, logged = self._signs.get(session), last_logged(directory)
        slack = _GREETING if sign is not None and sign.what == "start" else 0
        if logged is not None and (sign is None or logged.at > sign.at - slack):
            sign = logged
        awaited = self._awaited.get(session)
        return WorkerHealth(sign, min(awaited.values(), key=lambda one: one.since) if awaited else None)


def last_logged(directory: Path) -> Heartbeat | None:
    """When something was written last to the logs in a task's directory."""
    found: list[tuple[int, Path]] = []
    for name in LOGS:
        try:
            status = (directory / name).stat()
        except FileNotFoundError:
            continue
        if status.st_size:
            found.append((status.st_mtime_ns // 1_000_000, directory / name))
    if not found:
        return None
    at, path = max(found)
    lines = last_lines(path, 1)
    return Heartbeat(at, "log", lines[-1].partition(" | ")[2] or lines[-1] if lines else "")


def task_directory(home: Home, spec: TaskSpec) -> Path:
    return home.task_logs(spec.job_id, spec.party, spec.component)


def _session(spec: TaskSpec) -> str:
    return session_id(spec.job_id, spec.component, spec.version, spec.party)
