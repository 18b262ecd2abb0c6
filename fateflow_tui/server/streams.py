"""Server-sent events: `id`, `event` and `data` lines, comments while nothing happens, and an end when the site ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import StreamingResponse

_QUIET = 15.0  # seconds without an event before a comment shows that the line is alive
_COMMENT = b": still here\n\n"

T = TypeVar("T")


def frame(kind: str, data: Any, number: int | None = None) -> bytes:
    """One event as it goes over the line."""
    head = b"" if number is None else b"id: %d\n" % number
    return head + b"event: " + kind.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"


def stream_answer(request: Request, frames: AsyncIterator[bytes]) -> StreamingResponse:
    """An endless answer. Proxies are asked not to hold it back."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    closing: asyncio.Event = request.app.state.closing
    return StreamingResponse(_alive(frames, closing), media_type="text/event-stream", headers=headers)


async def until(closing: asyncio.Event, source: AsyncIterator[T], quiet: float) -> AsyncGenerator[T | None, None]:
    """What `source` yields, and None when it was quiet for so many seconds; ends with it, or when `closing` is set."""
    iterator = aiter(source)
    closed = asyncio.ensure_future(closing.wait())
    upcoming: asyncio.Future[T] | None = None
    try:
        while True:
            upcoming = upcoming or asyncio.ensure_future(anext(iterator))
            watched: set[asyncio.Future[Any]] = {upcoming, closed}
            await asyncio.wait(watched, timeout=quiet, return_when=asyncio.FIRST_COMPLETED)
            if upcoming.done():
                try:
                    item = upcoming.result()
                except StopAsyncIteration:
                    return
                upcoming = None
                yield item
            elif closed.done():
                return
            else:
                yield None
    finally:
        closed.cancel()
        if upcoming is not None:
            upcoming.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                await upcoming
        if isinstance(iterator, AsyncGenerator):
            await iterator.aclose()


async def _alive(frames: AsyncIterator[bytes], closing: asyncio.Event) -> AsyncIterator[bytes]:
    yield _COMMENT  # the client learns at once that it is connected
    async with contextlib.aclosing(until(closing, frames, _QUIET)) as alive:
        async for one in alive:
            yield _COMMENT if one is None else one
