"""Who may come in: requests to this machine under its own name, from our own page, by who was given the token."""

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
_COME_IN: Final = "open the whole address that `fateflow dash --web` has printed"
_WEEK: Final = 7 * 86_400  # seconds


class AccessPolicy:
    """The token comes with the page's address once and is a cookie from then on, which no script and no page of another
    site can use. A ticket is a token for one request: the address that a browser is started with is seen by everybody
    on the machine, and is worth nothing any more once it was opened.

    port: cookies do not tell ports apart, so each dashboard has its own name for one.
    """

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}{PAGE}"
        self._cookie = f"fateflow-dash-{port}"
        self._token = secrets.token_urlsafe(32)
        self._tickets: set[str] = set()

    @property
    def url(self) -> str:
        """What lets its holder in."""
        return f"{self._address}?{_TOKEN}={self._token}"

    def ticket_url(self) -> str:
        """What lets one request in."""
        ticket = secrets.token_urlsafe(32)
        self._tickets.add(ticket)
        return f"{self._address}?{_TICKET}={ticket}"

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuses strangers, whatever they ask for; gives the cookie to who came with the token."""
        refused = self._foreign(request)
        if refused:
            return web.Response(status=403, text=f"{refused}\n")
        if self._matches(request.cookies.get(self._cookie, "")):
            return await handler(request)
        if request.path != PAGE or not self._brings_token(request):
            return web.Response(status=403, text=f"this dashboard is for who has its token: {_COME_IN}\n")
        answer = await handler(request)
        answer.set_cookie(self._cookie, self._token, max_age=_WEEK, path="/", httponly=True, samesite="Strict")
        return answer

    def _foreign(self, request: web.Request) -> str:
        """Why a request is not from this machine's own page; else "". A page elsewhere can call us by a name of its own
        (DNS rebinding) or open a websocket from its origin; the headers give both away.
        """
        host = request.headers.get("Host", "")
        if not _is_loopback(host):
            return f"this dashboard is not called {host!r}: {_COME_IN}"
        origin = request.headers.get("Origin")
        if origin is None and "Upgrade" not in request.headers:  # browsers name it with every websocket
            return ""
        if origin != f"http://{host}":
            return f"requests from pages of {origin!r} are not taken"
        return ""

    def _brings_token(self, request: web.Request) -> bool:
        if self._matches(request.query.get(_TOKEN, "")):
            return True
        ticket = request.query.get(_TICKET, "")
        if ticket in self._tickets:
            self._tickets.discard(ticket)
            return True
        return False

    def _matches(self, word: str) -> bool:
        return secrets.compare_digest(word.encode(), self._token.encode())


def _is_loopback(host: str) -> bool:
    """Of a Host header. Any port: the dashboard may be reached through a tunnel that begins at another one."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").lower()
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
