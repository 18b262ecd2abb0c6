"""The asynchronous client; what it says and reads is that of `client`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import msgspec

from fateflow_tui.core.errors import FateFlowError, SchedulerUnreachable
from fateflow_tui.sdk import operations
from fateflow_tui.sdk.connection import Target, find
from fateflow_tui.sdk.namespaces import Later, Offer
from fateflow_tui.sdk.operations import Call, PartyLike
from fateflow_tui.sdk.operations.logs import Parties, stream_path, stream_query
from fateflow_tui.sdk.streaming import LOOK_PIECE, Deadline, Frame, FrameReader, LogFeed, MetricFeed, Pauses, is_unsure
from fateflow_tui.sdk.transport import (
    event_of,
    file_of,
    is_file,
    is_stream,
    log_line_of,
    raise_no_file,
    raise_no_stream,
    request_of,
    result,
    settings,
    stream_timeout,
    unreachable,
    written,
)
from fateflow_tui.sdk.types import Event, LogLine, MetricPoints
from fateflow_tui.sdk.types.jobs import JobLine, JobView

T = TypeVar("T")


class AsyncFateFlow(Offer[Later]):
    """As `FateFlow`, for programs with an event loop."""

    def __init__(
        self,
        url: str | None = None,
        home: Path | str | None = None,
        token: str | None = None,
        app_key: str | None = None,
        secret_key: str | None = None,
    ) -> None:
        super().__init__(self.do)
        self._named = (url, home, token, app_key, secret_key)
        self._target: Target | None = None
        self._http: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()
        self._http, self._target = None, None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._target.url if self._target else 'not connected'}>"

    @property
    def target(self) -> Target:
        """The scheduler that is called. Raises SchedulerUnreachable when none is known."""
        if self._target is None:
            self._target = find(*self._named)
        return self._target

    async def do(self, call: Call[T]) -> T:
        """Carries out any of `calls`."""
        with request_of(call) as arguments:
            if call.target is not None:
                return await self._save(call, call.target, arguments)
            return result(call, await self._request(arguments), self.target)

    async def wait(self, job_id: str, timeout: float | None = None, patience: float = 10.0) -> JobLine:
        """Returns the job when it has ended. Raises TimedOut after `timeout` seconds. patience: seconds for which the
        scheduler may be away meanwhile.
        """
        deadline, pauses = Deadline(timeout), Pauses(patience)
        while True:
            try:
                line = await self.do(operations.wait(job_id, deadline.next_piece()))
            except SchedulerUnreachable as error:
                await asyncio.sleep(pauses.next(error))
                continue
            if line.status.ended:
                return line
            pauses.restart()
            deadline.check(line)

    async def watch(self, job_id: str, timeout: float | None = None, patience: float = 30.0) -> AsyncIterator[JobView]:
        """The job each time that it has changed, and at last as it has ended. Raises TimedOut after `timeout` seconds.
        patience: seconds for which the scheduler may be away meanwhile.
        """
        deadline, pauses = Deadline(timeout, LOOK_PIECE), Pauses(patience)
        seen: JobView | None = None
        while True:
            try:
                if seen is not None:
                    await self.do(operations.wait(job_id, deadline.next_piece()))
                job = await self.job(job_id)
            except SchedulerUnreachable as error:
                await asyncio.sleep(pauses.next(error))
                continue
            if job != seen:
                yield job
            if job.status.ended:
                return
            seen = job
            pauses.restart()
            deadline.check(job)

    async def events(
        self, job_id: str = "", since: int | None = None, patience: float | None = None, *, greeted: bool = False
    ) -> AsyncIterator[Event]:
        """Changes as they happen, without end. After a break it connects again and yields a `reconnected` event.
        patience: seconds after which a scheduler that is away is given up (None: never, but for the first try).
        greeted: begin with a `connected` event, after which no change is missed.
        """
        async with aclosing(self._events(job_id, since, patience)) as found:
            async for event in found:
                if greeted or event.kind != "connected":
                    yield event

    async def logs(
        self,
        job_id: str = "",
        *,
        follow: bool = False,
        level: str = "INFO",
        party: Parties = None,
        component: str | Sequence[str] = "",
        since: int = 0,
        tail: int = 0,
        patience: float | None = 60.0,
    ) -> AsyncIterator[LogLine]:
        """The log of a job, all parties of this site merged; with `follow` until the job has ended, over restarts of
        its scheduler. Without a job the site's own log. party, component: one or several. since: ms since the epoch.
        tail: only so many lines of each file. patience: seconds for which the scheduler may be away; None for ever.
        """
        if follow:
            feed = LogFeed(since)
            async with aclosing(self._followed(feed, patience, job_id, level, party, component, tail)) as lines:
                async for line in lines:
                    yield line
            return
        cursors: dict[str, Any] = {}
        asked_at = time.time_ns() // 1_000_000
        while True:
            page = await self.log_page(
                job_id, level=level, party=party, component=component, since=since, tail=tail, cursors=cursors
            )
            for line in page.lines:
                yield line
            if page.cursors == cursors or (page.lines and page.lines[0].at > asked_at):
                return  # what is written from now on is for those who follow
            cursors = page.cursors

    async def _followed(
        self, feed: LogFeed, patience: float | None, job_id: str, level: str, party: Parties, component: Any, tail: int
    ) -> AsyncGenerator[LogLine]:
        pauses: Pauses | None = None
        while True:
            try:
                query = stream_query(job_id, level, party, component, 0 if pauses else tail, feed.since)
                async with aclosing(self._stream(stream_path(job_id), query, {})) as frames:
                    async for frame in frames:
                        if frame is None:
                            pauses = pauses or Pauses(patience)
                            pauses.restart()
                        elif frame.kind == "end":
                            return
                        elif frame.kind == "log" and feed.is_new(line := log_line_of(frame)):
                            yield line
                error = SchedulerUnreachable("the scheduler ended the log stream before the job had ended")
            except SchedulerUnreachable as failure:
                error = failure
            if pauses is None:
                raise error
            feed.reconnect()
            await asyncio.sleep(pauses.next(error))

    async def follow_metrics(
        self, job_id: str, component: str = "", party: PartyLike | None = None
    ) -> AsyncIterator[MetricPoints]:
        """Points of a job's series, those that are there and then new ones as they are written, until it has ended;
        of all components and of all parties of this site unless one is named.
        """
        feed = MetricFeed(component, str(party or ""))
        async with aclosing(self._events(job_id, None, None)) as events:
            async for event in events:
                told = feed.told_by(event)
                keys = feed.of_job(await self.job(job_id)) if is_unsure(event) else [told] if told else []
                for key in keys:
                    for points in feed.grown(key, await self.metrics(job_id, key[1], key[0])):
                        yield points
                if feed.ended:
                    return

    async def _events(self, job_id: str, since: int | None, patience: float | None) -> AsyncGenerator[Event]:
        pauses: Pauses | None = None
        while True:
            try:
                headers = {} if since is None else {"Last-Event-ID": str(since)}
                async with aclosing(self._stream("/v1/events", {"job_id": job_id}, headers)) as frames:
                    async for frame in frames:
                        if frame is None:
                            yield Event(since or 0, 0, "connected" if pauses is None else "reconnected", "", {})
                            pauses = Pauses(patience)
                            continue
                        since = frame.number if frame.number is not None else since
                        yield event_of(frame)
                error = SchedulerUnreachable("the scheduler ended its event stream")
            except SchedulerUnreachable as failure:
                error = failure
            if pauses is None:
                raise error
            await asyncio.sleep(pauses.next(error))

    def _connected(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = httpx.AsyncClient(**settings(self.target))
        return self._http

    async def _moved(self) -> bool:
        """Forgets the connection; whether the scheduler is now to be found elsewhere."""
        old = self.target
        await self.close()
        return self.target != old

    async def _request(self, arguments: dict[str, Any]) -> httpx.Response:
        try:
            return await self._connected().request(**arguments)
        except httpx.HTTPError as error:
            failed = unreachable(self.target, error)
            if not (await self._moved() and isinstance(error, httpx.ConnectError)):
                raise failed from error
        try:
            return await self._connected().request(**arguments)
        except httpx.HTTPError as error:
            raise unreachable(self.target, error) from error

    async def _save(self, call: Call[T], target: Path, arguments: dict[str, Any]) -> T:
        try:
            async with self._connected().stream(**arguments) as response:
                if not is_file(response):
                    raise_no_file(response, await response.aread(), self.target)
                with file_of(target) as file:
                    async for chunk in response.aiter_bytes():
                        file.write(chunk)
        except httpx.HTTPError as error:
            raise unreachable(self.target, error) from error
        return written(call, target)

    async def _stream(self, path: str, query: dict[str, Any], headers: dict[str, str]) -> AsyncGenerator[Frame | None]:
        """None once it is connected, then the frames until the scheduler ends it."""
        reader = FrameReader()
        self._target = None if self._http is None else self._target
        try:
            async with self._connected().stream(
                "GET", path, params=query, headers=headers, timeout=stream_timeout()
            ) as response:
                if not is_stream(response):
                    raise_no_stream(response, await response.aread(), self.target)
                yield None
                async for line in response.aiter_lines():
                    frame = reader.feed(line)
                    if frame is not None:
                        yield frame
        except httpx.HTTPError as error:
            failed = unreachable(self.target, error)
            await self.close()
            raise failed from error
        except msgspec.MsgspecError as error:
            raise FateFlowError(f"{self.target.url} sends events that this client cannot read: {error}") from error
