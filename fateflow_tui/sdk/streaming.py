"""Following a scheduler: server-sent events, deadlines, retries, new log lines and metric points."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from fateflow_tui.core.errors import SchedulerUnreachable, TimedOut
from fateflow_tui.core.status import ENDED
from fateflow_tui.sdk.types import Event, LogLine, MetricPoints, Series
from fateflow_tui.sdk.types.jobs import JobLine, JobView


class Frame(msgspec.Struct, frozen=True):
    """One server-sent event. number: its id, None without one."""

    kind: str
    data: bytes
    number: int | None = None


class FrameReader:
    """Parses a stream of server-sent events line by line."""

    def __init__(self) -> None:
        self._kind = "message"
        self._data: list[str] = []
        self._number: int | None = None

    def feed(self, line: str) -> Frame | None:
        """Take a line without its line end; return the event that it completes, if any."""
        if not line:
            frame = Frame(self._kind, "\n".join(self._data).encode(), self._number) if self._data else None
            self._kind, self._data, self._number = "message", [], None
            return frame
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._kind = value
        elif field == "data":
            self._data.append(value)
        elif field == "id" and value.isdigit():
            self._number = int(value)
        return None


WAIT_INTERVAL = 30.0  # seconds per request while waiting for the end of a job
WATCH_INTERVAL = 0.3  # the same, while changes on the way are of interest
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0  # seconds
_OVERLAP = 2_000  # ms by which a line may arrive after a newer one
_REMEMBERED = 2_000  # lines that are kept before old ones are dropped


class Backoff:
    """Pauses between retries, and the time to give up. patience: seconds; None to retry for ever."""

    def __init__(self, patience: float | None) -> None:
        self._patience = patience
        self.reset()

    def reset(self) -> None:
        """Start over, after the scheduler has answered."""
        self._pause = _FIRST_PAUSE
        self._since: float | None = None

    def next(self, error: SchedulerUnreachable) -> float:
        """Return the seconds to wait before the next try. Raises `error` when patience is exhausted."""
        now = time.monotonic()
        self._since = self._since or now
        if self._patience is not None and now - self._since + self._pause > self._patience:
            raise error
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        return pause


class Deadline:
    """A time limit on waiting for a job. seconds: None for no limit. interval: seconds per request."""

    def __init__(self, seconds: float | None, interval: float = WAIT_INTERVAL) -> None:
        self._seconds, self._interval = seconds, interval
        self._end = None if seconds is None else time.monotonic() + seconds

    def next_interval(self) -> float:
        """Return the seconds that the next request may wait."""
        return self._interval if self._end is None else max(0.0, min(self._interval, self._end - time.monotonic()))

    def check(self, line: JobLine) -> None:
        """Raise TimedOut when the time is over."""
        if self._end is not None and time.monotonic() >= self._end:
            text = f"job {line.job_id} is still {line.status} after {self._seconds:g} s"
            raise TimedOut(text, data={"job_id": line.job_id})


class LogTail:
    """Which lines of a followed log are new, also after a reconnection. since: ms since the epoch."""

    def __init__(self, since: int) -> None:
        self._begin = since
        self._at = 0
        self._known: Counter[LogLine] = Counter()
        self._repeated: Counter[LogLine] = Counter()

    @property
    def since(self) -> int:
        """Where to start or continue, in ms since the epoch: a little before the newest line, as lines may arrive
        out of order.
        """
        return max(self._begin, self._at - _OVERLAP) if self._at else self._begin

    def reconnect(self) -> None:
        """Expect the known lines again."""
        self._repeated = self._known.copy()

    def is_new(self, line: LogLine) -> bool:
        """Whether a received line is new; remember it."""
        if self._repeated[line] > 0:
            self._repeated[line] -= 1
            return False
        if line.at > self._at:
            self._at = line.at
            if len(self._known) > _REMEMBERED:
                self._known = Counter({one: count for one, count in self._known.items() if one.at >= self.since})
        self._known[line] += 1
        return True


class TaskKey(NamedTuple):
    """A component at a party. party: `role:id`."""

    party: str
    component: str


class MetricTail:
    """Which points of a job's metric series are new. component, party: only these; "" for all."""

    def __init__(self, component: str = "", party: str = "") -> None:
        self._component, self._party = component, party
        self._seen: dict[tuple[str, str, str, str], int] = {}
        self._meta: dict[tuple[str, str, str, str], dict[str, Any]] = {}
        self._versions: dict[TaskKey, int] = {}
        self.ended = False

    def take(self, event: Event) -> tuple[list[MetricPoints], list[TaskKey]]:
        """Return the new points in an event, and the task whose series must be read completely instead: at the first
        event of each run, and after missing points.
        """
        data = event.data
        task = TaskKey(str(data.get("party", "")), str(data.get("component", "")))
        if event.kind != "metrics" or not self._selects(task):
            return [], []
        if self._versions.get(task) != data.get("version"):
            if task in self._versions:
                self._seen = {key: count for key, count in self._seen.items() if key[:2] != task}
            self._versions[task] = data.get("version", 0)
            return [], [task]
        key = (*task, str(data.get("namespace", "")), str(data.get("name", "")))
        points, count, known = data.get("points", []), data.get("count", 0), self._seen.get(key, 0)
        if count - known > len(points):
            return [], [task]
        if count <= known and not data.get("meta"):
            return [], []
        self._seen[key] = max(count, known)
        self._meta[key] = self._meta.get(key, {}) | data.get("meta", {})
        return [MetricPoints(*key, points[len(points) - max(0, count - known) :], self._meta[key])], []

    def started_tasks(self, job: JobView) -> list[TaskKey]:
        """All tasks that may have series, for a full refresh; notes whether the job has ended."""
        self.ended = job.status.ended
        here = {line.party for line in job.party_lines if line.here}
        tasks = [
            TaskKey(party, component.name)
            for component in job.components
            if component.started_at
            for party in component.parties
            if party in here
        ]
        return [task for task in tasks if self._selects(task)]

    def new_points(self, task: TaskKey, found: Mapping[str, Mapping[str, Series]]) -> Iterator[MetricPoints]:
        """The points of a task's series that were not returned before. found: namespace -> name -> series; one that
        has become shorter belongs to a later run.
        """
        for namespace, series_by_name in found.items():
            for name, series in series_by_name.items():
                key = (*task, namespace, name)
                known = self._seen.get(key, -1)
                start = known if 0 <= known <= len(series.data) else 0
                if len(series.data) != known:
                    self._seen[key] = len(series.data)
                    self._meta[key] = series.meta
                    yield MetricPoints(*key, series.data[start:], series.meta)

    def _selects(self, task: TaskKey) -> bool:
        return self._component in ("", task.component) and self._party in ("", task.party)


class LiveMetrics:
    """The metric series of a job, kept current by its events. component, party: only these; "" for all."""

    def __init__(self, component: str = "", party: str = "") -> None:
        self._tail = MetricTail(component, party)
        self.series: dict[TaskKey, dict[str, dict[str, Series]]] = {}

    def apply(self, event: Event) -> list[TaskKey]:
        """Append the points that an event carries; return the tasks that have to be read whole instead."""
        new_points, unread = self._tail.take(event)
        for points in new_points:
            names = self.series.setdefault(TaskKey(points.party, points.component), {})
            known = names.setdefault(points.namespace, {}).get(points.name, Series())
            names[points.namespace][points.name] = Series([*known.data, *points.points], points.meta)
        return unread

    def replace(self, task: TaskKey, found: Mapping[str, Mapping[str, Series]]) -> None:
        """Take over a task's series as they were read. found: namespace -> name -> series."""
        for _ in self._tail.new_points(task, found):
            pass  # the tail now knows how far each series has been read
        self.series[task] = {namespace: dict(names) for namespace, names in found.items()}


def needs_refresh(event: Event) -> bool:
    """Whether everything must be read again: after a gap, a reconnection, or the end of the job."""
    return event.kind in ("connected", "reconnected", "gap") or (
        event.kind == "job" and event.data.get("status") in ENDED
    )
