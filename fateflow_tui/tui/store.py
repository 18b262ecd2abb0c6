"""The dashboard's connection to the scheduler: reads, follows its events, and notifies listeners of changes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from fateflow_tui.core.errors import Conflict, FateFlowError, JobNotFound, SchedulerUnreachable
from fateflow_tui.sdk.connection import default_home, read_run_file
from fateflow_tui.tui.snapshot import NOTHING, Change, Connection, Link, Snapshot

if TYPE_CHECKING:
    from fateflow_tui.sdk.async_client import AsyncFateFlow
    from fateflow_tui.sdk.types.site import Event


_SHORTEST: Final = 0.2  # seconds between two readings of the same job
_SHARE: Final = 6.0  # a reading that took long is not repeated before so many times its length


class Stale:
    """A queue in which every job stands once."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._not_before: dict[str, float] = {}
        self._added = asyncio.Event()

    def add(self, job_id: str) -> None:
        if job_id not in self._due:
            self._due[job_id] = max(time.monotonic(), self._not_before.get(job_id, 0.0))
            self._added.set()

    def read(self, job_id: str, seconds: float) -> None:
        """A reading has taken so long."""
        now = time.monotonic()
        self._not_before[job_id] = now + max(_SHORTEST, _SHARE * seconds)
        if len(self._not_before) > 1000:
            self._not_before = {name: at for name, at in self._not_before.items() if at > now}
        if job_id in self._due:
            self._due[job_id] = self._not_before[job_id]

    async def next(self) -> str:
        """Waits for the job that is to be read next, and takes it out."""
        while True:
            self._added.clear()
            job_id = min(self._due, key=self._due.__getitem__, default="")
            pause = self._due[job_id] - time.monotonic() if job_id else None
            if pause is not None and pause <= 0:
                del self._due[job_id]
                return job_id
            try:
                async with asyncio.timeout(pause):
                    await self._added.wait()
            except TimeoutError:
                continue


Listener = Callable[[Change], None]

TRACE = "trace"
"""The topic that is told when messages between parties were heard of."""
PAGE = 200  # jobs that are read at once
_SCREENFUL = 60  # jobs that are read before anything is shown
_TRACED = 2_000  # messages between parties that are kept
_FRAME = 0.04  # seconds in which changes are told together
_PAUSES = (0.3, 0.6, 1.0, 2.0, 3.0)  # seconds between tries to connect


class Site(msgspec.Struct, frozen=True):
    """Whom to call, as `FateFlow`. start: whether a scheduler is to be started on the home when none runs there."""

    url: str = ""
    home: Path | None = None
    app_key: str = ""
    secret_key: str = ""
    start: bool = False

    @property
    def directory(self) -> Path:
        return self.home if self.home is not None else default_home()


class Feed:
    """Everything comes in here. Listeners are called on the event loop, one call for all changes of a moment."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.snapshot = Snapshot()
        self.trace: deque[Event] = deque(maxlen=_TRACED)
        self._flow: AsyncFateFlow | None = None
        self._listeners: list[Listener] = []
        self._pending = NOTHING
        self._stale = Stale()
        self._looked_at: dict[str, int] = {}
        self._paging: asyncio.Lock = asyncio.Lock()
        self._hurry = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def flow(self) -> AsyncFateFlow:
        """The client, for whatever the feed does not hold. Raises SchedulerUnreachable before the first connection."""
        if self._flow is None:
            raise SchedulerUnreachable("there is no connection yet", hint="it is being made; try again")
        return self._flow

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tells `listener` all changes from now on, until what is returned is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._refresh())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._flow is not None:
            await self._flow.close()

    def connect_now(self) -> None:
        """Does not wait for the next try."""
        self._hurry.set()

    def look_at(self, job_id: str) -> None:
        """Somebody wants this job whole; it is read, and kept up to date until `look_away`."""
        self._looked_at[job_id] = self._looked_at.get(job_id, 0) + 1
        self._stale.add(job_id)

    def look_away(self, job_id: str) -> None:
        self._looked_at[job_id] = self._looked_at.get(job_id, 0) - 1
        if self._looked_at[job_id] <= 0:
            del self._looked_at[job_id]

    async def more(self, count: int = PAGE) -> bool:
        """Reads the next page of older jobs, unless that is being done; whether there may be more. Raises
        FateFlowError.
        """
        known = self.snapshot
        if self._paging.locked():
            return not known.complete
        async with self._paging:
            if known.complete or not known.connection.is_up:
                return False
            lines = await self.flow.jobs(count, before=known.ids[-1] if known.ids else "")
            known.complete = len(lines) < count
            self.tell(known.take_lines(lines) | Change(order=True))
            return not known.complete

    async def read(self, topic: str, reading: Awaitable[Any]) -> None:
        """Reads something else into `snapshot.topics` and tells it. Raises FateFlowError."""
        self.tell(self.snapshot.take_topic(topic, await reading))

    def tell(self, change: Change) -> None:
        """Changes of the same moment reach listeners together."""
        if not change:
            return
        if not self._pending:
            asyncio.get_running_loop().call_later(_FRAME, self._flush)
        self._pending |= change

    def _flush(self) -> None:
        change, self._pending = self._pending, NOTHING
        for listener in list(self._listeners):
            listener(change)

    async def _follow(self) -> None:
        """Connects, follows the events, and connects again, for as long as the feed runs."""
        tries = 0
        while True:
            try:
                if self._flow is None:
                    self._flow = await self._opened()
                async with contextlib.aclosing(self._flow.events(patience=0, include_connected=True)) as events:  # type: ignore[type-var]
                    async for event in events:
                        tries = 0
                        await self._heard(event)
            except (FateFlowError, OSError) as error:
                pause = _PAUSES[min(tries, len(_PAUSES) - 1)]
                tries += 1
                await self._away(error, pause, tries)

    async def _opened(self) -> AsyncFateFlow:
        """The client. Its import takes a while, and a scheduler's start more, so both are done beside the screen."""
        site = self.site
        if site.start and not site.url and read_run_file(site.directory) is None:
            self.tell(self.snapshot.take_connection(Connection(Link.STARTING)))
        return await asyncio.to_thread(_open, site)

    async def _heard(self, event: Event) -> None:
        if event.kind in ("connected", "gap", "reconnected"):
            await self._read_anew()
            return
        if event.kind == "message":
            self.trace.append(event)
            self.tell(Change(topics=frozenset([TRACE])))
            return
        self.tell(self.snapshot.apply(event))
        if event.kind in ("job", "task") and event.job_id:
            self._stale.add(event.job_id)

    async def _read_anew(self) -> None:
        known = self.snapshot
        count = PAGE if known.ids else _SCREENFUL
        lines = await self.flow.jobs(count)
        kept = {line.job_id for line in lines}
        if len(lines) < count:  # these are all
            for job_id in [job_id for job_id in known.ids if job_id not in kept]:
                known.forget(job_id)
            known.complete = True
        change = known.take_lines(lines) | known.take_connection(Connection(Link.CONNECTED))
        self.tell(change | Change(order=True, anew=True))
        for job_id in {*self._looked_at, *(i for i, line in known.lines.items() if not line.status.ended)}:
            self._stale.add(job_id)
        self.tell(known.take_site(await self.flow.status()))
        if count < PAGE:
            await self.more(PAGE - count)

    async def _away(self, error: Exception, pause: float, tries: int) -> None:
        hint = error.hint if isinstance(error, FateFlowError) else ""
        text = str(error) or type(error).__name__
        self.tell(self.snapshot.take_connection(Connection(Link.AWAY, text, hint or "", pause, tries)))
        self._hurry.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), pause)

    async def _refresh(self) -> None:
        """Reads jobs anew that events spoke of: at once, then at most five times a second each, fewer when they are
        big.
        """
        while True:
            job_id = await self._stale.next()
            began = time.monotonic()
            try:
                if job_id in self._looked_at:
                    self.tell(self.snapshot.take_view(await self.flow.job(job_id)))
                else:
                    self.tell(self.snapshot.take_lines([await self.flow.jobs.poll(job_id)]))
            except JobNotFound:
                self.tell(self.snapshot.forget(job_id))
            except FateFlowError:
                continue  # `_follow` sees it too, and reads everything anew
            self._stale.read(job_id, time.monotonic() - began)


def _open(site: Site) -> AsyncFateFlow:
    from fateflow_tui.sdk.async_client import AsyncFateFlow

    if site.start and not site.url:
        from fateflow_tui.sdk import local

        run = read_run_file(site.directory)
        if run is None or not local.is_alive(run):
            with contextlib.suppress(Conflict):  # somebody else was faster
                local.start(site.directory)
    keys = {"app_key": site.app_key or None, "secret_key": site.secret_key or None}
    return AsyncFateFlow(url=site.url, **keys) if site.url else AsyncFateFlow(home=site.directory)
