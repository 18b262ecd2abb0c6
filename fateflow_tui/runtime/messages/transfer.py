"""The transfer of a value between two sites, in chunks with one call each.

The body of a call is like a frame of a worker's channel: a 4-byte big-endian length, a JSON header of that length, then
the chunk. The receiver appends chunks in order; one that arrives too early waits briefly for those before it. A chunk
that does not continue the value is ignored, and the answer says how many bytes the receiver has.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from fateflow_tui.core.errors import BadRequest, PartyUnreachable
from fateflow_tui.core.ids import Party

Count = Annotated[int, msgspec.Meta(ge=0)]
Payload = bytes | bytearray | memoryview

CHUNK_SIZE: Final = 4 << 20
_IN_FLIGHT: Final = 2  # chunks sent at once: one is prepared or received while the other travels
HEADER_LIMIT: Final = 64 << 10
_LENGTH: Final = 4
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0  # seconds between tries while the peer is away

logger = logging.getLogger(__name__)


class MailKey(msgspec.Struct, frozen=True):
    """The identity of a value: the run of a component, source, target, variable, and tag within a series."""

    job_id: str
    component: str
    version: int
    source: Party
    target: Party
    name: str
    tag: str


class Chunk(msgspec.Struct, frozen=True):
    """Header of one chunk. transfer: one id for all chunks and repetitions of one value. size: of the whole value.

    offset: of this chunk; a chunk without bytes asks for space, or for the bytes that the receiver has.
    """

    key: MailKey
    transfer: str
    codec: str
    size: Count
    offset: Count


class TransferProgress(StrEnum):
    """The progress of a transfer at the receiver."""

    MORE = "more"
    DONE = "done"  # the value is, or was, in its mailbox
    FULL = "full"  # there is no space for it yet; ask again


class ChunkAnswer(msgspec.Struct, frozen=True):
    """received: the bytes of the value that the receiver has."""

    progress: TransferProgress
    received: Count = 0


def chunk_prefix(chunk: Chunk) -> bytes:
    """The bytes before the chunk in the body of its call."""
    header = msgspec.json.encode(chunk)
    return len(header).to_bytes(_LENGTH, "big") + header


def split_body(parts: Sequence[bytes]) -> tuple[Chunk, list[Payload]]:
    """Split the body of a call into header and bytes. Raises BadRequest if it is not a chunk.

    The pieces are not joined, so that a large value is copied only once.
    """
    head = b""
    for number, part in enumerate(parts, 1):
        head += part
        end = _LENGTH + int.from_bytes(head[:_LENGTH], "big")
        if end > HEADER_LIMIT:
            break
        if len(head) >= max(end, _LENGTH):
            return _header(head[_LENGTH:end]), [memoryview(head)[end:], *parts[number:]]
    raise BadRequest(f"a body of {sum(map(len, parts))} bytes is not a chunk of a value")


def _header(text: bytes) -> Chunk:
    try:
        return msgspec.json.decode(text, type=Chunk)
    except msgspec.DecodeError as error:
        raise BadRequest(f"the header of a chunk cannot be read: {error}") from error


async def push(
    first: Chunk,
    payload: Payload,
    post: Callable[[Chunk, memoryview], Awaitable[ChunkAnswer]],
    is_needed: Callable[[], bool],
) -> None:
    """Send a value and return once the receiver has it; retry while its site is away or full.

    post: deliver one chunk; PartyUnreachable means that a retry may work, any other error that it will not.
    is_needed: whether the value is still needed; if not, the last error of `post` is raised.
    """
    whole = memoryview(payload)
    pause = _FIRST_PAUSE
    # A value of one chunk is sent at once. Before a larger one, and after a failure, ask the receiver what it has: it
    # may have no space, have kept a part, or be a new process without anything.
    data = whole if first.size <= CHUNK_SIZE else whole[:0]
    while True:
        try:
            answer = await post(first, data)
            if answer.progress is TransferProgress.MORE:
                answer = await _stream(first, whole, answer.received, post)
        except PartyUnreachable as error:
            if not is_needed():
                raise
            if pause == _FIRST_PAUSE:
                logger.warning("%s of %s waits: %s", first.key.name, first.key.component, error.message)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        else:
            if answer.progress is TransferProgress.DONE:
                return
            pause = _FIRST_PAUSE
        data = whole[:0]


async def _stream(
    first: Chunk, whole: memoryview, offset: int, post: Callable[[Chunk, memoryview], Awaitable[ChunkAnswer]]
) -> ChunkAnswer:
    """Send the value from `offset` on, some chunks at a time; return the answer to the last accepted one."""
    in_flight: deque[asyncio.Future[ChunkAnswer]] = deque()
    try:
        while True:
            while offset < first.size and len(in_flight) < _IN_FLIGHT:
                chunk = msgspec.structs.replace(first, offset=offset)
                in_flight.append(asyncio.ensure_future(post(chunk, whole[offset : offset + CHUNK_SIZE])))
                offset += CHUNK_SIZE
            answer = await in_flight.popleft()
            behind = answer.received < offset - len(in_flight) * CHUNK_SIZE
            if not in_flight or behind or answer.progress is TransferProgress.DONE:
                return answer
    finally:
        for post_under_way in in_flight:
            post_under_way.cancel()
        await asyncio.gather(*in_flight, return_exceptions=True)
