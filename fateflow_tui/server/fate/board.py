"""What FATE-Board 1.8 and later ask for: logs by line numbers, and paged lists."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.context import ThisSite, known_job
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.fate.filters import newest_first, sort_key
from fateflow_tui.server.fate.records import Record, job_records, task_records
from fateflow_tui.server.logs import TYPES, line_count, lines, log_file
from fateflow_tui.server.openapi import AT_GUEST, NUMBER, TEXT, described, members, one_of
from fateflow_tui.server.requests import Body, JsonBody

router = APIRouter(tags=["log (FATE-Flow 1.x)"])

_WHICH = {"log_type": one_of(*TYPES), "role": TEXT, "party_id": TEXT, "component_name": TEXT}
_EXAMPLE = {**AT_GUEST, "log_type": "partyInfo"}


@router.post("/log/size", **described(members("job_id", "log_type", **_WHICH), _EXAMPLE, {"size": 1200}))
async def log_size(site: ThisSite, body: JsonBody) -> Response:
    """How many lines a log of a job has; 0 for one to which nothing was written yet."""
    body.require("job_id", "log_type")
    path = log_file(site.home, known_job(site, body).job_id, body)
    return answer({"size": await asyncio.to_thread(line_count, path)})


@router.post(
    "/log/cat",
    **described(
        members("job_id", "log_type", **_WHICH, begin=NUMBER, end=NUMBER),
        {**_EXAMPLE, "begin": 1, "end": 100},
        [{"line_num": 1, "content": "2026-11-24T01:57:36.123+01:00 INFO    guest:9999 reader_0 | begins"}],
    ),
)
async def log_cat(site: ThisSite, body: JsonBody) -> Response:
    """Lines `begin` to `end` of a log of a job, both included and counted from 1; at most 5,000 lines or 4 MB, so
    that fewer than asked for may come: ask again from the next one.
    """
    body.require("job_id", "log_type")
    path = log_file(site.home, known_job(site, body).job_id, body)
    return answer(await asyncio.to_thread(lines, path, body.integer("begin", 1), body.integer("end", 0)))


_SIGNS = ("page", "order_by", "order", "role", "status", "partner", "description")
_JOB_FIELDS = ("job_id", "party_id", "role", "status")
_TASK_FIELDS = ("job_id", "party_id", "role", "component_name")


def is_paged(body: Body) -> bool:
    """Whether the request asks for the paged form; the plain one has only a limit."""
    return any(body.members.get(name) is not None for name in _SIGNS)


async def paged_jobs(site: Site, body: Body) -> dict[str, Any]:
    found = await newest_first(site, job_records, _wishes(body, _JOB_FIELDS))
    description, partner = body.text("description"), body.text("partner")
    kept = [
        record
        for record in found
        if description in record["f_description"] and (not partner or any(partner in i for i in _partners(record)))
    ]
    jobs = [{**_bare(record), "partners": _partners(record)} for record in _page(kept, body)]
    return {"jobs": jobs, "count": len(kept)}


async def paged_tasks(site: Site, body: Body) -> dict[str, Any]:
    found = await newest_first(site, task_records, _wishes(body, _TASK_FIELDS))
    return {"tasks": [_bare(record) for record in _page(found, body)], "count": len(found)}


def _wishes(body: Body, fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: body.members[name] for name in fields if body.members.get(name) not in (None, "", [])}


def _page(records: list[Record], body: Body) -> list[Record]:
    field = f"f_{body.text('order_by') or 'create_time'}"
    if records and field not in records[0]:
        raise BadRequest(f"order_by: there is no field {field.removeprefix('f_')!r}")
    ascending = body.text("order") == "asc"
    records = sorted(records, key=lambda record: sort_key(record[field]), reverse=not ascending)
    limit, page = body.integer("limit", 0), max(1, body.integer("page", 1))
    return records[(page - 1) * limit : page * limit] if limit > 0 else records


def _partners(record: Record) -> list[str]:
    """The ids of all other parties."""
    own = (record["f_role"], record["f_party_id"])
    return sorted({str(i) for role, ids in record["f_roles"].items() for i in ids if (role, str(i)) != own})


def _bare(record: Record) -> Record:
    return {name.removeprefix("f_"): value for name, value in record.items()}
