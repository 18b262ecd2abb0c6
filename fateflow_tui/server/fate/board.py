"""What FATE-Board 1.8 and later request: logs by line numbers, and paged lists of jobs and tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.artifacts.home import Home, segment
from fateflow_tui.artifacts.logs import SCHEDULE_ERROR_LOG, SCHEDULE_LOG
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.context import ThisSite, known_job
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.fate.filters import newest_first, sort_key
from fateflow_tui.server.fate.records import Record, job_records, task_records
from fateflow_tui.server.openapi import AT_GUEST, answers
from fateflow_tui.server.requests import Filter, Int, Json, RequestBody, Text, one_of

router = APIRouter(tags=["log (FATE-Flow 1.x)"])

MAX_LINES: Final = 5_000  # of one answer
MAX_BYTES: Final = 4 << 20
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

_JOB_FIELDS: Final = ("job_id", "party_id", "role", "status")
_TASK_FIELDS: Final = ("job_id", "party_id", "role", "component_name")


class LogFileRequest(RequestBody, example={**AT_GUEST, "log_type": "partyInfo"}):
    job_id: Text
    log_type: Annotated[str, one_of(*TYPES)]
    role: Text = ""
    party_id: Text = ""
    component_name: Text = ""

    def path(self, home: Home, job_id: str) -> Path:
        """Return the file that `log_type` refers to, which need not exist. `role`, `party_id` and `component_name`
        are read where the type needs them.
        """
        kind, root = self.log_type, home.job_logs(job_id)
        if kind in _OF_JOB:
            return root / _OF_JOB[kind]
        if kind not in TYPES:
            raise BadRequest(f"invalid log_type {kind!r}", hint=f"one of {', '.join(TYPES)}")
        self.require("role", "party_id")
        party = root / segment(self.role, "role") / segment(self.party_id, "party id")
        if kind in _OF_PARTY:
            return party / _OF_PARTY[kind]
        self.require("component_name")
        return party / segment(self.component_name, "component") / _OF_COMPONENT[kind]


class LogLinesRequest(LogFileRequest, example={**LogFileRequest.example, "begin": 1, "end": 100}):
    begin: Annotated[Int, "the first line, counted from 1"] = 1
    end: Annotated[Int, "the last line; 0 for the end of the file"] = 0


class ListRequest(RequestBody, example={"limit": 10}):
    """Any member besides `limit` selects the paged form."""

    limit: Annotated[Int | None, "10 unless given; 0 for all, which is the default of the paged form"] = None
    page: Int | None = None
    order_by: Text = ""
    order: Text = ""
    role: Filter = None
    status: Filter = None
    partner: Text = ""
    description: Text = ""

    @property
    def is_paged(self) -> bool:
        return any(self.members.get(one.name) is not None for one in self.fields if one.name != "limit")


@router.post("/log/size", **answers({"size": 1200}))
async def log_size(site: ThisSite, body: Json[LogFileRequest]) -> Response:
    """Return the number of lines in a log of a job; 0 before anything was written to it."""
    path = body.path(site.home, known_job(site, body.job_id).job_id)
    return answer({"size": await asyncio.to_thread(line_count, path)})


@router.post(
    "/log/cat",
    **answers([{"line_num": 1, "content": "2026-11-24T01:57:36.123+01:00 INFO    guest:9999 reader_0 | begins"}]),
)
async def log_cat(site: ThisSite, body: Json[LogLinesRequest]) -> Response:
    """Return the lines `begin` to `end` of a log of a job, both included. An answer has at most 5,000 lines or 4 MB;
    request the rest from the next line.
    """
    path = body.path(site.home, known_job(site, body.job_id).job_id)
    return answer(await asyncio.to_thread(lines, path, body.begin, body.end))


async def paged_jobs(site: Site, body: ListRequest) -> dict[str, Any]:
    found = await newest_first(site, job_records, _filters(body, _JOB_FIELDS))
    kept = [
        record
        for record in found
        if body.description in record["f_description"]
        and (not body.partner or any(body.partner in one for one in _partners(record)))
    ]
    jobs = [{**_without_prefix(record), "partners": _partners(record)} for record in _page(kept, body)]
    return {"jobs": jobs, "count": len(kept)}


async def paged_tasks(site: Site, body: ListRequest) -> dict[str, Any]:
    found = await newest_first(site, task_records, _filters(body, _TASK_FIELDS))
    return {"tasks": [_without_prefix(record) for record in _page(found, body)], "count": len(found)}


def _filters(body: ListRequest, fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: body.members[name] for name in fields if body.members.get(name) not in (None, "", [])}


def _page(records: list[Record], body: ListRequest) -> list[Record]:
    field = f"f_{body.order_by or 'create_time'}"
    if records and field not in records[0]:
        raise BadRequest(f"order_by: there is no field {field.removeprefix('f_')!r}")
    records = sorted(records, key=lambda record: sort_key(record[field]), reverse=body.order != "asc")
    limit, page = body.limit or 0, max(1, 1 if body.page is None else body.page)
    return records[(page - 1) * limit : page * limit] if limit > 0 else records


def _partners(record: Record) -> list[str]:
    """The ids of all other parties."""
    own = (record["f_role"], record["f_party_id"])
    return sorted({str(i) for role, ids in record["f_roles"].items() for i in ids if (role, str(i)) != own})


def _without_prefix(record: Record) -> Record:
    return {name.removeprefix("f_"): value for name, value in record.items()}


def line_count(path: Path) -> int:
    """Count whole lines; 0 while the file does not exist, because nothing was written to it yet."""
    count = 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                count += chunk.count(b"\n")
    except FileNotFoundError:
        return 0
    return count


def lines(path: Path, begin: int, end: int) -> list[dict[str, int | str]]:
    """Return `line_num` and `content` of the lines from `begin` (1 is the first) to `end` (0: the last), both included,
    as many as fit in one answer.
    """
    first = max(1, begin)
    last = min(end, first + MAX_LINES - 1) if end > 0 else first + MAX_LINES - 1
    found: list[dict[str, int | str]] = []
    space = MAX_BYTES
    try:
        with path.open("rb") as file:
            if not _skip(file.readline, first - 1):
                return []
            for number in range(first, last + 1):
                line = file.readline(space + 1)
                if not line.endswith(b"\n") and len(line) <= space:
                    break  # still being written
                space -= len(line)
                found.append({"line_num": number, "content": line.rstrip(b"\r\n").decode(errors="replace")})
                if space < 0:
                    break
    except FileNotFoundError:
        return []
    return found


def _skip(readline: Callable[[int], bytes], count: int) -> bool:
    """Skip lines; return False when there were fewer."""
    skipped = 0
    while skipped < count:
        piece = readline(_CHUNK)
        if not piece:
            return False
        skipped += piece.endswith(b"\n")
    return True
