"""Logs of a job or of the site: which files hold them, and reading them piece by piece or as a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.artifacts.home import Home, segment
from fateflow_tui.artifacts.logs import (
    LEVELS,
    LOOK_BYTES,
    SCHEDULE_LOG,
    STD_LOG,
    Cursor,
    LogRecord,
    end_cursor,
    tail,
    time_cursor,
)
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party
from fateflow_tui.core.status import Status
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.context import ThisSite, known_job
from fateflow_tui.server.events import frame, stream_answer
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.job_views import job_line
from fateflow_tui.server.openapi import EVENTS, JOB, answers
from fateflow_tui.server.requests import NO_MEMBERS, AtParty, Int, Json, Object, RequestBody, Text, Texts

router = APIRouter(tags=["log"])

_POLL_INTERVAL: Final = 0.2  # seconds
_MIN_PIECE: Final = 4096  # bytes
_SETTLE_TIME: Final = 50  # ms within which a record of one file may be written after a newer one of another file


class ListLogsRequest(RequestBody, example={"job_id": JOB}):
    job_id: Text = ""


class LogFilter(AtParty):
    """Which log records are wanted. Raises BadRequest for an unknown level and for names that no file can have."""

    level: Annotated[Text, "the lowest level"] = "INFO"
    party: Annotated[Texts, "one or several, as guest:9999; all unless given"] = ()
    component_name: Annotated[Texts, "one or several; all unless given"] = ()
    since: Annotated[Int, "ms since the epoch"] = 0

    def __init__(self, members: Mapping[str, Any] = NO_MEMBERS) -> None:
        super().__init__(members)
        self.level = self.level.upper()
        if self.level not in LEVELS:
            raise BadRequest(f"unknown log level {self.level!r}", hint=f"one of {', '.join(LEVELS)}")
        try:
            parties = [Party.parse(word) for word in self.party]
        except ValueError as error:
            raise BadRequest(str(error)) from None
        named = self.party_or_none()
        self.parties = (*parties, *([named] if named else []))
        for party in self.parties:
            segment(party.role, "role"), segment(party.party_id, "party id")
        for component in self.component_name:
            segment(component, "component")

    def files(self, home: Home, job_id: str) -> list[Path]:
        """Return the files that together have each record once: the scheduler's, and each party's or component's. What
        libraries print has no level; it is included at level DEBUG, and when components are given.
        """
        root = home.job_logs(job_id)
        if self.parties:
            parties = [root / segment(one.role, "role") / segment(one.party_id, "party id") for one in self.parties]
        else:
            parties = sorted(path for path in root.glob("*/*") if path.is_dir())
        if self.component_name:
            names = [segment(component, "component") for component in self.component_name]
            tasks = [directory / name for directory in parties for name in names]
            of_tasks = [task / name for task in tasks for name in (f"{self.level}.log", STD_LOG)]
            return [root / SCHEDULE_LOG, *of_tasks]
        printed = [path for party in parties for path in sorted(party.glob(f"*/{STD_LOG}"))]
        of_parties = [party / f"{self.level}.log" for party in parties]
        return [root / SCHEDULE_LOG, *of_parties, *(printed if self.level == "DEBUG" else [])]

    def keeps(self, record: LogRecord) -> bool:
        """Whether a record is wanted; the scheduler's file has records of all levels, parties and components."""
        if record.at < self.since:
            return False
        if not record.level:
            return True
        if record.level in LEVELS and LEVELS.index(record.level) < LEVELS.index(self.level):
            return False
        of_party = not self.parties or record.party in map(str, self.parties)
        return of_party and (not self.component_name or record.component in self.component_name)


class ReadLogRequest(LogFilter, example={"job_id": JOB, "tail": 100}):
    job_id: Annotated[Text, "the job; the site's own log without it"] = ""
    tail: Annotated[Int, "start with the last lines of each file, this many"] = 0
    cursors: Annotated[Object, "of the previous answer: read only what is new"] = NO_MEMBERS
    bytes: Annotated[Int, "read at most this much of each file"] = 0

    def starts(self, names: Mapping[str, Path]) -> dict[Path, Cursor]:
        """The cursors by file. names: the files by the names that clients know."""
        try:
            return {
                names[name]: msgspec.convert(cursor, Cursor) for name, cursor in self.cursors.items() if name in names
            }
        except msgspec.ValidationError as error:
            raise BadRequest(f"cursors: {error}") from None


@router.post("/log/list", **answers([{"path": "guest/9999/INFO.log", "size": 5120}]))
async def log_list(site: ThisSite, body: Json[ListLogsRequest]) -> Response:
    """List the log files of a job, or without `job_id` those of the site, with their size in bytes."""
    root = site.home.job_logs(known_job(site, body.job_id).job_id) if body.job_id else site.home.site_logs
    return answer(await asyncio.to_thread(_files_below, root))


@router.post("/log/read", **answers({"lines": [], "cursors": {}}))
async def log_read(site: ThisSite, body: Json[ReadLogRequest]) -> Response:
    """Read log records in order of time. Send the `cursors` of the answer with the next request to read what is new."""
    if body.job_id:
        job_id = known_job(site, body.job_id).job_id
        root, files = site.home.job_logs(job_id), body.files(site.home, job_id)
    else:
        root, files = site.home.site_logs, _site_files(site.home)
    starts = body.starts({str(path.relative_to(root)): path for path in files})
    piece = min(max(body.bytes or LOOK_BYTES, _MIN_PIECE), LOOK_BYTES)
    records, cursors = await asyncio.to_thread(_read, files, starts, body.tail, piece, begin=body.since)
    return answer(
        {
            "lines": [_line(record) for record in records if body.keeps(record)],
            "cursors": {str(path.relative_to(root)): cursor for path, cursor in cursors.items()},
        }
    )


@router.get("/log/stream", **answers(parameters={"job_id": JOB}, file=EVENTS))
async def log_stream(
    request: Request,
    site: ThisSite,
    job_id: str,
    level: str = "INFO",
    party: str = "",
    role: str = "",
    party_id: str = "",
    component_name: str = "",
    since: int = 0,
    tail: int = 0,
) -> Response:
    """Stream a job's log as server-sent events: one of kind `log` per record, then one of kind `end` with the job's
    final status. The stream starts with the oldest record, at the time `since` (ms), or with the last `tail` lines of
    each file. `party` and `component_name` take comma-separated lists.
    """
    members: dict[str, Any] = {"level": level, "party": party, "component_name": component_name, "since": since}
    members |= {"role": role, "party_id": party_id} if role or party_id else {}
    return stream_answer(request, _follow(site, known_job(site, job_id).job_id, LogFilter(members), tail))


@router.get("/log/site/stream", **answers(parameters={"level": "INFO"}, file=EVENTS))
async def site_log_stream(
    request: Request, site: ThisSite, level: str = "INFO", since: int = 0, tail: int = 0
) -> Response:
    """Stream the site's own log as server-sent events of kind `log`."""
    return stream_answer(request, _follow(site, "", LogFilter({"level": level, "since": since}), tail))


async def _follow(site: Site, job_id: str, wanted: LogFilter, count: int) -> AsyncIterator[bytes]:
    cursors: Mapping[Path, Cursor] = {}
    unsettled: list[LogRecord] = []
    begin = wanted.since
    while True:
        # The status is read before the files, so that everything written before the job ended is seen.
        status = _status(site, job_id)
        settled = now_ms() - _SETTLE_TIME
        files = wanted.files(site.home, job_id) if job_id else _site_files(site.home)
        records, cursors = await asyncio.to_thread(_read, files, cursors, count, begin=begin)
        count = begin = 0  # files that appear later are new from their first line
        is_last = status.ended and not records
        found = sorted([*unsettled, *records], key=lambda record: record.at)
        unsettled = [] if is_last else [record for record in found if record.at > settled]
        for record in filter(wanted.keeps, found[: len(found) - len(unsettled)]):
            yield frame("log", _line(record))
        if not records:
            if is_last:
                yield frame("end", {"status": status})
                return
            await asyncio.sleep(_POLL_INTERVAL)


def _status(site: Site, job_id: str) -> Status:
    """The status of the job that is followed; the site's own log never ends."""
    if not job_id:
        return Status.RUNNING
    state = site.jobs.state(job_id)
    return job_line(state).status if state else Status.CANCELED


def _site_files(home: Home) -> list[Path]:
    return sorted(home.site_logs.glob("*.log"))


def _files_below(root: Path) -> list[dict[str, object]]:
    if not root.is_dir():
        return []
    files = sorted(path for path in root.rglob("*.log") if path.is_file())
    return [{"file": str(path.relative_to(root)), "size": path.stat().st_size} for path in files]


def _read(
    files: list[Path], since: Mapping[Path, Cursor], count: int, piece: int = LOOK_BYTES, *, begin: int = 0
) -> tuple[list[LogRecord], dict[Path, Cursor]]:
    """Read files from their cursors. A file without one is read from its last `count` lines, or from the time `begin`,
    if these are not 0.
    """
    starts: dict[Path, Cursor] = {}
    for path in files if count > 0 or begin > 0 else ():
        if path not in since:
            starts[path] = end_cursor(path, count) if count > 0 else time_cursor(path, begin)
    return tail(files, {**starts, **since}, piece)


def _line(record: LogRecord) -> dict[str, Any]:
    return {**msgspec.to_builtins(record), "message": record.message}
