"""The routes that other sites call."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec
from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from fateflow_tui.core.errors import BadRequest, FateFlowError, NotAuthentic
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Acknowledgement, Directive, Proposal, ProposalAnswer, Report
from fateflow_tui.runtime.messages.bus import MessageBus
from fateflow_tui.runtime.messages.transfer import CHUNK_SIZE, HEADER_LIMIT, ChunkAnswer, split_body
from fateflow_tui.runtime.models.messages import MODEL_PATH, ModelAnswer, ModelMessage
from fateflow_tui.runtime.peers.authenticator import Caller, PeerAuthenticator
from fateflow_tui.runtime.peers.client import (
    DIRECTIVE_PATH,
    IDENTITY_PATH,
    PING_PATH,
    PROPOSAL_PATH,
    REACH_PATH,
    REPORT_PATH,
    VALUE_PATH,
)
from fateflow_tui.runtime.peers.routes import ErrorAnswer, Pong, Reachability
from fateflow_tui.runtime.serving.messages import SHARE_PATH, ShareAnswer, ShareRequest

_BODY_LIMIT = 16 << 20
_VALUE_LIMIT = CHUNK_SIZE + HEADER_LIMIT
_SHARE_LIMIT = 1 << 20

logger = logging.getLogger(__name__)


class PeerHandlers(Protocol):
    """The handlers of authenticated messages from peers. source: the party that sent the message."""

    async def on_directive(self, source: Party, directive: Directive) -> Report: ...

    def on_proposal(self, source: Party, proposal: Proposal) -> ProposalAnswer: ...

    async def on_reach(self, source: Party, party: Party) -> Reachability: ...

    async def on_report(self, source: Party, report: Report) -> Acknowledgement: ...

    async def on_share(self, source: Party, request: ShareRequest) -> ShareAnswer: ...

    async def on_model(self, source: Party, party: Party, message: ModelMessage) -> ModelAnswer: ...


def peer_router(authenticator: PeerAuthenticator, bus: MessageBus, handlers: PeerHandlers) -> APIRouter:
    """Return the routes below `/v1/peer`. Every call but `identity` must be signed, and its answer is signed, too."""
    router = APIRouter()

    async def directive(caller: Caller, body: list[bytes]) -> Report:
        message: Directive = _decode(body, Directive, "directive")
        caller.require(message.driver, message.party, "directive")
        return await handlers.on_directive(caller.source, message)

    async def proposal(caller: Caller, body: list[bytes]) -> ProposalAnswer:
        message: Proposal = _decode(body, Proposal, "proposal")
        caller.require(message.document.initiator, message.document.party, "proposal")
        return handlers.on_proposal(caller.source, message)

    async def report(caller: Caller, body: list[bytes]) -> Acknowledgement:
        message: Report = _decode(body, Report, "report")
        caller.require(message.party, caller.destination, "report")
        return await handlers.on_report(caller.source, message)

    async def model(caller: Caller, body: list[bytes]) -> ModelAnswer:
        message: ModelMessage = _decode(body, ModelMessage, "model message")
        return await handlers.on_model(caller.source, caller.destination, message)

    async def share(caller: Caller, body: list[bytes]) -> ShareAnswer:
        message: ShareRequest = _decode(body, ShareRequest, "share request")
        caller.require(message.guest, message.host, "share request")
        return await handlers.on_share(caller.source, message)

    async def value(caller: Caller, body: list[bytes]) -> ChunkAnswer:
        return await bus.accept(caller, *split_body(body))

    async def ping(caller: Caller, body: list[bytes]) -> Pong:
        return authenticator.pong()

    async def reach(caller: Caller, body: list[bytes]) -> Reachability:
        return await handlers.on_reach(caller.source, caller.destination)

    async def identity(request: Request) -> Response:
        return Response(msgspec.json.encode(authenticator.identity()), media_type="application/json")

    # Plain routes: calls between sites do not need what FastAPI adds.
    router.add_route(IDENTITY_PATH, identity, methods=["GET"], include_in_schema=False)
    for path, handle, limit in (
        (DIRECTIVE_PATH, directive, _BODY_LIMIT),
        (PROPOSAL_PATH, proposal, _BODY_LIMIT),
        (REPORT_PATH, report, _BODY_LIMIT),
        (MODEL_PATH, model, _BODY_LIMIT),
        (SHARE_PATH, share, _SHARE_LIMIT),
        (VALUE_PATH, value, _VALUE_LIMIT),
        (PING_PATH, ping, _BODY_LIMIT),
        (REACH_PATH, reach, _BODY_LIMIT),
    ):
        router.add_route(path, _endpoint(authenticator, handle, limit), methods=["POST"], include_in_schema=False)
    return router


def _endpoint(
    authenticator: PeerAuthenticator, handle: Callable[[Caller, list[bytes]], Awaitable[Any]], limit: int
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            caller = authenticator.authenticate(request.method, _target(request), request.headers)
            body, digest = await _read(request, limit)
            caller.check_body(digest)
            status, content = 200, msgspec.json.encode(await handle(caller, body))
        except ClientDisconnect:
            return Response(status_code=400)  # the client is gone
        except FateFlowError as error:
            status, content = error.http_status, msgspec.json.encode(_redacted(error))
        except Exception:
            logger.exception("a peer's call to %s failed", request.url.path)
            status, content = 500, msgspec.json.encode(ErrorAnswer("bug", "internal error; see the log of that site"))
        headers = authenticator.sign_answer(request.headers, status, content)
        return Response(content, status, headers, media_type="application/json")

    return endpoint


async def _read(request: Request, limit: int) -> tuple[list[bytes], str]:
    """Return the chunks of the body, and its SHA-256."""
    hasher = hashlib.sha256()
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise BadRequest(f"the body is larger than {limit} bytes")
        hasher.update(part)
        parts.append(part)
    return parts, hasher.hexdigest()


def _target(request: Request) -> str:
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


def _decode(body: list[bytes], type_: Any, what: str) -> Any:
    try:
        return msgspec.json.decode(b"".join(body), type=type_)
    except msgspec.DecodeError as error:
        raise BadRequest(f"invalid {what}: {error}") from error


def _redacted(error: FateFlowError) -> ErrorAnswer:
    """Return what a peer may see of an error. Internal errors can mention files and addresses, so they are hidden."""
    if error.http_status >= 500:
        logger.error("a peer's call failed: %s", error.message)
        return ErrorAnswer(error.code, "internal error; see the log of that site")
    return ErrorAnswer(error.code, error.message, error.hint, error.data if isinstance(error, NotAuthentic) else None)
