"""The asynchronous client; what it says and reads is that of `client`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import msgspec

from fateflow_tui.core.errors import FateFlowError, SchedulerUnreachable, TimedOut
from fateflow_tui.core.status import Status
from fateflow_tui.sdk import calls
from fateflow_tui.sdk.answers import Envelope, read_envelope
from fateflow_tui.sdk.calls import Call, Document, PartyLike
from fateflow_tui.sdk.connection import Target, find
from fateflow_tui.sdk.jobs import JobGraph, JobLine, JobView, JobWhy, StoryEntry, Submission
from fateflow_tui.sdk.results import (
    Check,
    DataPreview,
    Event,
    LogFileInfo,
    LogLine,
    LogPage,
    Module,
    OutputTable,
    PartyRoute,
    PeerState,
    Problem,
    RerunStep,
    Series,
    SiteStatus,
    StopOutcome,
    TableInfo,
    Task,
)
from fateflow_tui.sdk.sse import Frame, FrameReader
from fateflow_tui.sdk.transport import (
    Deadline,
    Pauses,
    event_of,
    is_file,
    is_stream,
    log_line_of,
    raise_no_stream,
    request_of,
    result,
    settings,
    stream_timeout,
    unreachable,
)

T = TypeVar("T")

_WAIT_PIECE = 30.0  # seconds that the scheduler is asked to wait at once


class AsyncFateFlow:
    """As `FateFlow`, for programs with an event loop."""

    def __init__(self, url: str | None = None, home: Path | str | None = None, token: str | None = None) -> None:
        self._url, self._home, self._token = url, home, token
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

    async def do(self, call: Call[T]) -> T:
        """Carries out any of `calls`."""
        with request_of(call) as arguments:
            return result(call, await self._request(arguments), self.target)

    async def request(self, path: str, body: Mapping[str, Any] | None = None, method: str = "POST") -> Envelope:
        """Any call of the API below /v1, answered by its envelope; a failure is raised."""
        return await self.do(calls.raw(path, body or {}, method))

    async def fetch(self, path: str, body: Mapping[str, Any], target: Path, method: str = "GET") -> Path:
        """A call that answers with a file, which is written to `target`."""
        with request_of(calls.raw(path, body, method)) as arguments:
            http = self._connected()
            try:
                async with http.stream(**arguments) as response:
                    if not is_file(response):
                        read_envelope(await response.aread(), response.status_code, self.target.url).raise_failure()
                    with target.open("wb") as file:
                        async for chunk in response.aiter_bytes():
                            file.write(chunk)
            except httpx.HTTPError as error:
                raise unreachable(self.target, error) from error
        return target

    # Jobs

    async def submit(self, dsl: Document, conf: Document) -> Submission:
        """Submits a job: documents as objects, JSON texts or paths. Raises BadDocument with all problems."""
        return await self.do(calls.submit(dsl, conf))

    async def lint(self, dsl: Document, conf: Document) -> list[Problem]:
        """All problems of two job documents, warnings included."""
        return await self.do(calls.lint(dsl, conf))

    async def jobs(
        self, limit: int = 20, status: Sequence[str] | str = (), party: PartyLike | None = None
    ) -> list[JobLine]:
        """Jobs, newest first; limit 0 for all."""
        return await self.do(calls.jobs(limit, status, party))

    async def job(self, job_id: str) -> JobView:
        return await self.do(calls.job(job_id))

    async def resolve(self, word: str) -> str:
        """The whole id for a unique beginning of one, `@last`, or `@2` for the newest but one."""
        return await self.do(calls.resolve(word))

    async def tasks(
        self,
        job_id: str,
        party: PartyLike | None = None,
        component: str = "",
        status: str = "",
        all_versions: bool = False,
    ) -> list[Task]:
        return await self.do(calls.tasks(job_id, party, component, status, all_versions))

    async def wait(self, job_id: str, timeout: float | None = None, patience: float = 10.0) -> JobLine:
        """Returns the job when it has ended. Raises TimedOut after `timeout` seconds. patience: seconds for which the
        scheduler may be away meanwhile.
        """
        deadline, pauses = Deadline(timeout, _WAIT_PIECE), Pauses(patience)
        while True:
            try:
                line = await self.do(calls.wait(job_id, deadline.next_piece()))
                pauses.restart()
            except SchedulerUnreachable as error:
                await asyncio.sleep(pauses.next(error))
                continue
            if line.status.ended:
                return line
            if deadline.passed:
                raise TimedOut(f"job {job_id} is still {line.status} after {timeout:g} s", data={"job_id": job_id})

    async def why(self, job_id: str) -> JobWhy:
        return await self.do(calls.why(job_id))

    async def story(self, job_id: str, component: str = "") -> list[StoryEntry]:
        return await self.do(calls.story(job_id, component))

    async def graph(self, job_id: str) -> JobGraph:
        return await self.do(calls.graph(job_id))

    async def stop(self, job_id: str, status: Status | str = Status.CANCELED, reason: str = "") -> StopOutcome:
        return await self.do(calls.stop(job_id, status, reason))

    async def rerun(
        self,
        job_id: str,
        components: Sequence[str] = (),
        force: bool = False,
        job_parameters: Mapping[str, Any] | None = None,
        component_parameters: Mapping[str, Any] | None = None,
        plan: bool = False,
    ) -> list[RerunStep]:
        """Runs a job once more; with `plan`, only says what that would do to each component."""
        return await self.do(calls.rerun(job_id, components, force, job_parameters, component_parameters, plan))

    async def update_notes(self, job_id: str, party: PartyLike, notes: str) -> None:
        await self.do(calls.update_notes(job_id, party, notes))

    async def job_config(self, job_id: str, party: PartyLike | None = None) -> dict[str, Any]:
        return await self.do(calls.job_config(job_id, party))

    async def clean_queue(self) -> dict[str, int]:
        return await self.do(calls.clean_queue())

    # What tasks leave

    async def metrics(
        self, job_id: str, component: str, party: PartyLike | None = None
    ) -> dict[str, dict[str, Series]]:
        """Series by namespace and name; of the initiator unless a party is named."""
        return await self.do(calls.metrics(job_id, component, party))

    async def parameters(self, job_id: str, component: str, party: PartyLike | None = None) -> dict[str, Any]:
        return await self.do(calls.parameters(job_id, component, party))

    async def summary(self, job_id: str, component: str, party: PartyLike) -> dict[str, Any]:
        return await self.do(calls.summary(job_id, component, party))

    async def output_data(self, job_id: str, component: str, party: PartyLike | None = None) -> DataPreview:
        return await self.do(calls.output_data(job_id, component, party))

    async def output_tables(self, job_id: str, component: str, party: PartyLike) -> list[OutputTable]:
        return await self.do(calls.output_tables(job_id, component, party))

    # Data

    async def upload(
        self,
        path: Path | str,
        *,
        table_name: str,
        namespace: str,
        head: bool = True,
        partition: int = 4,
        drop: bool = False,
        id_delimiter: str = ",",
    ) -> Submission:
        """Sends a CSV file and starts the job that makes a table of it."""
        return await self.do(
            calls.upload(
                path,
                table_name=table_name,
                namespace=namespace,
                head=head,
                partition=partition,
                drop=drop,
                id_delimiter=id_delimiter,
            )
        )

    async def download(
        self, namespace: str, table_name: str, output_path: Path | str, delimiter: str = ","
    ) -> Submission:
        """Starts the job that writes a table to a file of the scheduler's machine."""
        return await self.do(calls.download(namespace, table_name, output_path, delimiter))

    async def upload_history(self, limit: int = 10, job_id: str = "") -> list[dict[str, Any]]:
        return await self.do(calls.upload_history(limit, job_id))

    async def table_info(self, namespace: str, table_name: str) -> TableInfo:
        return await self.do(calls.table_info(namespace, table_name))

    async def delete_table(self, namespace: str, table_name: str) -> None:
        await self.do(calls.delete_table(namespace, table_name))

    # Streams and logs

    async def events(
        self, job_id: str = "", since: int | None = None, patience: float | None = None
    ) -> AsyncIterator[Event]:
        """Changes as they happen, without end. After a break it connects again and yields a `reconnected` event.
        patience: seconds after which a scheduler that is away is given up (None: never, but for the first try).
        """
        pauses: Pauses | None = None
        while True:
            try:
                headers = {} if since is None else {"Last-Event-ID": str(since)}
                async for frame in self._stream("/v1/events", {"job_id": job_id}, headers):
                    if frame is None:  # connected
                        if pauses is not None:
                            yield Event(since or 0, 0, "reconnected", "", {})
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

    async def logs(
        self,
        job_id: str,
        *,
        follow: bool = False,
        level: str = "INFO",
        party: PartyLike | None = None,
        component: str = "",
        tail: int = 0,
    ) -> AsyncIterator[LogLine]:
        """The log of a job, all parties of this site merged; with `follow` until the job has ended."""
        if not follow:
            page = await self.log_page(job_id, level=level, party=party, component=component, tail=tail)
            for line in page.lines:
                yield line
            return
        query = calls.log_stream_query(job_id, level, party, component, tail)
        async for frame in self._stream("/v1/log/stream", query, {}):
            if frame is not None and frame.kind == "log":
                yield log_line_of(frame)
            if frame is not None and frame.kind == "end":
                return
        raise SchedulerUnreachable("the scheduler ended the log stream before the job had ended")

    async def log_page(
        self,
        job_id: str = "",
        *,
        level: str = "INFO",
        party: PartyLike | None = None,
        component: str = "",
        tail: int = 0,
        cursors: Mapping[str, Any] | None = None,
    ) -> LogPage:
        """Log records that are new since the cursors; of the site without a job."""
        return await self.do(
            calls.log_page(job_id, level=level, party=party, component=component, tail=tail, cursors=cursors)
        )

    async def log_files(self, job_id: str = "") -> list[LogFileInfo]:
        return await self.do(calls.log_files(job_id))

    # Parties and the site

    async def parties(self) -> list[PartyRoute]:
        return await self.do(calls.parties())

    async def add_party(self, party: str, url: str, note: str = "", key: str = "") -> PartyRoute:
        return await self.do(calls.add_party(party, url, note, key))

    async def trust_party(self, party: str, key: str = "") -> PartyRoute:
        return await self.do(calls.trust_party(party, key))

    async def remove_party(self, party: str) -> None:
        await self.do(calls.remove_party(party))

    async def ping_party(self, party: str) -> PeerState:
        return await self.do(calls.ping_party(party))

    async def modules(self) -> list[Module]:
        return await self.do(calls.modules())

    async def resources(self) -> dict[str, Any]:
        return await self.do(calls.resources())

    async def doctor(self) -> list[Check]:
        return await self.do(calls.doctor())

    async def status(self) -> SiteStatus:
        return await self.do(calls.status())

    async def shutdown(self) -> None:
        await self.do(calls.shutdown())

    # Transport

    @property
    def target(self) -> Target:
        """The scheduler that is called. Raises SchedulerUnreachable when none is known."""
        if self._target is None:
            self._target = find(self._url, self._home, self._token)
        return self._target

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

    async def _stream(self, path: str, query: dict[str, Any], headers: dict[str, str]) -> AsyncIterator[Frame | None]:
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
