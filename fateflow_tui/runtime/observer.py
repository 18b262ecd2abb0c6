"""What was saved, told to those who watch: the event stream, the job's log, and whoever waits for a job."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.logs import JobLog
from fateflow_tui.core.ids import Party
from fateflow_tui.core.ports import Change
from fateflow_tui.core.records import JobState
from fateflow_tui.runtime.clock import now_ms
from fateflow_tui.runtime.events import EventBus

logger = logging.getLogger(__name__)

_JOB_FIELDS = ("status", "progress", "waiting", "reason", "tag")
_TASK_FIELDS = ("component", "version", "status", "started_at", "ended_at", "pid")


class Observer:
    """Publishes each saved change once."""

    def __init__(self, home: Home, events: EventBus) -> None:
        self._home = home
        self._events = events
        self._logs: dict[str, JobLog] = {}
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def observe(self, changes: list[Change]) -> None:
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
        """Returns the job's state as soon as the condition holds; the caller bounds the time."""
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
        """Says in the job's log what went wrong with it outside of its tasks."""
        self._write(job_id, now_ms(), "ERROR", text, party=str(party or ""))

    def close_log(self, job_id: str) -> None:
        if log := self._logs.pop(job_id, None):
            log.close()

    def close(self) -> None:
        for job_id in list(self._logs):
            self.close_log(job_id)

    def _write_log(self, change: Change) -> None:
        story = change.records.get("story")
        if not story:
            return
        for key in sorted(story):
            entry = story[key]
            text = f"{entry['what']}: {entry['text']}" if entry["text"] else entry["what"]
            self._write(change.job_id, entry["at"], "INFO", text, party=entry["party"], component=entry["component"])

    def _write(self, job_id: str, at: int, level: str, text: str, *, party: str, component: str = "") -> None:
        """A line that finds no room on the disk must not hold up the job."""
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
