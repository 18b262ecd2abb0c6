"""Logs of a job's parties at this site, merged, read piece by piece or as a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.artifacts.logs import LOOK_BYTES, Cursor, LogRecord, end_cursor, tail, time_cursor
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party
from fateflow_tui.core.status import Status
from fateflow_tui.server.context import ThisSite, known_job
from fateflow_tui.server.door import Site
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.job_views import job_line
from fateflow_tui.server.log_files import LogWish, listed, site_files
from fateflow_tui.server.openapi import EVENTS, JOB, NUMBER, OBJECT, TEXT, TEXTS, described, members
from fateflow_tui.server.requests import Body, JsonBody
from fateflow_tui.server.streams import frame, stream_answer

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


async def _follow(site: Site, job_id: str, wish: LogWish, count: int) -> AsyncIterator[bytes]:
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


def _wish(body: Body) -> LogWish:
    try:
        parties = [Party.parse(word) for word in body.texts("party")]
    except ValueError as error:
        raise BadRequest(str(error)) from None
    named = body.party()
    return LogWish(
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
