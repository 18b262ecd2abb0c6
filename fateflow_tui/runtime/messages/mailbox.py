"""Mailboxes of a party's tasks: values in order, delivered once, within a quota.

Everything runs on the event loop's thread; code between two awaits is atomic.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from fateflow_tui.core.errors import BadRequest, Conflict
from fateflow_tui.core.ids import Party
from fateflow_tui.runtime.messages.transfer import Chunk, ChunkAnswer, MailKey, Payload, TransferProgress

# Added to the size of each value, so that many empty values also fill a mailbox.
_OVERHEAD: Final = 1024
# Finished transfers remembered per mailbox, since a sender repeats those without an answer.
_REMEMBERED: Final = 1024
_PATIENCE: Final = 1.0  # seconds that a call waits for space before the sender must ask again


class Value(NamedTuple):
    """A value; `codec` says how to read its bytes."""

    codec: str
    payload: Payload


class _Arrival:
    """A value that is arriving: `size` bytes in all, the first of them in the buffer."""

    __slots__ = ("buffer", "codec", "size")

    def __init__(self, codec: str, size: int) -> None:
        self.codec = codec
        self.size = size
        self.buffer = bytearray()

    @property
    def received(self) -> int:
        return len(self.buffer)

    def write(self, offset: int, data: Sequence[Payload]) -> None:
        """Append a chunk, given in pieces. A chunk that does not continue the buffer is ignored."""
        end = offset + sum(map(len, data))
        if end > self.size:
            raise BadRequest(f"a chunk ends at byte {end} of a value of {self.size} bytes")
        if offset == self.received:
            for piece in data:
                self.buffer += piece


class _Box:
    """The mailbox of one party's component, for all versions. used: bytes, including announced ones."""

    def __init__(self) -> None:
        self.used = 0
        self.values: dict[MailKey, deque[Value]] = {}
        self.arrivals: dict[tuple[MailKey, str], _Arrival] = {}
        self.finished: dict[tuple[MailKey, str], None] = {}
        self.takers: dict[MailKey, deque[object]] = {}
        self.closed = False
        self._changed = asyncio.Event()

    async def change(self) -> None:
        """Wait for the next change of this mailbox."""
        await self._changed.wait()

    def notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def count(self, key: MailKey) -> int:
        """The number of values under a key, including announced ones."""
        return len(self.values.get(key, ())) + sum(place[0] == key for place in self.arrivals)

    def pop(self, key: MailKey) -> Value:
        """Remove and return the oldest value under a key that has one."""
        values = self.values[key]
        value = values.popleft()
        if not values:
            del self.values[key]
        self.used -= len(value.payload) + _OVERHEAD
        return value

    def drop(self, key: MailKey) -> None:
        """Discard everything under a key, whole values and partial ones."""
        for value in self.values.pop(key, ()):
            self.used -= len(value.payload) + _OVERHEAD
        for place in [place for place in self.arrivals if place[0] == key]:
            self.used -= self.arrivals.pop(place).size + _OVERHEAD


class Mailboxes:
    """The mailboxes of all parties that a site plays.

    quota: bytes per party and component. A value that its task is waiting for is accepted even if the mailbox is full,
    since otherwise both would wait for each other. delivered: called with the key and size of each value that arrived.
    """

    def __init__(self, quota: int, delivered: Callable[[MailKey, int], None]) -> None:
        self._quota = quota
        self._delivered = delivered
        self._boxes: dict[tuple[str, str, Party], _Box] = {}
        self._oldest: dict[tuple[str, str], int] = {}

    async def put(self, key: MailKey, value: Value) -> None:
        """Deliver a value of this site, once there is space. Raises Conflict if the run was replaced or has ended."""
        size = len(value.payload)
        box = self._box(key)
        while not self._has_room(box, key, size):
            await box.change()
        box.used += size + _OVERHEAD
        self._deliver(box, key, value)

    async def accept(self, chunk: Chunk, data: Sequence[Payload], patience: float = _PATIENCE) -> ChunkAnswer:
        """Accept a chunk from another site. Raises BadRequest, or Conflict if the run was replaced or has ended.

        patience: seconds to wait for space, or for the chunks before this one, before answering what is missing.
        """
        key = chunk.key
        box = self._box(key)
        place = key, chunk.transfer
        try:
            async with asyncio.timeout(patience):
                while not self._takes(box, chunk):
                    await box.change()
                    self._check_open(box, key)
        except TimeoutError:
            pass
        if place in box.finished:
            return ChunkAnswer(TransferProgress.DONE, chunk.size)
        if place not in box.arrivals:
            return ChunkAnswer(TransferProgress.FULL)
        arrival = box.arrivals[place]
        arrival.write(chunk.offset, data)
        box.notify()
        if arrival.received < arrival.size:
            return ChunkAnswer(TransferProgress.MORE, arrival.received)
        del box.arrivals[place]
        box.finished[place] = None
        if len(box.finished) > _REMEMBERED:
            del box.finished[next(iter(box.finished))]
        self._deliver(box, key, Value(arrival.codec, arrival.buffer))
        return ChunkAnswer(TransferProgress.DONE, arrival.received)

    async def take(self, key: MailKey) -> Value:
        """Wait for the oldest value under the key. Raises Conflict if none can arrive any more."""
        box = self._box(key)
        ticket = object()
        takers = box.takers.setdefault(key, deque())
        takers.append(ticket)
        box.notify()  # a sender that waits for space may deliver this value now
        try:
            while takers[0] is not ticket or key not in box.values:
                await box.change()
                self._check_open(box, key)
            # Nothing else has run since the check above, so a cancelled receiver never loses a value.
            return box.pop(key)
        finally:
            takers.remove(ticket)
            if not takers:
                del box.takers[key]
            box.notify()

    def is_open(self, key: MailKey) -> bool:
        """Whether the value's version is still current here."""
        return key.version >= self._oldest.get((key.job_id, key.component), 0)

    def forget(self, job_id: str, component: str, before_version: int) -> None:
        """Discard everything of older versions of a component; their waiting receivers get Conflict."""
        name = job_id, component
        self._oldest[name] = max(before_version, self._oldest.get(name, 0))
        for (job, of, _), box in self._boxes.items():
            if (job, of) != name:
                continue
            for key in {*box.values, *(key for key, _ in box.arrivals)}:
                if not self.is_open(key):
                    box.drop(key)
            box.finished = {place: None for place in box.finished if self.is_open(place[0])}
            box.notify()

    def close_job(self, job_id: str) -> None:
        """Discard everything of a job; its waiting receivers get Conflict."""
        for name in [name for name in self._boxes if name[0] == job_id]:
            box = self._boxes.pop(name)
            box.closed = True
            box.notify()
        for component in [component for component in self._oldest if component[0] == job_id]:
            del self._oldest[component]

    def used(self, job_id: str, component: str, target: Party) -> int:
        """The bytes that wait for, or are announced to, a party's component."""
        box = self._boxes.get((job_id, component, target))
        return box.used if box else 0

    def _box(self, key: MailKey) -> _Box:
        box = self._boxes.setdefault((key.job_id, key.component, key.target), _Box())
        self._check_open(box, key)
        return box

    def _check_open(self, box: _Box, key: MailKey) -> None:
        if box.closed:
            raise Conflict(f"job {key.job_id} has ended; {key.name} of {key.source} for {key.target} is obsolete")
        if not self.is_open(key):
            raise Conflict(
                f"version {key.version} of {key.component} in job {key.job_id} was replaced by a newer run; "
                f"{key.name} of {key.source} for {key.target} is obsolete"
            )

    def _takes(self, box: _Box, chunk: Chunk) -> bool:
        """Whether a chunk can be accepted now; reserves space for a new value."""
        place = chunk.key, chunk.transfer
        if place not in box.arrivals and place not in box.finished and self._has_room(box, chunk.key, chunk.size):
            box.used += chunk.size + _OVERHEAD
            box.arrivals[place] = _Arrival(chunk.codec, chunk.size)
        return place in box.finished or (place in box.arrivals and box.arrivals[place].received >= chunk.offset)

    def _has_room(self, box: _Box, key: MailKey, size: int) -> bool:
        self._check_open(box, key)
        if size + _OVERHEAD > self._quota:
            raise BadRequest(
                f"{key.name} of {key.source} has {size} bytes; the mailbox of {key.component} at {key.target} "
                f"accepts {self._quota - _OVERHEAD}",
                hint="send it in parts, or raise mailbox.quota in site.toml at the receiving site",
            )
        return box.used + size + _OVERHEAD <= self._quota or len(box.takers.get(key, ())) > box.count(key)

    def _deliver(self, box: _Box, key: MailKey, value: Value) -> None:
        box.values.setdefault(key, deque()).append(value)
        box.notify()
        self._delivered(key, len(value.payload))
