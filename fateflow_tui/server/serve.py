"""One scheduler process: the site, its HTTP server, its log, and the run file that clients read."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import FrameType
from typing import Final
from urllib.parse import urlsplit

import msgspec
import uvicorn
import uvloop

from fateflow_tui import __version__
from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.logs import format_line
from fateflow_tui.artifacts.run_file import HomeLock, HomeTaken, RunFile, home_id, remove_run_file, write_run_file
from fateflow_tui.core.errors import BadRequest, Conflict, FateFlowError
from fateflow_tui.runtime.site import Site
from fateflow_tui.runtime.site_config import SiteConfig
from fateflow_tui.server.address import Address
from fateflow_tui.server.app import create_app
from fateflow_tui.server.errors import system_error

SITE_LOG: Final = "fate_flow.log"
_LOG_SIZE: Final = 10 << 20
_LOG_FILES: Final = 5


class _LineFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        message = f"{record.name}: {record.getMessage()}"
        if record.exc_info:
            message += f"\n{self.formatException(record.exc_info)}"
        level = "ERROR" if record.levelno >= logging.ERROR else record.levelname
        return format_line(record.created, level, "", "", message).removesuffix("\n")


def log_to(directory: Path) -> None:
    """Send all log records of this process to the site's log, which rotates through five files of 10 MiB."""
    directory.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(directory / SITE_LOG, maxBytes=_LOG_SIZE, backupCount=_LOG_FILES, encoding="utf-8")
    handler.setFormatter(_LineFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every request


log = logging.getLogger(__name__)

_DEFAULT_PORT: Final = 9380
_PORTS_TO_TRY: Final = 100
_UPLOAD_LIFETIME: Final = 86_400  # seconds after which an uploaded file is deleted at the next start
_SHUTDOWN_TIMEOUT: Final = 3  # seconds for open requests


class ServeOptions(msgspec.Struct, frozen=True):
    """Options of the command line, which override `site.toml`; None and "" are unset. port: 0 for any free one.

    standby: wait while another scheduler uses the home, and take over its port when it ends. save: the options in
    `site.toml`; the first start does it anyway.
    """

    home: Path
    host: str = ""
    port: int | None = None
    parties: list[str] = []
    name: str = ""
    advertised: str = ""
    standby: bool = False
    save: bool = False


def serve(options: ServeOptions, announce: Callable[[str], None]) -> None:
    """Run a scheduler until it is shut down (SIGTERM, SIGINT, `site/shutdown`). announce: called with the URL when the
    scheduler is ready. Raises FateFlowError when it cannot start.
    """
    try:
        _serve_until_shutdown(options, announce)
    except OSError as fault:
        error = system_error(fault)
        if error is None:
            raise
        raise error from fault


def _serve_until_shutdown(options: ServeOptions, announce: Callable[[str], None]) -> None:
    options.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home = Home(options.home)
    log_to(home.site_logs)
    while True:
        if options.standby:
            options = _stand_by(home, options)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_serve(home, _configuration(home, options), options, announce))
            return
        except HomeTaken:
            if not options.standby:
                raise


def _stand_by(home: Home, options: ServeOptions) -> ServeOptions:
    """Wait until no scheduler uses the home. Returns its port with the options: peers know the site by that port."""
    log.info("on standby for the scheduler of %s", home.root)
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        run = msgspec.json.decode(home.run_file.read_bytes(), type=RunFile)
        options = msgspec.structs.replace(options, port=options.port or urlsplit(run.url).port)
    HomeLock(home).wait()
    return options


async def _serve(home: Home, config: SiteConfig, options: ServeOptions, announce: Callable[[str], None]) -> None:
    exact = options.port is not None or config.port != _DEFAULT_PORT
    with contextlib.closing(bound(config.host, config.port, exact=exact)) as listener:
        site = Site(home, config)
        await site.start()
        try:
            if options.save:
                config.save(home.configuration)  # only now it is known that the port is free and the home not in use
            address = Address(
                host=config.host,
                port=listener.getsockname()[1],
                token=secrets.token_urlsafe(24),
                secure=bool(config.tls.certificate),
                names=tuple(filter(None, [urlsplit(config.advertised).hostname])),
            )
            run = RunFile(
                pid=os.getpid(),
                url=address.url,
                token=address.token,
                started_at=site.started_at,
                version=__version__,
                certificate=config.tls.certificate,
                home=str(home.root.resolve()),
                home_id=home_id(home.root),
            )
            _sweep(home.uploads)
            await _answer(site, address, config, listener, lambda: _ready(home, run, announce))
        finally:
            remove_run_file(home.root)
            await site.close()
            log.info("stopped")


async def _answer(
    site: Site, address: Address, config: SiteConfig, listener: socket.socket, ready: Callable[[], None]
) -> None:
    app = create_app(site, address)
    settings = uvicorn.Config(
        app,
        loop="none",  # it is already running
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_SHUTDOWN_TIMEOUT,
        ssl_certfile=config.tls.certificate or None,
        ssl_keyfile=config.tls.key or None,
    )
    server = _Server(settings, app.state.closing, ready)
    app.state.shutdown = server.end
    await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    """A uvicorn server that reports when it is ready, and closes streams first when it shuts down."""

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._closing = closing
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def end(self) -> None:
        log.info("shutting down")
        self._closing.set()
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        log.info("received %s", signal.Signals(sig).name)
        self.end()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn raises the signal again when it has shut down, before the site could close.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


def bound(host: str, port: int, *, exact: bool) -> socket.socket:
    """Return a listening socket on this port; unless `exact`, on the next free one. Raises Conflict, BadRequest."""
    try:
        family, _, _, _, _ = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise BadRequest(f"cannot listen on {host!r}: {error.strerror}") from error
    candidates = [port] if exact or port == 0 else range(port, min(port + _PORTS_TO_TRY, 65_536))
    for candidate in candidates:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(2048)
        except OSError as error:
            listener.close()
            if error.errno != errno.EADDRINUSE:
                raise BadRequest(f"cannot listen on {host}:{candidate}: {error.strerror}") from error
        else:
            return listener
    taken = f"port {port} of {host}" if exact else f"ports {port} to {port + _PORTS_TO_TRY - 1} of {host}"
    raise Conflict(f"{taken} is in use by another program", hint="choose another port with --port")


def _configuration(home: Home, options: ServeOptions) -> SiteConfig:
    """Return the home's configuration with the options of the command line. The first start saves both."""
    given = {
        name: value
        for name in ("host", "port", "parties", "name", "advertised")
        if (value := getattr(options, name)) not in ("", None, [])
    }
    first = msgspec.structs.replace(SiteConfig(), **given)
    first.check("the command line")
    config = msgspec.structs.replace(SiteConfig.load_or_create(home.configuration, first), **given)
    config.check(str(home.configuration))
    return config


def _ready(home: Home, run: RunFile, announce: Callable[[str], None]) -> None:
    write_run_file(home.root, run)
    log.info("fateflow %s is listening at %s", run.version, run.url)
    announce(run.url)


def _sweep(uploads: Path) -> None:
    """Delete uploaded files that no job reads any more."""
    limit = time.time() - _UPLOAD_LIFETIME
    for path in uploads.glob("*") if uploads.is_dir() else ():
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < limit:
                path.unlink()


def explain(error: FateFlowError) -> str:
    """Return the message and the hint of a failed start."""
    return f"{error.message}\n{error.hint}" if error.hint else error.message
