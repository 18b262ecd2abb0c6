"""The changes at a site, as a stream of events for front ends."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.logs import JobLog
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.ids import Party
from fateflow_tui.core.ports import JobCommit
from fateflow_tui.core.records import JobState
from fateflow_tui.core.work import MetricsWritten, TaskSpec

_KEPT = 10_000  # events kept for front ends that reconnect
_BACKLOG = 5_000  # events that a slow front end may be behind before it misses some


class SiteEvent(msgspec.Struct, frozen=True):
    """One change. kind: job, task, progress, metrics, message, log, server, or `gap` when some were missed."""

    seq: int
    at: int
    kind: str
    job_id: str
    data: dict[str, Any]


class EventBus:
    """Publish to any number of subscribers; a slow one never delays the others."""

    def __init__(self) -> None:
        self._seq = 0
        self._recent: deque[SiteEvent] = deque(maxlen=_KEPT)
        self._queues: set[asyncio.Queue[SiteEvent | None]] = set()
        self._closed = False

    def publish(self, kind: str, job_id: str = "", **data: Any) -> None:
        self._seq += 1
        event = SiteEvent(self._seq, now_ms(), kind, job_id, data)
        self._recent.append(event)
        for queue in self._queues:
            if queue.qsize() < _BACKLOG:
                queue.put_nowait(event)

    def task_progressed(self, spec: TaskSpec, done: int, total: int) -> None:
        self.publish("progress", spec.job_id, party=str(spec.party), component=spec.component, done=done, total=total)

    def metrics_written(self, spec: TaskSpec, frame: MetricsWritten) -> None:
        self.publish(
            "metrics",
            spec.job_id,
            party=str(spec.party),
            component=spec.component,
            version=spec.version,
            namespace=frame.namespace,
            name=frame.name,
            points=frame.points,
            meta=frame.meta,
            count=frame.count,
        )

    async def subscribe(self, job_id: str | None = None, since: int | None = None) -> AsyncIterator[SiteEvent]:
        """Yield events from now on, or after number `since`. Missed events are reported as one `gap` event."""
        queue: asyncio.Queue[SiteEvent | None] = asyncio.Queue()
        if since is not None:
            if self._recent and since + 1 < self._recent[0].seq:
                yield SiteEvent(self._recent[0].seq - 1, now_ms(), "gap", "", {"missed_after": since})
            for event in list(self._recent):
                if event.seq > since:
                    queue.put_nowait(event)
        self._queues.add(queue)
        if self._closed:
            queue.put_nowait(None)
        seen = self._seq - queue.qsize()
        try:
            while (event_or_end := await queue.get()) is not None:
                event = event_or_end
                if event.seq != seen + 1:
                    yield SiteEvent(event.seq - 1, event.at, "gap", "", {"missed_after": seen})
                seen = event.seq
                if job_id is None or event.job_id == job_id:
                    yield event
        finally:
            self._queues.discard(queue)

    def close(self) -> None:
        """End all subscriptions after their queued events."""
        self._closed = True
        for queue in self._queues:
            queue.put_nowait(None)


logger = logging.getLogger(__name__)

_JOB_FIELDS = ("status", "progress", "waiting", "reason", "tag")
_TASK_FIELDS = ("component", "version", "status", "started_at", "ended_at", "pid")


class Observer:
    """Publish each saved change once, and write it to the job's log."""

    def __init__(self, home: Home, events: EventBus) -> None:
        self._home = home
        self._events = events
        self._logs: dict[str, JobLog] = {}
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def observe(self, changes: list[JobCommit]) -> None:
        for change in changes:
            for key, record in change.records.get("job", {}).items():
                self._events.publish("job", change.job_id, **_job_data(key, record))
            for record in change.records.get("tasks", {}).values():
                self._events.publish("task", change.job_id, **_task_data(record))
            self._write_log(change)
            for waiter in self._waiting.get(change.job_id, ()):
                waiter.set()

    async def until(
        self, job_id: str, state_of: Callable[[str], JobState | None], condition: Callable[[JobState], bool]
    ) -> JobState:
        """Return the job's state as soon as the condition holds; the caller sets a timeout."""
        changed = asyncio.Event()
        self._waiting[job_id].add(changed)
        try:
            while True:
                state = state_of(job_id)
                if state is not None and condition(state):
                    return state
                await changed.wait()
                changed.clear()
        finally:
            self._waiting[job_id].discard(changed)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    def complain(self, job_id: str, text: str, party: Party | None = None) -> None:
        """Write an error outside of the job's tasks to its log."""
        self._write(job_id, now_ms(), "ERROR", text, party=str(party or ""))

    def close_log(self, job_id: str) -> None:
        if log := self._logs.pop(job_id, None):
            log.close()

    def close(self) -> None:
        for job_id in list(self._logs):
            self.close_log(job_id)

    def _write_log(self, change: JobCommit) -> None:
        story = change.records.get("story")
        if not story:
            return
        for key in sorted(story):
            entry = story[key]
            text = f"{entry['what']}: {entry['text']}" if entry["text"] else entry["what"]
            self._write(change.job_id, entry["at"], "INFO", text, party=entry["party"], component=entry["component"])

    def _write(self, job_id: str, at: int, level: str, text: str, *, party: str, component: str = "") -> None:
        """Write one line. A line that cannot be written, as on a full disk, must not stop the job."""
        log = self._logs.get(job_id)
        if log is None:
            log = self._logs[job_id] = JobLog(self._home, job_id)
        try:
            log.write(at / 1000, level, text, party=party, component=component)
        except OSError as error:
            logger.warning("the log of job %s lacks a line: %s: %s", job_id, error, text)


def _task_data(record: dict[str, Any]) -> dict[str, Any]:
    party = record["party"]
    return {**{field: record[field] for field in _TASK_FIELDS}, "party": f"{party['role']}:{party['party_id']}"}


def _job_data(key: str, record: dict[str, Any]) -> dict[str, Any]:
    data = {field: record[field] for field in _JOB_FIELDS if field in record}
    return {"party": key, **data}
