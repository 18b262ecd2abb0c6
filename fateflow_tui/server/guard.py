"""What every request passes before a route sees it: who may talk to this site, and that no fault ends a connection."""

from __future__ import annotations

import logging
import secrets
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fateflow_tui.core.errors import FateFlowError, NotAuthentic
from fateflow_tui.server.address import Address
from fateflow_tui.server.body import OversizedBody
from fateflow_tui.server.client_signature import ClientSignatures
from fateflow_tui.server.envelope import failure
from fateflow_tui.server.system_errors import system_error

log = logging.getLogger(__name__)

# Site-to-site calls carry their own signature, which no browser and no token thief can make.
_SIGNED = "/v1/peer/"


class Doorkeeper:
    """Decides whether a request may come in.

    A page in the user's browser can send requests to this address under a name of its own (DNS rebinding) or from a
    foreign origin; the Host and Origin headers give both away. Beyond loopback everybody needs the token.
    signed: where the site has a secret for clients, everybody everywhere needs the token or a signature.
    """

    def __init__(self, address: Address, *, signed: bool = False) -> None:
        self._address = address
        self._signed = signed

    def refusal(self, request: Request) -> tuple[int, NotAuthentic] | None:
        """HTTP status and error, or None: come in."""
        if request.url.path.startswith(_SIGNED):
            return None
        host = _host_of(request.headers.get("host", ""))
        if not self._address.covers(host):
            hint = "use the address that `fateflow server status` shows, or name it as `advertised` in site.toml"
            return 403, NotAuthentic(f"this site is not called {host!r}", hint=hint)
        origin = request.headers.get("origin")
        if origin is not None and not self._address.covers(_host_of(urlsplit(origin).netloc)):
            return 403, NotAuthentic(f"requests from pages of {origin!r} are not taken")
        if not self._address.is_loopback and not self._signed and not self._knows_token(request):
            hint = "send `Authorization: Bearer TOKEN`; the token is in run.json in the site's home"
            return 401, NotAuthentic("this site asks for its token, and the request has none or a wrong one", hint=hint)
        return None

    def wants_signature(self, request: Request) -> bool:
        """Whether the call must be signed to come in; to be asked when there is no `refusal`."""
        return self._signed and not request.url.path.startswith(_SIGNED) and not self._knows_token(request)

    def _knows_token(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and secrets.compare_digest(
            token.strip().encode(), self._address.token.encode()
        )


class Guard:
    """The outermost part of the application: refuses strangers, and turns any fault of ours into an answer."""

    def __init__(self, app: ASGIApp, doorkeeper: Doorkeeper, signatures: ClientSignatures | None = None) -> None:
        self._app = app
        self._doorkeeper = doorkeeper
        self._signatures = signatures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        refused = self._doorkeeper.refusal(request)
        if refused is not None:
            status, error = refused
            headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
            await failure(request, error, status=status, headers=headers)(scope, receive, send)
            return
        async with AsyncExitStack() as stack:
            if self._signatures is not None and self._doorkeeper.wants_signature(request):
                try:
                    receive = await stack.enter_async_context(self._signatures.checked(Request(scope, receive)))
                except ClientDisconnect:
                    return
                except FateFlowError as error:
                    status = 413 if isinstance(error, OversizedBody) else 200  # as 1.x clients expect a failure
                    await failure(request, error, status=status)(scope, receive, send)
                    return
            await self._serve(request, receive, send)

    async def _serve(self, request: Request, receive: Receive, send: Send) -> None:
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(request.scope, receive, watch)
        except ClientDisconnect:
            log.info("%s %s: the client went away before it had said all", request.method, request.url.path)
        except Exception as fault:
            log.exception("%s %s failed", request.method, request.url.path)
            if begun:
                raise  # too late for an answer; the connection is cut, so that the client sees that it is not whole
            await failure(request, _as_error(fault))(request.scope, receive, send)


def _as_error(fault: Exception) -> FateFlowError:
    return system_error(fault) or FateFlowError(
        f"the server failed: {type(fault).__name__}: {fault}",
        hint="the traceback is in the site's log (`fateflow log show --site`); please report it",
    )


def _host_of(header: str) -> str:
    """The name in a Host header, without port and brackets."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""
