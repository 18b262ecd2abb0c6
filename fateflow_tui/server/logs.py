"""Logs of a job or of the site: which files hold them, and reading them piece by piece or as a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.artifacts.home import Home, segment
from fateflow_tui.artifacts.logs import (
    LEVELS,
    LOOK_BYTES,
    SCHEDULE_ERROR_LOG,
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
from fateflow_tui.server.openapi import EVENTS, JOB, NUMBER, OBJECT, TEXT, TEXTS, described, members
from fateflow_tui.server.requests import Body, JsonBody


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Records of at least this level, of these parties or of all, of these components or of all, from this time on (ms
    since the epoch). Raises BadRequest for a level that there is not and for what cannot be a name.
    """

    level: str = "INFO"
    parties: tuple[Party, ...] = ()
    components: tuple[str, ...] = ()
    since: int = 0

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise BadRequest(f"there is no log level {self.level!r}", hint=f"one of {', '.join(LEVELS)}")
        for party in self.parties:
            segment(party.role, "role"), segment(party.party_id, "party id")
        for component in self.components:
            segment(component, "component")

    def files(self, home: Home, job_id: str) -> list[Path]:
        """The files that together have each record once: the scheduler's, and each party's or component's. What
        libraries print has no level: it comes with DEBUG, and when one component is asked for.
        """
        root = home.job_logs(job_id)
        if self.parties:
            parties = [root / segment(one.role, "role") / segment(one.party_id, "party id") for one in self.parties]
        else:
            parties = sorted(path for path in root.glob("*/*") if path.is_dir())
        if self.components:
            names = [segment(component, "component") for component in self.components]
            tasks = [directory / name for directory in parties for name in names]
            of_tasks = [task / name for task in tasks for name in (f"{self.level}.log", STD_LOG)]
            return [root / SCHEDULE_LOG, *of_tasks]
        printed = [path for party in parties for path in sorted(party.glob(f"*/{STD_LOG}"))]
        of_parties = [party / f"{self.level}.log" for party in parties]
        return [root / SCHEDULE_LOG, *of_parties, *(printed if self.level == "DEBUG" else [])]

    def keeps(self, record: LogRecord) -> bool:
        """The scheduler's file has records of all levels, parties and components."""
        if record.at < self.since:
            return False
        if not record.level:
            return True
        if record.level in LEVELS and LEVELS.index(record.level) < LEVELS.index(self.level):
            return False
        of_party = not self.parties or record.party in map(str, self.parties)
        return of_party and (not self.components or record.component in self.components)


def site_files(home: Home) -> list[Path]:
    """The files that together are the site's own log."""
    return sorted(home.site_logs.glob("*.log"))


def listed(root: Path) -> list[dict[str, object]]:
    """All log files below a directory, with their size in bytes."""
    if not root.is_dir():
        return []
    files = sorted(path for path in root.rglob("*.log") if path.is_file())
    return [{"file": str(path.relative_to(root)), "size": path.stat().st_size} for path in files]


MOST_LINES: Final = 5_000  # of one answer
MOST_BYTES: Final = 4 << 20
_CHUNK: Final = 1 << 18

# FATE-Board's names of the files.
_OF_JOB: Final = {"jobSchedule": SCHEDULE_LOG, "jobScheduleError": SCHEDULE_ERROR_LOG}
_OF_PARTY: Final = {
    "partyError": "ERROR.log",
    "partyWarning": "WARNING.log",
    "partyInfo": "INFO.log",
    "partyDebug": "DEBUG.log",
}
_OF_COMPONENT: Final = {"componentInfo": "INFO.log"}
TYPES: Final = (*_OF_JOB, *_OF_PARTY, *_OF_COMPONENT)


def log_file(home: Home, job_id: str, body: Body) -> Path:
    """The file that `log_type` means, with `role`, `party_id`, `component_name` where the type needs them. It need
    not exist. Raises BadRequest.
    """
    kind, root = body.text("log_type"), home.job_logs(job_id)
    if kind in _OF_JOB:
        return root / _OF_JOB[kind]
    if kind not in TYPES:
        raise BadRequest(f"there is no log_type {kind!r}", hint=f"one of {', '.join(TYPES)}")
    body.require("role", "party_id")
    party = root / segment(body.text("role"), "role") / segment(body.text("party_id"), "party id")
    if kind in _OF_PARTY:
        return party / _OF_PARTY[kind]
    body.require("component_name")
    return party / segment(body.text("component_name"), "component") / _OF_COMPONENT[kind]


def line_count(path: Path) -> int:
    """Whole lines; 0 when the file does not exist, as long as nothing was written to it."""
    count = 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                count += chunk.count(b"\n")
    except FileNotFoundError:
        return 0
    return count


def lines(path: Path, begin: int, end: int) -> list[dict[str, int | str]]:
    """`line_num` and `content` of the lines from `begin` (1 is the first) to `end` (0: the last), both included, as
    many as fit in one answer.
    """
    first = max(1, begin)
    last = min(end, first + MOST_LINES - 1) if end > 0 else first + MOST_LINES - 1
    found: list[dict[str, int | str]] = []
    room = MOST_BYTES
    try:
        with path.open("rb") as file:
            if not _skip(file.readline, first - 1):
                return []
            for number in range(first, last + 1):
                line = file.readline(room + 1)
                if not line.endswith(b"\n") and len(line) <= room:
                    break  # it is being written
                room -= len(line)
                found.append({"line_num": number, "content": line.rstrip(b"\r\n").decode(errors="replace")})
                if room < 0:
                    break
    except FileNotFoundError:
        return []
    return found


def _skip(readline: Callable[[int], bytes], count: int) -> bool:
    """Whether there were so many lines."""
    skipped = 0
    while skipped < count:
        piece = readline(_CHUNK)
        if not piece:
            return False
        skipped += piece.endswith(b"\n")
    return True


router = APIRouter(tags=["log"])

_LOOK_EVERY = 0.2  # seconds between two looks for new lines
_WISH = {"level": TEXT, "party": TEXTS, "role": TEXT, "party_id": TEXT, "component_name": TEXTS, "since": NUMBER}
_READ = members(job_id=TEXT, tail=NUMBER, cursors=OBJECT, bytes=NUMBER, **_WISH)
_SMALLEST_PIECE = 4096  # bytes
_SETTLING = 50  # ms within which a record of one file may still be written behind a younger one of another


@router.post(
    "/log/list", **described(members(job_id=TEXT), {"job_id": JOB}, [{"path": "guest/9999/INFO.log", "size": 5120}])
)
async def log_list(site: ThisSite, body: JsonBody) -> Response:
    """The log files of a job, or without `job_id` of the site, each with its size in bytes."""
    root = site.home.job_logs(known_job(site, body).job_id) if body.text("job_id") else site.home.site_logs
    return answer(await asyncio.to_thread(listed, root))


@router.post("/log/read", **described(_READ, {"job_id": JOB, "tail": 100}, {"lines": [], "cursors": {}}))
async def log_read(site: ThisSite, body: JsonBody) -> Response:
    """Log records in order of time: `lines`, and `cursors` to be sent with the next request, which then gets what is
    new. `level` (INFO), `party` (as guest:9999; several), `component_name` (several) and `since` (ms) choose; `tail`:
    only so many lines of each file; `bytes`: not more than so many of each file at once. Without `job_id` the site's
    own log.
    """
    wish = _wish(body)
    if body.text("job_id"):
        job_id = known_job(site, body).job_id
        root, files = site.home.job_logs(job_id), wish.files(site.home, job_id)
    else:
        root, files = site.home.site_logs, site_files(site.home)
    names = {str(path.relative_to(root)): path for path in files}
    given = body.mapping("cursors")
    try:
        since = {names[name]: msgspec.convert(cursor, Cursor) for name, cursor in given.items() if name in names}
    except msgspec.ValidationError as error:
        raise BadRequest(f"cursors: {error}") from None
    piece = min(max(body.integer("bytes", 0) or LOOK_BYTES, _SMALLEST_PIECE), LOOK_BYTES)
    records, cursors = await asyncio.to_thread(_look, files, since, body.integer("tail", 0), piece, begin=wish.since)
    places = {str(path.relative_to(root)): cursor for path, cursor in cursors.items()}
    return answer({"lines": [_line(record) for record in records if wish.keeps(record)], "cursors": places})


@router.get("/log/stream", **described(example={"job_id": JOB}, file=EVENTS))
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
    """A job's log as server-sent events: one of kind `log` per record, from the beginning, from the time `since` or
    from the last `tail` lines of each file, and at last one of kind `end` with the job's status, when it has ended and
    everything was sent. `party` and `component_name`: one or several, with commas.
    """
    body = Body({"job_id": job_id, "level": level, "party": party, "component_name": component_name, "since": since})
    body.members.update({"role": role, "party_id": party_id} if role or party_id else {})
    return stream_answer(request, _follow(site, known_job(site, body).job_id, _wish(body), tail))


@router.get("/log/site/stream", **described(example={"level": "INFO"}, file=EVENTS))
async def site_log_stream(
    request: Request, site: ThisSite, level: str = "INFO", since: int = 0, tail: int = 0
) -> Response:
    """The site's own log as server-sent events of kind `log`, without end; see `log/stream`."""
    return stream_answer(request, _follow(site, "", _wish(Body({"level": level, "since": since})), tail))


async def _follow(site: Site, job_id: str, wish: LogFilter, count: int) -> AsyncIterator[bytes]:
    cursors: Mapping[Path, Cursor] = {}
    unsettled: list[LogRecord] = []
    begin = wish.since
    while True:
        # The status is read before the files: what was written before the job ended is then seen.
        status = _status(site, job_id)
        settled = now_ms() - _SETTLING
        files = wish.files(site.home, job_id) if job_id else site_files(site.home)
        records, cursors = await asyncio.to_thread(_look, files, cursors, count, begin=begin)
        count = begin = 0  # files that appear later are new from their first line
        is_last = status.ended and not records
        found = sorted([*unsettled, *records], key=lambda record: record.at)
        unsettled = [] if is_last else [record for record in found if record.at > settled]
        for record in filter(wish.keeps, found[: len(found) - len(unsettled)]):
            yield frame("log", _line(record))
        if not records:
            if is_last:
                yield frame("end", {"status": status})
                return
            await asyncio.sleep(_LOOK_EVERY)


def _status(site: Site, job_id: str) -> Status:
    """Of the job that is followed; the site's own log has no end."""
    if not job_id:
        return Status.RUNNING
    state = site.jobs.state(job_id)
    return job_line(state).status if state else Status.CANCELED


def _wish(body: Body) -> LogFilter:
    try:
        parties = [Party.parse(word) for word in body.texts("party")]
    except ValueError as error:
        raise BadRequest(str(error)) from None
    named = body.party()
    return LogFilter(
        body.text("level", "INFO").upper(),
        (*parties, *([named] if named else [])),
        tuple(body.texts("component_name")),
        body.integer("since", 0),
    )


def _look(
    files: list[Path], since: Mapping[Path, Cursor], count: int, piece: int = LOOK_BYTES, *, begin: int = 0
) -> tuple[list[LogRecord], dict[Path, Cursor]]:
    """count: so many lines of a file that is looked at first, if not 0; begin: from this time on, if not 0."""
    starts: dict[Path, Cursor] = {}
    for path in files if count > 0 or begin > 0 else ():
        if path not in since:
            starts[path] = end_cursor(path, count) if count > 0 else time_cursor(path, begin)
    return tail(files, {**starts, **since}, piece)


def _line(record: LogRecord) -> dict[str, Any]:
    return {**msgspec.to_builtins(record), "message": record.message}
