"""A message plane inside one process, for the test harness."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence

from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.ids import Party
from fateflow_tui.worker.codec import Buffer, Payload


class MemoryPlane:
    """Mailboxes of several tasks that run in threads; a task that ended fails those who wait for it."""

    def __init__(self, parties: Iterable[Party], timeout: float) -> None:
        """timeout: seconds that a receive without one of its own may take."""
        self._running = set(parties)
        self._timeout = timeout
        self._changed = threading.Condition()
        self._values: defaultdict[tuple[Party, Party, str, str], deque[bytearray]] = defaultdict(deque)

    def end(self, party: Party) -> None:
        with self._changed:
            self._running.discard(party)
            self._changed.notify_all()

    def put(self, source: Party, targets: Sequence[Party], name: str, tag: str, payload: Payload) -> None:
        with self._changed:
            for target in targets:
                self._values[source, target, name, tag].append(payload.joined())
            self._changed.notify_all()

    def take(self, source: Party, target: Party, name: str, tag: str, timeout: float | None) -> Buffer:
        key = (source, target, name, tag)
        limit = self._timeout if timeout is None else timeout
        with self._changed:
            waiting = self._values[key]
            in_time = self._changed.wait_for(lambda: waiting or source not in self._running, limit)
            if waiting:
                return waiting.popleft()
        said = f"{target} waits for {name} with tag {tag!r}"
        if in_time:
            raise ComponentFailed(f"{said}, but {source} ended without sending it")
        raise ComponentFailed(f"{said} from {source}, which did not come within {limit} s")


class MemoryExchange:
    """One party's end of a MemoryPlane; keeps what the task showed."""

    def __init__(self, plane: MemoryPlane, party: Party) -> None:
        self._plane = plane
        self._party = party
        self.shown: list[tuple[int, int]] = []

    def send(self, to: Sequence[Party], name: str, tag: str, payload: Payload) -> None:
        self._plane.put(self._party, to, name, tag, payload)

    def receive(self, source: Party, name: str, tag: str, timeout: float | None) -> Buffer:
        return self._plane.take(source, self._party, name, tag, timeout)

    def progress(self, done: int, total: int) -> None:
        self.shown.append((done, total))

    def metrics_written(self, namespace: str, name: str) -> None:
        """Nobody watches; the file has them."""
