"""Access to the dashboard in a browser: loopback requests from its own page, with the token or its cookie."""

from __future__ import annotations

import ipaddress
import secrets
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

PAGE: Final = "/"
_TOKEN: Final = "token"
_TICKET: Final = "ticket"
_HINT: Final = "open the URL printed by `fateflow dash --web`"
_WEEK: Final = 7 * 86_400  # seconds


class BrowserAccess:
    """Decides which requests are served.

    The token comes with the page's URL once and is a cookie from then on, which neither scripts nor pages of other
    sites can use. A ticket is a token for a single request: a browser's command line is visible to everybody on the
    machine, so the URL in it stops working once it was opened.

    port: part of the cookie's name, as cookies do not distinguish ports.
    """

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}{PAGE}"
        self._cookie = f"fateflow-dash-{port}"
        self._token = secrets.token_urlsafe(32)
        self._tickets: set[str] = set()

    @property
    def url(self) -> str:
        """The URL with the token."""
        return f"{self._address}?{_TOKEN}={self._token}"

    def ticket_url(self) -> str:
        """Return a URL that works once."""
        ticket = secrets.token_urlsafe(32)
        self._tickets.add(ticket)
        return f"{self._address}?{_TICKET}={ticket}"

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Reject requests without the token or the cookie; set the cookie on requests with the token."""
        refused = self._foreign(request)
        if refused:
            return web.Response(status=403, text=f"{refused}\n")
        if self._matches(request.cookies.get(self._cookie, "")):
            return await handler(request)
        if request.path != PAGE or not self._brings_token(request):
            return web.Response(status=403, text=f"missing or invalid token; {_HINT}\n")
        answer = await handler(request)
        answer.set_cookie(self._cookie, self._token, max_age=_WEEK, path="/", httponly=True, samesite="Strict")
        return answer

    def _foreign(self, request: web.Request) -> str:
        """Return why a request is not from the dashboard's own page, "" if it is.

        A foreign page can reach us by a name of its own (DNS rebinding) or open a websocket from its origin; the Host
        and Origin headers reveal both.
        """
        host = request.headers.get("Host", "")
        if not _is_loopback(host):
            return f"unexpected host {host!r}; {_HINT}"
        origin = request.headers.get("Origin")
        if origin is None and "Upgrade" not in request.headers:  # browsers send it with every websocket
            return ""
        if origin != f"http://{host}":
            return f"requests from pages of {origin!r} are rejected"
        return ""

    def _brings_token(self, request: web.Request) -> bool:
        if self._matches(request.query.get(_TOKEN, "")):
            return True
        ticket = request.query.get(_TICKET, "")
        if ticket in self._tickets:
            self._tickets.discard(ticket)
            return True
        return False

    def _matches(self, token: str) -> bool:
        return secrets.compare_digest(token.encode(), self._token.encode())


def _is_loopback(host: str) -> bool:
    """Whether a Host header names loopback. The port may differ, as through a tunnel."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").lower()
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
