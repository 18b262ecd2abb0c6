"""The synchronous client."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
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


class FateFlow:
    """Talks to a scheduler. Methods raise errors of `core.errors` as the scheduler raised them, and
    SchedulerUnreachable when there is none.

    url: of the scheduler; without it the one that runs on `home` (default: $FATEFLOW_URL, then $FATEFLOW_HOME, then
    the user's data directory). It is looked up anew when it does not answer, because it may have moved.
    token: what a scheduler beyond loopback asks for. The module `calls` says what the arguments mean.
    """

    def __init__(self, url: str | None = None, home: Path | str | None = None, token: str | None = None) -> None:
        self._url, self._home, self._token = url, home, token
        self._target: Target | None = None
        self._http: httpx.Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
        self._http, self._target = None, None

    def do(self, call: Call[T]) -> T:
        """Carries out any of `calls`."""
        with request_of(call) as arguments:
            return result(call, self._request(arguments), self.target)

    def request(self, path: str, body: Mapping[str, Any] | None = None, method: str = "POST") -> Envelope:
        """Any call of the API below /v1, answered by its envelope; a failure is raised."""
        return self.do(calls.raw(path, body or {}, method))

    def fetch(self, path: str, body: Mapping[str, Any], target: Path, method: str = "GET") -> Path:
        """A call that answers with a file, which is written to `target`."""
        with request_of(calls.raw(path, body, method)) as arguments:
            http = self._connected()
            try:
                with http.stream(**arguments) as response:
                    if not is_file(response):
                        read_envelope(response.read(), response.status_code, self.target.url).raise_failure()
                    with target.open("wb") as file:
                        for chunk in response.iter_bytes():
                            file.write(chunk)
            except httpx.HTTPError as error:
                raise unreachable(self.target, error) from error
        return target

    # Jobs

    def submit(self, dsl: Document, conf: Document) -> Submission:
        """Submits a job: documents as objects, JSON texts or paths. Raises BadDocument with all problems."""
        return self.do(calls.submit(dsl, conf))

    def lint(self, dsl: Document, conf: Document) -> list[Problem]:
        """All problems of two job documents, warnings included."""
        return self.do(calls.lint(dsl, conf))

    def jobs(self, limit: int = 20, status: Sequence[str] | str = (), party: PartyLike | None = None) -> list[JobLine]:
        """Jobs, newest first; limit 0 for all."""
        return self.do(calls.jobs(limit, status, party))

    def job(self, job_id: str) -> JobView:
        return self.do(calls.job(job_id))

    def resolve(self, word: str) -> str:
        """The whole id for a unique beginning of one, `@last`, or `@2` for the newest but one."""
        return self.do(calls.resolve(word))

    def tasks(
        self,
        job_id: str,
        party: PartyLike | None = None,
        component: str = "",
        status: str = "",
        all_versions: bool = False,
    ) -> list[Task]:
        return self.do(calls.tasks(job_id, party, component, status, all_versions))

    def wait(self, job_id: str, timeout: float | None = None, patience: float = 10.0) -> JobLine:
        """Returns the job when it has ended. Raises TimedOut after `timeout` seconds. patience: seconds for which the
        scheduler may be away meanwhile.
        """
        deadline, pauses = Deadline(timeout, _WAIT_PIECE), Pauses(patience)
        while True:
            try:
                line = self.do(calls.wait(job_id, deadline.next_piece()))
                pauses.restart()
            except SchedulerUnreachable as error:
                time.sleep(pauses.next(error))
                continue
            if line.status.ended:
                return line
            if deadline.passed:
                raise TimedOut(f"job {job_id} is still {line.status} after {timeout:g} s", data={"job_id": job_id})

    def why(self, job_id: str) -> JobWhy:
        return self.do(calls.why(job_id))

    def story(self, job_id: str, component: str = "") -> list[StoryEntry]:
        return self.do(calls.story(job_id, component))

    def graph(self, job_id: str) -> JobGraph:
        return self.do(calls.graph(job_id))

    def stop(self, job_id: str, status: Status | str = Status.CANCELED, reason: str = "") -> StopOutcome:
        return self.do(calls.stop(job_id, status, reason))

    def rerun(
        self,
        job_id: str,
        components: Sequence[str] = (),
        force: bool = False,
        job_parameters: Mapping[str, Any] | None = None,
        component_parameters: Mapping[str, Any] | None = None,
        plan: bool = False,
    ) -> list[RerunStep]:
        """Runs a job once more; with `plan`, only says what that would do to each component."""
        return self.do(calls.rerun(job_id, components, force, job_parameters, component_parameters, plan))

    def update_notes(self, job_id: str, party: PartyLike, notes: str) -> None:
        self.do(calls.update_notes(job_id, party, notes))

    def job_config(self, job_id: str, party: PartyLike | None = None) -> dict[str, Any]:
        return self.do(calls.job_config(job_id, party))

    def clean_queue(self) -> dict[str, int]:
        return self.do(calls.clean_queue())

    # What tasks leave

    def metrics(self, job_id: str, component: str, party: PartyLike | None = None) -> dict[str, dict[str, Series]]:
        """Series by namespace and name; of the initiator unless a party is named."""
        return self.do(calls.metrics(job_id, component, party))

    def parameters(self, job_id: str, component: str, party: PartyLike | None = None) -> dict[str, Any]:
        return self.do(calls.parameters(job_id, component, party))

    def summary(self, job_id: str, component: str, party: PartyLike) -> dict[str, Any]:
        return self.do(calls.summary(job_id, component, party))

    def output_data(self, job_id: str, component: str, party: PartyLike | None = None) -> DataPreview:
        return self.do(calls.output_data(job_id, component, party))

    def output_tables(self, job_id: str, component: str, party: PartyLike) -> list[OutputTable]:
        return self.do(calls.output_tables(job_id, component, party))

    # Data

    def upload(
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
        return self.do(
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

    def download(self, namespace: str, table_name: str, output_path: Path | str, delimiter: str = ",") -> Submission:
        """Starts the job that writes a table to a file of the scheduler's machine."""
        return self.do(calls.download(namespace, table_name, output_path, delimiter))

    def upload_history(self, limit: int = 10, job_id: str = "") -> list[dict[str, Any]]:
        return self.do(calls.upload_history(limit, job_id))

    def table_info(self, namespace: str, table_name: str) -> TableInfo:
        return self.do(calls.table_info(namespace, table_name))

    def delete_table(self, namespace: str, table_name: str) -> None:
        self.do(calls.delete_table(namespace, table_name))

    # Streams and logs

    def events(self, job_id: str = "", since: int | None = None, patience: float | None = None) -> Iterator[Event]:
        """Changes as they happen, without end. After a break it connects again and yields a `reconnected` event.
        patience: seconds after which a scheduler that is away is given up (None: never, but for the first try).
        """
        pauses: Pauses | None = None
        while True:
            try:
                headers = {} if since is None else {"Last-Event-ID": str(since)}
                for frame in self._stream("/v1/events", {"job_id": job_id}, headers):
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
            time.sleep(pauses.next(error))

    def logs(
        self,
        job_id: str,
        *,
        follow: bool = False,
        level: str = "INFO",
        party: PartyLike | None = None,
        component: str = "",
        tail: int = 0,
    ) -> Iterator[LogLine]:
        """The log of a job, all parties of this site merged; with `follow` until the job has ended."""
        if not follow:
            yield from self.log_page(job_id, level=level, party=party, component=component, tail=tail).lines
            return
        query = calls.log_stream_query(job_id, level, party, component, tail)
        for frame in self._stream("/v1/log/stream", query, {}):
            if frame is not None and frame.kind == "log":
                yield log_line_of(frame)
            if frame is not None and frame.kind == "end":
                return
        raise SchedulerUnreachable("the scheduler ended the log stream before the job had ended")

    def log_page(
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
        return self.do(
            calls.log_page(job_id, level=level, party=party, component=component, tail=tail, cursors=cursors)
        )

    def log_files(self, job_id: str = "") -> list[LogFileInfo]:
        return self.do(calls.log_files(job_id))

    # Parties and the site

    def parties(self) -> list[PartyRoute]:
        return self.do(calls.parties())

    def add_party(self, party: str, url: str, note: str = "", key: str = "") -> PartyRoute:
        return self.do(calls.add_party(party, url, note, key))

    def trust_party(self, party: str, key: str = "") -> PartyRoute:
        return self.do(calls.trust_party(party, key))

    def remove_party(self, party: str) -> None:
        self.do(calls.remove_party(party))

    def ping_party(self, party: str) -> PeerState:
        return self.do(calls.ping_party(party))

    def modules(self) -> list[Module]:
        return self.do(calls.modules())

    def resources(self) -> dict[str, Any]:
        return self.do(calls.resources())

    def doctor(self) -> list[Check]:
        return self.do(calls.doctor())

    def status(self) -> SiteStatus:
        return self.do(calls.status())

    def shutdown(self) -> None:
        self.do(calls.shutdown())

    # Transport

    @property
    def target(self) -> Target:
        """The scheduler that is called. Raises SchedulerUnreachable when none is known."""
        if self._target is None:
            self._target = find(self._url, self._home, self._token)
        return self._target

    def _connected(self) -> httpx.Client:
        if self._http is None:
            self._http = httpx.Client(**settings(self.target))
        return self._http

    def _moved(self) -> bool:
        """Forgets the connection; whether the scheduler is now to be found elsewhere."""
        old = self.target
        self.close()
        return self.target != old

    def _request(self, arguments: dict[str, Any]) -> httpx.Response:
        try:
            return self._connected().request(**arguments)
        except httpx.HTTPError as error:
            failed = unreachable(self.target, error)
            if not (self._moved() and isinstance(error, httpx.ConnectError)):
                raise failed from error
        try:
            return self._connected().request(**arguments)
        except httpx.HTTPError as error:
            raise unreachable(self.target, error) from error

    def _stream(self, path: str, query: dict[str, Any], headers: dict[str, str]) -> Iterator[Frame | None]:
        """None once it is connected, then the frames until the scheduler ends it."""
        reader = FrameReader()
        self._target = None if self._http is None else self._target
        try:
            with self._connected().stream(
                "GET", path, params=query, headers=headers, timeout=stream_timeout()
            ) as response:
                if not is_stream(response):
                    raise_no_stream(response, response.read(), self.target)
                yield None
                for line in response.iter_lines():
                    frame = reader.feed(line)
                    if frame is not None:
                        yield frame
        except httpx.HTTPError as error:
            failed = unreachable(self.target, error)
            self.close()
            raise failed from error
        except msgspec.MsgspecError as error:
            raise FateFlowError(f"{self.target.url} sends events that this client cannot read: {error}") from error
