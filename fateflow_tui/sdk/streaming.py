"""Following a scheduler: server-sent events, deadlines, new log lines and metric points."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

from fateflow_tui.core.errors import SchedulerUnreachable, TimedOut
from fateflow_tui.core.status import ENDED
from fateflow_tui.sdk.types import Event, LogLine, MetricPoints, Series
from fateflow_tui.sdk.types.jobs import JobLine, JobView


class Frame(msgspec.Struct, frozen=True):
    """One event of a stream. number: its id, None without one."""

    kind: str
    data: bytes
    number: int | None = None


class FrameReader:
    """Takes lines without their ends, gives an event at each empty line that closes one."""

    def __init__(self) -> None:
        self._kind = "message"
        self._data: list[str] = []
        self._number: int | None = None

    def feed(self, line: str) -> Frame | None:
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


_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0  # seconds
WAIT_PIECE = 30.0  # seconds that the scheduler is asked to wait at once
_LATE = 2_000  # ms by which a line may come later than a younger one
_REMEMBERED = 2_000  # lines, before old ones are forgotten
LOOK_PIECE = 0.3  # the same, where changes on the way are of interest

Key = tuple[str, str]  # party, component


class Pauses:
    """How long to wait before each new try, and when to give up. patience: seconds; None for ever."""

    def __init__(self, patience: float | None) -> None:
        self._patience = patience
        self.restart()

    def restart(self) -> None:
        """The scheduler answered."""
        self._pause = _FIRST_PAUSE
        self._since: float | None = None

    def next(self, error: SchedulerUnreachable) -> float:
        """Seconds to wait; raises `error` when it has taken too long already."""
        now = time.monotonic()
        self._since = self._since or now
        if self._patience is not None and now - self._since + self._pause > self._patience:
            raise error
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        return pause


class Deadline:
    """A time limit in pieces that the scheduler waits at once. seconds: None for none."""

    def __init__(self, seconds: float | None, piece: float = WAIT_PIECE) -> None:
        self._seconds, self._piece = seconds, piece
        self._end = None if seconds is None else time.monotonic() + seconds

    def next_piece(self) -> float:
        return self._piece if self._end is None else max(0.0, min(self._piece, self._end - time.monotonic()))

    def check(self, line: JobLine) -> None:
        """Raises TimedOut for a job that is still not at its end when the time is over."""
        if self._end is not None and time.monotonic() >= self._end:
            text = f"job {line.job_id} is still {line.status} after {self._seconds:g} s"
            raise TimedOut(text, data={"job_id": line.job_id})


class LogFeed:
    """A log that is followed over breaks: where to go on, and which lines are known already when it does."""

    def __init__(self, since: int) -> None:
        self._begin = since
        self._at = 0
        self._known: Counter[LogLine] = Counter()
        self._again: Counter[LogLine] = Counter()

    @property
    def since(self) -> int:
        """Where to begin, or to go on: a little earlier than the last line, because lines may come late."""
        return max(self._begin, self._at - _LATE) if self._at else self._begin

    def reconnect(self) -> None:
        self._again = self._known.copy()

    def is_new(self, line: LogLine) -> bool:
        if self._again[line] > 0:
            self._again[line] -= 1
            return False
        if line.at > self._at:
            self._at = line.at
            if len(self._known) > _REMEMBERED:
                self._known = Counter({one: count for one, count in self._known.items() if one.at >= self.since})
        self._known[line] += 1
        return True


class MetricFeed:
    """Which points of a job's series are new. component, party: the only ones wanted, '' for all."""

    def __init__(self, component: str = "", party: str = "") -> None:
        self._component, self._party = component, party
        self._seen: dict[tuple[str, str, str, str], int] = {}
        self.ended = False

    def told_by(self, event: Event) -> Key | None:
        """The task whose series an event says have grown."""
        key = (str(event.data.get("party", "")), str(event.data.get("component", "")))
        return key if event.kind == "metrics" and self._wants(*key) else None

    def of_job(self, job: JobView) -> list[Key]:
        """The tasks whose series are to be read when it is not known what has grown; notes whether the job ended."""
        self.ended = job.status.ended
        here = {line.party for line in job.party_lines if line.here}
        return [
            (party, component.name)
            for component in job.components
            if component.started_at
            for party in component.parties
            if party in here and self._wants(party, component.name)
        ]

    def grown(self, key: Key, found: Mapping[str, Mapping[str, Series]]) -> Iterator[MetricPoints]:
        """What is new in all series of a task. A series that has become shorter is that of a later run."""
        for namespace, of_namespace in found.items():
            for name, series in of_namespace.items():
                place = (*key, namespace, name)
                known = self._seen.get(place, -1)
                start = known if 0 <= known <= len(series.data) else 0
                if len(series.data) != known:
                    self._seen[place] = len(series.data)
                    yield MetricPoints(*place, series.data[start:], series.meta)

    def _wants(self, party: str, component: str) -> bool:
        return self._component in ("", component) and self._party in ("", party)


def is_unsure(event: Event) -> bool:
    """Whether everything is to be read anew: after a gap, a break, or when the job has ended."""
    return event.kind in ("connected", "reconnected", "gap") or (
        event.kind == "job" and event.data.get("status") in ENDED
    )
