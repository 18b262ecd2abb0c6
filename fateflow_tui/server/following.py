"""Waiting for a job's end, and what is to be done then."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from fateflow_tui.server.door import Site
from fateflow_tui.server.streams import until
from fateflow_tui.server.views import job_line

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
