"""The FastAPI application of a site."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui import __version__
from fateflow_tui.core.errors import BadRequest, FateFlowError, NotBuilt, NotFound
from fateflow_tui.server import (
    data_routes,
    event_routes,
    job_routes,
    job_view_routes,
    log_routes,
    party_routes,
    site_routes,
    table_routes,
    tracking_routes,
)
from fateflow_tui.server.address import Address
from fateflow_tui.server.body import OversizedBody, UnreadableBody
from fateflow_tui.server.door import Site
from fateflow_tui.server.envelope import answer, failure
from fateflow_tui.server.following import Spool
from fateflow_tui.server.guard import Doorkeeper, Guard
from fateflow_tui.server.paths import is_absent_part
from fateflow_tui.server.peer_routes import peer_router

_ROOMS = (
    job_routes,
    job_view_routes,
    data_routes,
    table_routes,
    tracking_routes,
    event_routes,
    log_routes,
    party_routes,
    site_routes,
)


def create_app(site: Site, address: Address) -> FastAPI:
    """The application of one running site.

    `app.state.closing` is an event: set it, and all streams end. `app.state.shutdown` is what a client's wish to
    end the server calls.
    """
    app = FastAPI(
        title="fateflow",
        version=__version__,
        summary="Schedules federated learning jobs; FATE-Flow 1.x's API and more",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.site = site
    app.state.address = address
    app.state.closing = asyncio.Event()
    app.state.shutdown = lambda: None
    app.state.spool = Spool(app.state.closing)
    for room in _ROOMS:
        app.include_router(room.router, prefix="/v1")
    app.include_router(peer_router(site.gate, site.plane, site))
    app.add_exception_handler(FateFlowError, _on_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_middleware(Guard, doorkeeper=Doorkeeper(address))
    return app


async def _on_error(request: Request, error: Any) -> Response:
    status = {UnreadableBody: 400, OversizedBody: 413}.get(type(error), 200)
    return failure(request, error, status=status)


async def _on_http_error(request: Request, error: Any) -> Response:
    path = request.url.path
    if error.status_code == 404 and is_absent_part(path):
        hint = "`fateflow doctor` and the README tell what this version has"
        return failure(request, NotBuilt(f"{path} is a part of FATE-Flow that this version does not have", hint=hint))
    if error.status_code == 404:
        return failure(request, NotFound(f"there is nothing at {path}"), retcode=404, status=404)
    if error.status_code == 405:
        text = f"{path} does not take {request.method}"
        allowed = {"Allow": error.headers["Allow"]} if error.headers and "Allow" in error.headers else None
        return failure(request, BadRequest(text), retcode=405, status=405, headers=allowed)
    return answer(retcode=error.status_code, retmsg=str(error.detail), status=error.status_code)


async def _on_validation_error(request: Request, error: Any) -> Response:
    texts = [f"{'.'.join(str(step) for step in problem['loc'])}: {problem['msg']}" for problem in error.errors()]
    return failure(request, BadRequest("; ".join(texts)), status=400)
