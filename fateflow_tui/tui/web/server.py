"""The web server of the dashboard: access, files, websockets, port and browser."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import secrets
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler
from textual_serve.server import Server, to_int

from fateflow_tui.core.errors import BadRequest, Conflict
from fateflow_tui.tui.web.page import PATIENCE, PageProcess, PageSettings

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


_FILES: Final = Path(__file__).parent / "page"
_MAX_CELLS: Final = 1_000  # of a page's width and height
_HEADERS: Final = {
    # xterm.js adds inline style sheets; nothing is loaded from other hosts.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class PageServer(Server):
    """textual-serve's server with access control, our own page, and processes that end with it."""

    def __init__(self, settings: PageSettings, access: BrowserAccess) -> None:
        super().__init__("")
        self._settings = settings
        self._access = access
        self._open: set[web.WebSocketResponse] = set()

    def application(self) -> web.Application:
        made = web.Application(middlewares=[self._access.middleware])
        made.add_routes(
            [
                web.get(PAGE, self._page),
                web.get("/ws", self.handle_websocket),
                web.get("/download/{key}", self.handle_download),
                web.static("/page", _FILES),
                web.static("/static", self.statics_path),
            ]
        )
        made.on_response_prepare.append(_add_headers)
        made.on_shutdown.append(self.on_shutdown)
        return made

    async def on_shutdown(self, app: web.Application) -> None:
        await asyncio.gather(*(page.close() for page in self._open))

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        page = web.WebSocketResponse(heartbeat=15, timeout=PATIENCE)
        await page.prepare(request)
        process = PageProcess(self._settings, page, self.download_manager)
        self._open.add(page)
        try:
            await process.start(_cells(request, "width", 80), _cells(request, "height", 24))
            await self._process_messages(page, process)
        finally:
            self._open.discard(page)
            await process.stop()
        return page

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(_FILES / "index.html")


def _cells(request: web.Request, name: str, usual: int) -> int:
    return max(1, min(to_int(request.query.get(name, ""), usual), _MAX_CELLS))


async def _add_headers(request: web.Request, answer: web.StreamResponse) -> None:
    answer.headers.update(_HEADERS)


_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def serve(settings: PageSettings, port: int, announce: Callable[[str], None], *, browse: bool) -> None:
    """Serve the dashboard on loopback until interrupted, then stop its processes.

    port: 0 for any free one. announce: called with the URL and its token once the server answers. browse: open the
    user's browser, if there is a desktop. Raises Conflict when another program has the port.
    """
    with contextlib.closing(_bound(port)) as listener:
        asyncio.run(_serve(settings, listener, announce, browse))


async def _serve(
    settings: PageSettings, listener: socket.socket, announce: Callable[[str], None], browse: bool
) -> None:
    ending = asyncio.Event()
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    access = BrowserAccess(listener.getsockname()[1])
    server = PageServer(settings, access)
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=2 * PATIENCE)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        announce(access.url)
        if browse and _has_desktop():
            # Starting a browser can take a while, or block until it is closed.
            threading.Thread(target=webbrowser.open, args=[access.ticket_url()], daemon=True).start()
        await ending.wait()
    finally:
        await runner.cleanup()


def _bound(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise Conflict(
                f"port {port} of 127.0.0.1 is in use by another program",
                hint="choose another port with --port, or omit it for a free one",
            ) from error
        raise BadRequest(f"cannot listen on 127.0.0.1:{port}: {error.strerror}") from error
    return listener


def _has_desktop() -> bool:
    """Whether there is a desktop; without one, a text browser would take over the terminal."""
    return sys.platform == "darwin" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))
