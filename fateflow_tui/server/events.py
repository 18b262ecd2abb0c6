"""Everything that changes, as a stream."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.server.context import ThisSite, known_job
from fateflow_tui.server.door import Site
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.job_views import job_line
from fateflow_tui.server.openapi import EVENTS, JOB, SECONDS, described, members
from fateflow_tui.server.requests import JsonBody
from fateflow_tui.server.streams import frame, job_ended, stream_answer

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
