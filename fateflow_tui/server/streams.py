"""Server-sent events: `id`, `event` and `data` lines, comments while nothing happens, and an end when the site ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import StreamingResponse

from fateflow_tui.server.door import Site
from fateflow_tui.server.job_views import job_line

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


_RECHECK = 1.0  # seconds; only a safety net, each event of the job is looked at


async def job_ended(site: Site, job_id: str, closing: asyncio.Event) -> None:
    """Returns when the job has ended or the site is closing. Looks again after each of its events."""
    changes = site.events.subscribe(job_id)
    async with contextlib.aclosing(until(closing, changes, _RECHECK)) as looks:
        upcoming = asyncio.ensure_future(anext(looks, None))
        try:
            await asyncio.sleep(0)  # subscribed before the first look, so that no end is missed
            while True:
                state = site.jobs.state(job_id)
                if state is None or job_line(state).status.ended or closing.is_set():
                    return
                await upcoming
                upcoming = asyncio.ensure_future(anext(looks, None))
        finally:
            upcoming.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await upcoming


class Spool:
    """Uploaded files, kept until the jobs that read them have ended."""

    def __init__(self, closing: asyncio.Event) -> None:
        self._closing = closing
        self._tasks: set[asyncio.Task[None]] = set()

    def discard_after(self, site: Site, job_id: str, path: Path) -> None:
        """Deletes the file when the job has ended; a site that closes before leaves it for `sweep`."""
        task = asyncio.create_task(self._discard(site, job_id, path))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _discard(self, site: Site, job_id: str, path: Path) -> None:
        await job_ended(site, job_id, self._closing)
        if not self._closing.is_set():
            path.unlink(missing_ok=True)  # noqa: ASYNC240 (one system call)
