"""Everything that changes at a site, as a stream that front ends follow."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from fateflow_tui.runtime.clock import now_ms

_KEPT = 10_000  # events that a reconnecting front end can catch up on
_BACKLOG = 5_000  # events that a slow one may be behind before it has to start anew


class SiteEvent(msgspec.Struct, frozen=True):
    """One change. kind: job, task, progress, metrics, message, log, server, or `gap` when some were missed."""

    seq: int
    at: int
    kind: str
    job_id: str
    data: dict[str, Any]


class EventBus:
    """Publishes to any number of subscribers; a slow one never holds up the others."""

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

    async def subscribe(self, job_id: str | None = None, since: int | None = None) -> AsyncIterator[SiteEvent]:
        """Yields events from now on, or after number `since`. A jump in what it had to deliver is a `gap` event."""
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
        """Ends all subscriptions after what they have been given."""
        self._closed = True
        for queue in self._queues:
            queue.put_nowait(None)
