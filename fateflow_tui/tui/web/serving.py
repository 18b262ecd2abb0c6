"""From the command line to the server: the port, the browser, the end."""

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
from typing import Final

from aiohttp import web

from fateflow_tui.core.errors import BadRequest, Conflict
from fateflow_tui.tui.web.door import Door
from fateflow_tui.tui.web.opening import Opening
from fateflow_tui.tui.web.page_process import PATIENCE
from fateflow_tui.tui.web.page_server import PageServer

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def serve(opening: Opening, port: int, announce: Callable[[str], None], *, browse: bool) -> None:
    """Serves the dashboard on loopback until it is told to end, and ends all that it has started.

    port: 0 for any free one. announce: told the address with the token once it answers. browse: whether the user's
    browser is to be opened, where there is one. Raises Conflict when another program has the port.
    """
    with contextlib.closing(_bound(port)) as listener:
        asyncio.run(_serve(opening, listener, announce, browse))


async def _serve(opening: Opening, listener: socket.socket, announce: Callable[[str], None], browse: bool) -> None:
    ending = asyncio.Event()
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    door = Door(listener.getsockname()[1])
    server = PageServer(opening, door)
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=2 * PATIENCE)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        announce(door.url)
        if browse and _has_desktop():
            # A browser may take its time, or keep its starter until it is closed.
            threading.Thread(target=webbrowser.open, args=[door.ticket_url()], daemon=True).start()
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
                f"port {port} of 127.0.0.1 cannot be had: another program listens there",
                hint="choose another one with --port, or leave it out",
            ) from error
        raise BadRequest(f"cannot listen on 127.0.0.1:{port}: {error.strerror}") from error
    return listener


def _has_desktop() -> bool:
    """Without one a browser for terminals would be opened, in the one that the address was just printed on."""
    return sys.platform == "darwin" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))
