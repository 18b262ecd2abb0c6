"""Values on their way to a party's task: kept in order, handed over once, and never more than fits.

Everything happens on the event loop's thread; what is done between two awaits is done in one piece.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from fateflow_tui.core.errors import BadRequest, Conflict
from fateflow_tui.core.ids import Party
from fateflow_tui.runtime.messages.transfer import Chunk, ChunkAnswer, MailKey, Payload, Progress

# What a value costs beside its bytes, so that a flood of empty values fills a mailbox, too.
_OVERHEAD: Final = 1024
# Finished transfers remembered per mailbox. A sender repeats only those few that it has no answer to.
_REMEMBERED: Final = 1024
_PATIENCE: Final = 1.0  # seconds that a call may wait for room before it is told to ask again


class Value(NamedTuple):
    """A value as it is handed over; `codec` says how to read the bytes."""

    codec: str
    payload: Payload


class _Arrival:
    """A value of `size` bytes of which the first are in the buffer."""

    __slots__ = ("buffer", "codec", "size")

    def __init__(self, codec: str, size: int) -> None:
        self.codec = codec
        self.size = size
        self.buffer = bytearray()

    @property
    def received(self) -> int:
        return len(self.buffer)

    def write(self, offset: int, data: Sequence[Payload]) -> None:
        """Adds a chunk, given in pieces; one that does not continue what is here changes nothing."""
        end = offset + sum(map(len, data))
        if end > self.size:
            raise BadRequest(f"a chunk ends at byte {end} of a value of {self.size} bytes")
        if offset == self.received:
            for piece in data:
                self.buffer += piece


class _Box:
    """All that waits for one party's component, whatever the version. used: bytes, those announced included."""

    def __init__(self) -> None:
        self.used = 0
        self.values: dict[MailKey, deque[Value]] = {}
        self.arrivals: dict[tuple[MailKey, str], _Arrival] = {}
        self.finished: dict[tuple[MailKey, str], None] = {}
        self.takers: dict[MailKey, deque[object]] = {}
        self.closed = False
        self._changed = asyncio.Event()

    async def change(self) -> None:
        """Returns at the next change of anything in this box."""
        await self._changed.wait()

    def tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def count(self, key: MailKey) -> int:
        """Values under a key, those announced included."""
        return len(self.values.get(key, ())) + sum(place[0] == key for place in self.arrivals)

    def pop(self, key: MailKey) -> Value:
        """The oldest value under a key that has one."""
        values = self.values[key]
        value = values.popleft()
        if not values:
            del self.values[key]
        self.used -= len(value.payload) + _OVERHEAD
        return value

    def drop(self, key: MailKey) -> None:
        """Throws away what there is under a key, whole values and parts."""
        for value in self.values.pop(key, ()):
            self.used -= len(value.payload) + _OVERHEAD
        for place in [place for place in self.arrivals if place[0] == key]:
            self.used -= self.arrivals.pop(place).size + _OVERHEAD


class Mailboxes:
    """The mailboxes of all parties that a site plays.

    quota: bytes that may wait for one party's component. A value that its task is waiting for is let in also when the
    box is full: otherwise both would wait for each other. delivered: told of each value that came, with its size.
    """

    def __init__(self, quota: int, delivered: Callable[[MailKey, int], None]) -> None:
        self._quota = quota
        self._delivered = delivered
        self._boxes: dict[tuple[str, str, Party], _Box] = {}
        self._oldest: dict[tuple[str, str], int] = {}

    async def put(self, key: MailKey, value: Value) -> None:
        """Delivers a value of this site, once there is room. Raises Conflict when nobody will want it any more."""
        size = len(value.payload)
        box = self._box(key)
        while not self._has_room(box, key, size):
            await box.change()
        box.used += size + _OVERHEAD
        self._deliver(box, key, value)

    async def accept(self, chunk: Chunk, data: Sequence[Payload], patience: float = _PATIENCE) -> ChunkAnswer:
        """Takes a chunk from another site. Raises BadRequest, Conflict when nobody will want the value any more.

        patience: seconds to wait for room, or for the chunks before this one, before the answer says what is missing.
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
            return ChunkAnswer(Progress.DONE, chunk.size)
        if place not in box.arrivals:
            return ChunkAnswer(Progress.FULL)
        arrival = box.arrivals[place]
        arrival.write(chunk.offset, data)
        box.tell()
        if arrival.received < arrival.size:
            return ChunkAnswer(Progress.MORE, arrival.received)
        del box.arrivals[place]
        box.finished[place] = None
        if len(box.finished) > _REMEMBERED:
            del box.finished[next(iter(box.finished))]
        self._deliver(box, key, Value(arrival.codec, arrival.buffer))
        return ChunkAnswer(Progress.DONE, arrival.received)

    async def take(self, key: MailKey) -> Value:
        """The oldest value under the key, as soon as there is one. Raises Conflict when none can come any more."""
        box = self._box(key)
        ticket = object()
        takers = box.takers.setdefault(key, deque())
        takers.append(ticket)
        box.tell()  # who waits for room with this very value may bring it now
        try:
            while takers[0] is not ticket or key not in box.values:
                await box.change()
                self._check_open(box, key)
            # Since the last look at the box nothing else has run: a taker that is cancelled takes nothing with it.
            return box.pop(key)
        finally:
            takers.remove(ticket)
            if not takers:
                del box.takers[key]
            box.tell()

    def is_open(self, key: MailKey) -> bool:
        """Whether the value's version has not been forgotten here."""
        return key.version >= self._oldest.get((key.job_id, key.component), 0)

    def forget(self, job_id: str, component: str, before_version: int) -> None:
        """Drops everything of older versions of a component; who waits for such a value is told so."""
        name = job_id, component
        self._oldest[name] = max(before_version, self._oldest.get(name, 0))
        for (job, of, _), box in self._boxes.items():
            if (job, of) != name:
                continue
            for key in {*box.values, *(key for key, _ in box.arrivals)}:
                if not self.is_open(key):
                    box.drop(key)
            box.finished = {place: None for place in box.finished if self.is_open(place[0])}
            box.tell()

    def close_job(self, job_id: str) -> None:
        """Drops everything of a job; who waits for something of it is told so."""
        for name in [name for name in self._boxes if name[0] == job_id]:
            box = self._boxes.pop(name)
            box.closed = True
            box.tell()
        for component in [component for component in self._oldest if component[0] == job_id]:
            del self._oldest[component]

    def used(self, job_id: str, component: str, target: Party) -> int:
        """Bytes that wait for, or are announced to, a party's component."""
        box = self._boxes.get((job_id, component, target))
        return box.used if box else 0

    def _box(self, key: MailKey) -> _Box:
        box = self._boxes.setdefault((key.job_id, key.component, key.target), _Box())
        self._check_open(box, key)
        return box

    def _check_open(self, box: _Box, key: MailKey) -> None:
        if box.closed:
            raise Conflict(f"job {key.job_id} has ended; {key.name} of {key.source} for {key.target} is of no use")
        if not self.is_open(key):
            raise Conflict(
                f"version {key.version} of {key.component} in job {key.job_id} was replaced by a newer run; "
                f"{key.name} of {key.source} for {key.target} is of no use"
            )

    def _takes(self, box: _Box, chunk: Chunk) -> bool:
        """Whether a chunk can be dealt with now; makes room for its value if it is a new one."""
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
                f"takes {self._quota - _OVERHEAD}",
                hint="send it in parts, or raise mailbox.quota in site.toml at the receiving site",
            )
        return box.used + size + _OVERHEAD <= self._quota or len(box.takers.get(key, ())) > box.count(key)

    def _deliver(self, box: _Box, key: MailKey, value: Value) -> None:
        box.values.setdefault(key, deque()).append(value)
        box.tell()
        self._delivered(key, len(value.payload))
