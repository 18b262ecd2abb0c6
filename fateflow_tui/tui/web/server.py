"""The web server of the dashboard: files, websockets, port and browser."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Final

from aiohttp import web
from textual_serve.server import Server, to_int

from fateflow_tui.core.errors import BadRequest, Conflict
from fateflow_tui.tui.web.access import PAGE, BrowserAccess
from fateflow_tui.tui.web.page import PATIENCE, PageProcess, PageSettings

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
