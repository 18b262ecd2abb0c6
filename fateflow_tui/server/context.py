"""What routes are given besides their body: the site, who asks, and a job that must exist."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import Request

from fateflow_tui.core.errors import JobNotFound
from fateflow_tui.core.records import JobState
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.address import Address
from fateflow_tui.server.requests import Body


def _site(request: Request) -> Site:
    return cast(Site, request.app.state.site)


def _client_name(request: Request) -> str:
    """Who asks, as the front end tells it; for records and logs, never for permissions."""
    client = request.client.host if request.client else ""
    return request.headers.get("x-fateflow-user", "")[:200] or client


def _address(request: Request) -> Address:
    return cast(Address, request.app.state.address)


ThisSite = Annotated[Site, Depends(_site)]
ThisAddress = Annotated[Address, Depends(_address)]
ClientName = Annotated[str, Depends(_client_name)]


def known_job(site: Site, body: Body) -> JobState:
    """The job that a request names. Raises JobNotFound with FATE-Flow's number for it."""
    job_id = body.text("job_id")
    state = site.jobs.state(job_id) if job_id else None
    if state is None:
        text = f"can not found job {job_id}" if job_id else "can not found job: the request names none (job_id)"
        raise JobNotFound(text, hint="`fateflow job list` shows the jobs of this site")
    return state
