"""Server-sent events: the site's changes as a stream, and waiting for a job's end."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import msgspec
from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.context import ThisSite, known_job
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.job_views import job_line
from fateflow_tui.server.openapi import EVENTS, JOB, answers
from fateflow_tui.server.requests import Float, JobId, Json, RequestBody

router = APIRouter(tags=["events"])

_KEEPALIVE: Final = 15.0  # seconds without an event after which a comment is sent
_RECHECK: Final = 1.0  # seconds; a safety net, as every event of the job is looked at
_MAX_WAIT: Final = 60.0  # seconds; clients ask again
_COUNT: Final = re.compile(r"[0-9]{1,18}")
_COMMENT: Final = b": still here\n\n"

T = TypeVar("T")


def frame(kind: str, data: Any, number: int | None = None) -> bytes:
    """Encode one event."""
    head = b"" if number is None else b"id: %d\n" % number
    return head + b"event: " + kind.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"


def stream_answer(request: Request, frames: AsyncIterator[bytes]) -> StreamingResponse:
    """Return an endless answer that proxies should not buffer."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    closing: asyncio.Event = request.app.state.closing
    return StreamingResponse(_alive(frames, closing), media_type="text/event-stream", headers=headers)


async def until(closing: asyncio.Event, source: AsyncIterator[T], quiet: float) -> AsyncGenerator[T | None, None]:
    """Yield the items of `source`, and None after `quiet` seconds without one, until it ends or `closing` is set."""
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
    async with contextlib.aclosing(until(closing, frames, _KEEPALIVE)) as frames_or_none:
        async for one in frames_or_none:
            yield _COMMENT if one is None else one


async def job_ended(site: Site, job_id: str, closing: asyncio.Event) -> None:
    """Return when the job has ended or the site is closing; its status is checked after each of its events."""
    changes = site.events.subscribe(job_id)
    async with contextlib.aclosing(until(closing, changes, _RECHECK)) as checks:
        upcoming = asyncio.ensure_future(anext(checks, None))
        try:
            await asyncio.sleep(0)  # subscribe before the first check, so that no end is missed
            while True:
                state = site.jobs.state(job_id)
                if state is None or job_line(state).status.ended or closing.is_set():
                    return
                await upcoming
                upcoming = asyncio.ensure_future(anext(checks, None))
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
        """Delete the file when the job has ended. A site that closes earlier leaves it for the next start."""
        task = asyncio.create_task(self._discard(site, job_id, path))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _discard(self, site: Site, job_id: str, path: Path) -> None:
        await job_ended(site, job_id, self._closing)
        if not self._closing.is_set():
            path.unlink(missing_ok=True)  # noqa: ASYNC240 (one system call)


class WaitRequest(RequestBody, example={"job_id": JOB}):
    job_id: JobId
    timeout: Annotated[Float, "seconds, at most 60"] = _MAX_WAIT


@router.get("/events", **answers(parameters={"job_id": JOB, "since": 0}, file=EVENTS))
async def events(
    request: Request,
    site: ThisSite,
    job_id: str = "",
    since: int | None = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Stream all changes as server-sent events. `id` is a growing number and `event` the kind: job, task, progress,
    metrics, log, message, server, or `gap` when events were missed and the client should refresh its state. `data` is
    an object with `at`, `job_id` and `data`. `Last-Event-ID` or `since` resumes after a number; `job_id` selects the
    events of one job.
    """
    if last_event_id is not None:
        if not _COUNT.fullmatch(last_event_id):
            raise BadRequest(f"invalid Last-Event-ID {last_event_id!r:.40}: expected a number")
        since = int(last_event_id)
    return stream_answer(request, _frames(site, job_id or None, since))


@router.post("/job/wait", **answers({"job_id": JOB, "status": "success"}))
async def wait(request: Request, site: ThisSite, body: Json[WaitRequest]) -> Response:
    """Wait until a job has ended or the timeout has passed, and return the job as it is then."""
    job_id = known_job(site, body.job_id).job_id
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(min(max(0.0, body.timeout), _MAX_WAIT)):
            await job_ended(site, job_id, request.app.state.closing)
    return answer(job_line(known_job(site, job_id)))


async def _frames(site: Site, job_id: str | None, since: int | None) -> AsyncIterator[bytes]:
    async for event in site.events.subscribe(job_id, since):
        data = {"at": event.at, "job_id": event.job_id, "data": event.data}
        yield frame(event.kind, data, event.seq)
