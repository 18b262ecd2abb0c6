"""The server behind the pages: their files, and a websocket and a process for each that is open."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from aiohttp import web
from textual_serve.server import Server, to_int

from fateflow_tui.tui.web.door import PAGE, Door
from fateflow_tui.tui.web.opening import Opening
from fateflow_tui.tui.web.page_process import PATIENCE, PageProcess

_FILES: Final = Path(__file__).parent / "page"
_MOST_CELLS: Final = 1_000  # of a page's width and height
_HEADERS: Final = {
    # xterm.js writes style sheets of its own into the page; nothing comes from elsewhere.
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
    """textual-serve's server with a door, a page of our own, and processes that end with it."""

    def __init__(self, opening: Opening, door: Door) -> None:
        super().__init__("")
        self._opening = opening
        self._door = door
        self._open: set[web.WebSocketResponse] = set()

    def application(self) -> web.Application:
        made = web.Application(middlewares=[self._door.guard])
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
        process = PageProcess(self._opening, page, self.download_manager)
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
    return max(1, min(to_int(request.query.get(name, ""), usual), _MOST_CELLS))


async def _add_headers(request: web.Request, answer: web.StreamResponse) -> None:
    answer.headers.update(_HEADERS)
