"""Logs as FATE-Board 1.8 and later read them: by line numbers."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.server.body import JsonBody
from fateflow_tui.server.context import ThisSite, known_job
from fateflow_tui.server.described import AT_GUEST, NUMBER, TEXT, described, members, one_of
from fateflow_tui.server.envelope import answer
from fateflow_tui.server.log_lines import TYPES, line_count, lines, log_file

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
