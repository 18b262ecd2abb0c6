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

from fateflow_tui.artifacts.run_file import read_run_file
from fateflow_tui.core.errors import Conflict, FateFlowError, JobNotFound, SchedulerUnreachable
from fateflow_tui.sdk.connection import default_home
from fateflow_tui.tui.snapshot import NOTHING, Change, Connection, Link, Snapshot

if TYPE_CHECKING:
    from fateflow_tui.sdk.async_client import AsyncFateFlow
    from fateflow_tui.sdk.types.site import Event


_MIN_PAUSE: Final = 0.2  # seconds between two reads of the same job
_PAUSE_FACTOR: Final = 6.0  # a slow read is repeated at the earliest after this many times its duration


class RefreshQueue:
    """Jobs to reload: each is queued once, and big ones are reloaded less often."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._not_before: dict[str, float] = {}
        self._added = asyncio.Event()

    def add(self, job_id: str) -> None:
        if job_id not in self._due:
            self._due[job_id] = max(time.monotonic(), self._not_before.get(job_id, 0.0))
            self._added.set()

    def read(self, job_id: str, seconds: float) -> None:
        """Note that reading the job took this long."""
        now = time.monotonic()
        self._not_before[job_id] = now + max(_MIN_PAUSE, _PAUSE_FACTOR * seconds)
        if len(self._not_before) > 1000:
            self._not_before = {name: at for name, at in self._not_before.items() if at > now}
        if job_id in self._due:
            self._due[job_id] = self._not_before[job_id]

    async def next(self) -> str:
        """Wait for the next job to read and remove it from the queue."""
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
"""The topic of messages between parties."""
PAGE = 200  # jobs per request
_FIRST_PAGE = 60  # jobs in the first request, so that something is shown soon
_TRACE_LENGTH = 2_000  # messages between parties to keep
_FRAME = 0.04  # seconds in which changes are collected before listeners are notified
_PAUSES = (0.3, 0.6, 1.0, 2.0, 3.0)  # seconds between attempts to connect


class ConnectionSettings(msgspec.Struct, frozen=True):
    """Where the scheduler is, as for the SDK client. start: start a scheduler on `home` if none is running there."""

    url: str = ""
    home: Path | None = None
    app_key: str = ""
    secret_key: str = ""
    start: bool = False

    @property
    def directory(self) -> Path:
        return self.home if self.home is not None else default_home()


class LiveStore:
    """Keeps a snapshot of the site up to date from the scheduler's event stream.

    Listeners are called on the event loop, once for all changes of a moment.
    """

    def __init__(self, settings: ConnectionSettings) -> None:
        self.settings = settings
        self.snapshot = Snapshot()
        self.trace: deque[Event] = deque(maxlen=_TRACE_LENGTH)
        self._flow: AsyncFateFlow | None = None
        self._listeners: list[Listener] = []
        self._pending = NOTHING
        self._refresh_queue = RefreshQueue()
        self._subscribed: dict[str, int] = {}
        self._paging: asyncio.Lock = asyncio.Lock()
        self._reconnect_now = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def client(self) -> AsyncFateFlow:
        """The SDK client, for what the snapshot lacks. Raises SchedulerUnreachable before the first connection."""
        if self._flow is None:
            raise SchedulerUnreachable("not connected to the scheduler yet", hint="try again in a moment")
        return self._flow

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with all changes until the returned function is called."""
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
        """Reconnect without waiting for the next attempt."""
        self._reconnect_now.set()

    def subscribe(self, job_id: str) -> None:
        """Read this job in full and keep it up to date until `unsubscribe`."""
        self._subscribed[job_id] = self._subscribed.get(job_id, 0) + 1
        self._refresh_queue.add(job_id)

    def unsubscribe(self, job_id: str) -> None:
        self._subscribed[job_id] = self._subscribed.get(job_id, 0) - 1
        if self._subscribed[job_id] <= 0:
            del self._subscribed[job_id]

    async def more(self, count: int = PAGE) -> bool:
        """Read the next page of older jobs, unless a page is being read; return whether there may be more.

        Raises FateFlowError.
        """
        known = self.snapshot
        if self._paging.locked():
            return not known.complete
        async with self._paging:
            if known.complete or not known.connection.is_up:
                return False
            lines = await self.client.jobs(count, before=known.ids[-1] if known.ids else "")
            known.complete = len(lines) < count
            self.notify(known.take_lines(lines) | Change(order=True))
            return not known.complete

    async def read(self, topic: str, reading: Awaitable[Any]) -> None:
        """Read other data into `snapshot.topics` and notify listeners. Raises FateFlowError."""
        self.notify(self.snapshot.take_topic(topic, await reading))

    def notify(self, change: Change) -> None:
        """Notify listeners of a change, together with other changes of the same moment."""
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
        """Connect, follow the events, and reconnect, until stopped."""
        tries = 0
        while True:
            try:
                if self._flow is None:
                    self._flow = await self._open_client()
                async with contextlib.aclosing(self._flow.events(patience=0, include_connected=True)) as events:  # type: ignore[type-var]
                    async for event in events:
                        tries = 0
                        await self._on_event(event)
            except (FateFlowError, OSError) as error:
                pause = _PAUSES[min(tries, len(_PAUSES) - 1)]
                tries += 1
                await self._wait_to_reconnect(error, pause, tries)

    async def _open_client(self) -> AsyncFateFlow:
        """Create the client in a thread: its import takes a while, and starting a scheduler longer."""
        settings = self.settings
        if settings.start and not settings.url and read_run_file(settings.directory) is None:
            self.notify(self.snapshot.take_connection(Connection(Link.STARTING)))
        return await asyncio.to_thread(_open, settings)

    async def _on_event(self, event: Event) -> None:
        if event.kind in ("connected", "gap", "reconnected"):
            await self._read_everything()
            return
        if event.kind == "message":
            self.trace.append(event)
            self.notify(Change(topics=frozenset([TRACE])))
            return
        self.notify(self.snapshot.apply(event))
        if event.kind in ("job", "task") and event.job_id:
            self._refresh_queue.add(event.job_id)

    async def _read_everything(self) -> None:
        known = self.snapshot
        count = PAGE if known.ids else _FIRST_PAGE
        lines = await self.client.jobs(count)
        kept = {line.job_id for line in lines}
        if len(lines) < count:  # these are all jobs
            for job_id in [job_id for job_id in known.ids if job_id not in kept]:
                known.forget(job_id)
            known.complete = True
        change = known.take_lines(lines) | known.take_connection(Connection(Link.CONNECTED))
        self.notify(change | Change(order=True, full_refresh=True))
        for job_id in {*self._subscribed, *(i for i, line in known.lines.items() if not line.status.ended)}:
            self._refresh_queue.add(job_id)
        self.notify(known.take_site(await self.client.status()))
        if count < PAGE:
            await self.more(PAGE - count)

    async def _wait_to_reconnect(self, error: Exception, pause: float, tries: int) -> None:
        hint = error.hint if isinstance(error, FateFlowError) else ""
        text = str(error) or type(error).__name__
        self.notify(self.snapshot.take_connection(Connection(Link.DISCONNECTED, text, hint or "", pause, tries)))
        self._reconnect_now.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._reconnect_now.wait(), pause)

    async def _refresh(self) -> None:
        """Read the jobs that events mention: at once, then at most five times a second each, big ones less often."""
        while True:
            job_id = await self._refresh_queue.next()
            began = time.monotonic()
            try:
                if job_id in self._subscribed:
                    self.notify(self.snapshot.take_view(await self.client.job(job_id)))
                else:
                    self.notify(self.snapshot.take_lines([await self.client.jobs.poll(job_id)]))
            except JobNotFound:
                self.notify(self.snapshot.forget(job_id))
            except FateFlowError:
                continue  # `_follow` gets the same error and reads everything after reconnecting
            self._refresh_queue.read(job_id, time.monotonic() - began)


def _open(settings: ConnectionSettings) -> AsyncFateFlow:
    from fateflow_tui.sdk.async_client import AsyncFateFlow

    if settings.start and not settings.url:
        from fateflow_tui.sdk import local

        if not local.is_running(settings.directory):
            with contextlib.suppress(Conflict):  # another process started it first
                local.start(settings.directory)
    keys = {"app_key": settings.app_key or None, "secret_key": settings.secret_key or None}
    return AsyncFateFlow(url=settings.url, **keys) if settings.url else AsyncFateFlow(home=settings.directory)
