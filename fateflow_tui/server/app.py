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
from fateflow_tui.runtime.site import Site
from fateflow_tui.server import events, jobs, logs, models, parties, serving
from fateflow_tui.server import site as site_routes
from fateflow_tui.server.address import Address
from fateflow_tui.server.auth import AccessPolicy, AuthMiddleware, ClientSignatures
from fateflow_tui.server.events import Spool
from fateflow_tui.server.fate import absent, binding, board, cleanup, data, later, lineage, permissions, tables, tags
from fateflow_tui.server.fate import jobs as fate_jobs
from fateflow_tui.server.fate import models as fate_models
from fateflow_tui.server.fate import tracking as fate_tracking
from fateflow_tui.server.fate.absent import is_absent_part
from fateflow_tui.server.fate.envelope import FILE_FAILURE, answer, failure, file_failure
from fateflow_tui.server.openapi import ZIP, DocumentedApi, operation_id
from fateflow_tui.server.peers import peer_router
from fateflow_tui.server.requests import OversizedBody, UnreadableBody

# Routes are tried in this order: those whose latency matters come first.
_ROUTERS = (
    fate_jobs.router,
    jobs.router,
    data.router,
    tables.router,
    tags.router,
    fate_tracking.router,
    events.router,
    logs.router,
    fate_models.router,
    models.router,
    parties.router,
    site_routes.router,
    binding.router,
    lineage.router,
    cleanup.router,
    permissions.router,
    board.router,
    later.router,
    serving.router,
    absent.router,
)


def create_app(site: Site, address: Address) -> FastAPI:
    """Return the application of one running site.

    Setting the event `app.state.closing` ends all streams. `app.state.shutdown` is called when a client shuts the
    server down.
    """
    app = DocumentedApi(
        title="fateflow",
        version=__version__,
        summary="Scheduler of federated learning jobs, with the API of FATE-Flow 1.x and more",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
    )
    app.state.site = site
    app.state.address = address
    app.state.closing = asyncio.Event()
    app.state.shutdown = lambda: None
    app.state.spool = Spool(app.state.closing)
    app.include_router(serving.federation_router)
    app.include_router(peer_router(site.authenticator, site.bus, site))
    for router in _ROUTERS:
        app.include_router(router, prefix="/v1")
    app.add_exception_handler(FateFlowError, _on_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    keys = site.config.client
    signatures = ClientSignatures(keys, site.home.uploads) if keys.app_key else None
    app.add_middleware(AuthMiddleware, policy=AccessPolicy(address, signed=bool(keys.app_key)), signatures=signatures)
    return app


async def _on_error(request: Request, error: Any) -> Response:
    status = {UnreadableBody: 400, OversizedBody: 413}.get(type(error), 200)
    if status == 200 and _answers_with_file(request, error):
        return file_failure(request, error)
    return failure(request, error, status=status)


def _answers_with_file(request: Request, error: FateFlowError) -> bool:
    """Whether a failure of this route needs the status by which clients tell it from a file. FATE-Flow answers a bad
    request for a model archive with an ordinary envelope.
    """
    responses = getattr(request.scope.get("route"), "responses", {})
    is_archive = ZIP in responses.get(200, {}).get("content", {})
    return FILE_FAILURE in responses and not (is_archive and isinstance(error, BadRequest))


async def _on_http_error(request: Request, error: Any) -> Response:
    path = request.url.path
    if error.status_code == 404 and is_absent_part(path):
        hint = "the README lists what this version supports"
        return failure(request, NotBuilt(f"this version does not support {path}", hint=hint))
    if error.status_code == 404:
        return failure(request, NotFound(f"there is nothing at {path}"), retcode=404, status=404)
    if error.status_code == 405:
        text = f"{path} does not accept {request.method}"
        allowed = {"Allow": error.headers["Allow"]} if error.headers and "Allow" in error.headers else None
        return failure(request, BadRequest(text), retcode=405, status=405, headers=allowed)
    return answer(retcode=error.status_code, retmsg=str(error.detail), status=error.status_code)


async def _on_validation_error(request: Request, error: Any) -> Response:
    texts = [f"{'.'.join(str(step) for step in problem['loc'])}: {problem['msg']}" for problem in error.errors()]
    return failure(request, BadRequest("; ".join(texts)), status=400)
