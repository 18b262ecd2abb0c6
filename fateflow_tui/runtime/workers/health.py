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
from fateflow_tui.core.why import AwaitedValue, Heartbeat, WorkerHealth
from fateflow_tui.core.work import Finished, Hello, MetricsWritten, Progressed, Sent, TaskSpec, Wanted, WorkerFrame

_TIMEOUT: Final = 1.0  # seconds
_POLL_INTERVAL: Final = 0.01
_MAX_BYTES: Final = 64 << 10  # bytes
_WORKER_FRAME: Final = re.compile(r'  File ".*/fateflow_tui/worker/[^"]+", line \d+ in .*')


def reset_stacks(directory: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.truncate(directory / STACKS, 0)


async def read_stacks(directory: Path) -> str:
    """Return what the worker has written; '' if nothing arrived in time."""
    path, seen = directory / STACKS, ""
    for _ in range(round(_TIMEOUT / _POLL_INTERVAL)):
        await asyncio.sleep(_POLL_INTERVAL)
        text = await asyncio.to_thread(_text, path)
        if text and text == seen:
            return inner(text)
        seen = text
    return inner(seen)


def inner(text: str) -> str:
    """Stacks without the frames of the worker itself, which are always the same."""
    lines = text.rstrip().split("\n")
    while (lines and _WORKER_FRAME.fullmatch(lines[-1])) or (lines and lines[-1].startswith('  File "<frozen ')):
        lines.pop()
    return "\n".join(lines)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES).decode(errors="replace")
    except FileNotFoundError:
        return ""


_HELLO_SLACK = 1_000  # ms by which the hello frame may be read after the first log line was written
LOGS: Final = ("DEBUG.log", STD_LOG)  # what a library prints as it crashes is in the last


class WorkerHealthMonitor:
    """The health of workers by session, from hello until `forget`."""

    def __init__(self, clock: Callable[[], int] = now_ms) -> None:
        self._clock = clock
        self._heartbeats: dict[str, Heartbeat] = {}
        self._awaited: dict[str, dict[int, AwaitedValue]] = {}

    def on_frame(self, spec: TaskSpec, frame: WorkerFrame) -> None:
        """Note a frame as a heartbeat."""
        at, session = self._clock(), spec.session
        match frame:
            case Hello():
                heartbeat = Heartbeat(at, "start")
            case Progressed(done=done, total=total):
                heartbeat = Heartbeat(at, "progress", f"{done} of {total}")
            case MetricsWritten(namespace=namespace, name=name):
                heartbeat = Heartbeat(at, "metrics", f"{namespace} {name}")
            case Sent(name=name, to=to):
                heartbeat = Heartbeat(at, "value", f"{name} to {', '.join(map(str, to))}")
            case Wanted(number=number, name=name, source=source, tag=tag):
                heartbeat = Heartbeat(at, "value", f"waiting for {name} from {source}")
                self._awaited.setdefault(session, {})[number] = AwaitedValue(name, str(source), at, tag)
            case Finished():
                return
        self._heartbeats[session] = heartbeat

    def answered(self, spec: TaskSpec, frame: Sent | Wanted) -> None:
        """Note that a worker's request was answered or refused."""
        session = spec.session
        awaited = self._awaited.get(session, {}).pop(frame.number, None)
        if awaited is not None and session in self._heartbeats:
            self._heartbeats[session] = Heartbeat(self._clock(), "value", f"{awaited.name} from {awaited.source}")

    def forget(self, spec: TaskSpec) -> None:
        session = spec.session
        self._heartbeats.pop(session, None)
        self._awaited.pop(session, None)

    def of(self, session: str, directory: Path) -> WorkerHealth:
        """The health of a worker; reads the ends of the logs in its directory."""
        heartbeat, logged = self._heartbeats.get(session), last_logged(directory)
        slack = _HELLO_SLACK if heartbeat is not None and heartbeat.what == "start" else 0
        if logged is not None and (heartbeat is None or logged.at > heartbeat.at - slack):
            heartbeat = logged
        awaited = self._awaited.get(session)
        return WorkerHealth(heartbeat, min(awaited.values(), key=lambda one: one.since) if awaited else None)


def last_logged(directory: Path) -> Heartbeat | None:
    """The last line written to the logs in a task's directory, as a heartbeat."""
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
