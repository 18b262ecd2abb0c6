"""Server-sent events: the site's changes as a stream, and waiting for a job's end."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.context import ThisSite, known_job
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.job_views import job_line
from fateflow_tui.server.openapi import EVENTS, JOB, SECONDS, described, members
from fateflow_tui.server.requests import JsonBody

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


router = APIRouter(tags=["events"])

_COUNT = re.compile(r"[0-9]{1,18}")
_LONGEST_WAIT = 60.0  # seconds; clients ask again


@router.get("/events", **described(example={"job_id": JOB, "since": 0}, file=EVENTS))
async def events(
    request: Request,
    site: ThisSite,
    job_id: str = "",
    since: int | None = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """All changes as server-sent events: `id` is a growing number, `event` the kind (job, task, progress, metrics,
    log, message, server; `gap` when some were missed and the state should be read anew), `data` an object with `at`,
    `job_id` and `data`. `Last-Event-ID` or `since` continues after a number, `job_id` leaves out other jobs.
    """
    if last_event_id is not None:
        if not _COUNT.fullmatch(last_event_id):
            raise BadRequest(f"Last-Event-ID is a number, not {last_event_id!r:.40}")
        since = int(last_event_id)
    return stream_answer(request, _frames(site, job_id or None, since))


@router.post(
    "/job/wait", **described(members("job_id", timeout=SECONDS), {"job_id": JOB}, {"job_id": JOB, "status": "success"})
)
async def wait(request: Request, site: ThisSite, body: JsonBody) -> Response:
    """Answers when a job has ended, or after `timeout` seconds (at most 60), with the job as it is then."""
    state = known_job(site, body)
    timeout = min(max(0.0, body.number("timeout", _LONGEST_WAIT)), _LONGEST_WAIT)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            await job_ended(site, state.job_id, request.app.state.closing)
    return answer(job_line(known_job(site, body)))


async def _frames(site: Site, job_id: str | None, since: int | None) -> AsyncIterator[bytes]:
    async for event in site.events.subscribe(job_id, since):
        data = {"at": event.at, "job_id": event.job_id, "data": event.data}
        yield frame(event.kind, data, event.seq)
