"""The asynchronous client; the source of the synchronous one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import msgspec

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import FateFlowError, SchedulerUnreachable
from fateflow_tui.sdk.connection import Target, find
from fateflow_tui.sdk.namespaces import Namespaces
from fateflow_tui.sdk.operations.call import AsyncMode, Call, PartyLike
from fateflow_tui.sdk.operations.site import PartyFilter, stream_path, stream_query
from fateflow_tui.sdk.streaming import (
    WATCH_INTERVAL,
    Backoff,
    Deadline,
    Frame,
    FrameReader,
    LogTail,
    MetricTail,
    needs_refresh,
)
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


class AsyncFateFlow(Namespaces[AsyncMode]):
    """An asynchronous client of a scheduler.

    url: of the scheduler. By default it is the one that runs on `home` (default: $FATEFLOW_URL, then $FATEFLOW_HOME,
    then the user's data directory); it is looked up again when it does not answer, because it may have moved.
    token: required by schedulers beyond loopback. app_key, secret_key: sign every call, as clients of FATE-Flow 1.7
    and later do.

    Methods raise the errors of `fateflow_tui.core.errors` that the scheduler raised, and SchedulerUnreachable when
    none answers.
    """

    def __init__(
        self,
        url: str | None = None,
        home: Path | str | None = None,
        token: str | None = None,
        app_key: str | None = None,
        secret_key: str | None = None,
    ) -> None:
        super().__init__(self.execute)
        self._address = (url, home, token, app_key, secret_key)
        self._target: Target | None = None
        self._http: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection; the next call opens it again."""
        if self._http is not None:
            await self._http.aclose()
        self._http, self._target = None, None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._target.url if self._target else 'not connected'}>"

    @property
    def target(self) -> Target:
        """The scheduler's address. Raises SchedulerUnreachable when none is known."""
        if self._target is None:
            self._target = find(*self._address)
        return self._target

    async def execute(self, call: Call[T]) -> T:
        """Send a call and return its result. Operations do this for you."""
        with request_of(call) as arguments:
            if call.target is not None:
                return await self._save(call, call.target, arguments)
            return result(call, await self._request(arguments), self.target)

    async def wait(self, job_id: str, timeout: float | None = None, patience: float = 10.0) -> JobLine:
        """Wait until a job has ended and return it.

        timeout: seconds until TimedOut is raised. patience: seconds for which the scheduler may be unreachable.
        """
        deadline, backoff = Deadline(timeout), Backoff(patience)
        while True:
            try:
                line = await self.jobs.poll(job_id, deadline.next_interval())
            except SchedulerUnreachable as error:
                await asyncio.sleep(backoff.next(error))
                continue
            if line.status.ended:
                return line
            backoff.reset()
            deadline.check(line)

    async def watch(self, job_id: str, timeout: float | None = None, patience: float = 30.0) -> AsyncIterator[JobView]:
        """Yield the job now, after each change, and when it has ended.

        timeout: seconds until TimedOut is raised. patience: seconds for which the scheduler may be unreachable.
        """
        deadline, backoff = Deadline(timeout, WATCH_INTERVAL), Backoff(patience)
        seen: JobView | None = None
        while True:
            try:
                if seen is not None:
                    await self.jobs.poll(job_id, deadline.next_interval())
                job = await self.job(job_id)
            except SchedulerUnreachable as error:
                await asyncio.sleep(backoff.next(error))
                continue
            if job != seen:
                yield job
            if job.status.ended:
                return
            seen = job
            backoff.reset()
            deadline.check(job)

    async def events(
        self,
        job_id: str = "",
        since: int | None = None,
        patience: float | None = None,
        *,
        include_connected: bool = False,
    ) -> AsyncIterator[Event]:
        """Yield changes as they happen, without end. After an interruption it reconnects and yields a `reconnected`
        event.

        job_id: only events of this job. since: continue after this event (its `seq`). patience: seconds for which the
        scheduler may be unreachable once connected; None for ever. include_connected: yield a `connected` event first,
        after which no change is missed.
        """
        async with aclosing(self._events(job_id, since, patience)) as found:
            async for event in found:
                if include_connected or event.kind != "connected":
                    yield event

    async def logs(
        self,
        job_id: str = "",
        *,
        follow: bool = False,
        level: str = "INFO",
        party: PartyFilter = None,
        component: str | Sequence[str] = "",
        since: int = 0,
        tail: int = 0,
        patience: float | None = 60.0,
    ) -> AsyncIterator[LogLine]:
        """Yield the log lines of a job, merged from all parties of this site; without a job, those of the site.

        follow: continue with new lines until the job has ended, also when the scheduler restarts. party, component:
        one or several. since: ms since the epoch. tail: only the last lines of each file. patience: seconds for which
        the scheduler may be unreachable while following; None for ever.
        """
        if follow:
            followed = self._follow_log(job_id, level, party, component, since, tail, patience)
            async with aclosing(followed) as lines:
                async for line in lines:
                    yield line
            return
        cursors: dict[str, Any] = {}
        asked_at = now_ms()
        while True:
            page = await self.log_page(
                job_id, level=level, party=party, component=component, since=since, tail=tail, cursors=cursors
            )
            for line in page.lines:
                yield line
            if page.cursors == cursors or (page.lines and page.lines[0].at > asked_at):
                return  # lines written after the call began are only for `follow`
            cursors = page.cursors

    async def _follow_log(
        self,
        job_id: str,
        level: str,
        party: PartyFilter,
        component: str | Sequence[str],
        since: int,
        tail: int,
        patience: float | None,
    ) -> AsyncGenerator[LogLine]:
        seen = LogTail(since)
        backoff: Backoff | None = None
        while True:
            try:
                query = stream_query(job_id, level, party, component, 0 if backoff else tail, seen.since)
                async with aclosing(self._stream(stream_path(job_id), query, {})) as frames:
                    async for frame in frames:
                        if frame is None:
                            backoff = backoff or Backoff(patience)
                            backoff.reset()
                        elif frame.kind == "end":
                            return
                        elif frame.kind == "log" and seen.is_new(line := log_line_of(frame)):
                            yield line
                error = SchedulerUnreachable("the scheduler ended the log stream before the job had ended")
            except SchedulerUnreachable as failure:
                error = failure
            if backoff is None:
                raise error
            seen.reconnect()
            await asyncio.sleep(backoff.next(error))

    async def follow_metrics(
        self, job_id: str, component: str = "", party: PartyLike | None = None
    ) -> AsyncIterator[MetricPoints]:
        """Yield the existing points of a job's metric series, then new ones as they are written, until it has ended.

        component, party: only series of these; by default of all components and all parties of this site.
        """
        seen = MetricTail(component, str(party or ""))
        async with aclosing(self._events(job_id, None, None)) as events:
            async for event in events:
                new_points, tasks = seen.take(event)
                if needs_refresh(event):
                    tasks = seen.started_tasks(await self.job(job_id))
                for points in new_points:
                    yield points
                for task in tasks:
                    for points in seen.new_points(task, await self.metrics(job_id, task.component, task.party)):
                        yield points
                if seen.ended:
                    return

    async def _events(self, job_id: str, since: int | None, patience: float | None) -> AsyncGenerator[Event]:
        backoff: Backoff | None = None
        while True:
            try:
                headers = {} if since is None else {"Last-Event-ID": str(since)}
                async with aclosing(self._stream("/v1/events", {"job_id": job_id}, headers)) as frames:
                    async for frame in frames:
                        if frame is None:
                            yield Event(since or 0, 0, "connected" if backoff is None else "reconnected", "", {})
                            backoff = Backoff(patience)
                            continue
                        since = frame.number if frame.number is not None else since
                        yield event_of(frame)
                error = SchedulerUnreachable("the scheduler ended its event stream")
            except SchedulerUnreachable as failure:
                error = failure
            if backoff is None:
                raise error
            await asyncio.sleep(backoff.next(error))

    def _connected(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = httpx.AsyncClient(**settings(self.target))
        return self._http

    async def _moved(self) -> bool:
        """Close the connection and look the scheduler up again; whether its address has changed."""
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
        """Yield None when connected, then frames until the scheduler ends the stream."""
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
            raise FateFlowError(f"{self.target.url} sent events that this client cannot read: {error}") from error
