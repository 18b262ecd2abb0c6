"""What routes receive besides the body: the site, its address, the client's name, and a job that must exist."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import Request

from fateflow_tui.core.errors import JobNotFound
from fateflow_tui.core.records import JobState
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.address import Address

JOB_HINT = "`fateflow job list` shows the jobs of this site"


async def _site(request: Request) -> Site:
    return cast(Site, request.app.state.site)


async def _client_name(request: Request) -> str:
    """Return the user that the front end names; for records and logs, never for permissions."""
    host = request.client.host if request.client else ""
    return request.headers.get("x-fateflow-user", "")[:200] or host


async def _address(request: Request) -> Address:
    return cast(Address, request.app.state.address)


ThisSite = Annotated[Site, Depends(_site)]
ThisAddress = Annotated[Address, Depends(_address)]
ClientName = Annotated[str, Depends(_client_name)]


def known_job(site: Site, job_id: str) -> JobState:
    """Return the job of this id. Raises JobNotFound, which has FATE-Flow's own number."""
    state = site.jobs.state(job_id) if job_id else None
    if state is None:
        text = f"can not found job {job_id}" if job_id else "can not found job: the request has no job_id"
        raise JobNotFound(text, hint=JOB_HINT)
    return state
