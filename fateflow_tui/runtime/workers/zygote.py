"""The site's handle of the zygote process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections.abc import Callable
from typing import Final

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.worker.protocol import Notice, Ready, Request, WorkerExited, WorkerNotStarted, WorkerStarted

_LINE_LIMIT: Final = 1 << 20
_LOG_LIMIT: Final = 10 << 20  # bytes of its log, after which the next one begins a new file
_CLOSE_TIME: Final = 4.0  # seconds: its workers get two to end politely

logger = logging.getLogger(__name__)
_notices: msgspec.json.Decoder[Notice] = msgspec.json.Decoder(Notice)


class ZygoteProcess:
    """One process of `fateflow_tui.worker.zygote`. gone: it has ended."""

    def __init__(
        self,
        home: Home,
        on_notice: Callable[[WorkerStarted | WorkerNotStarted | WorkerExited], None],
        on_gone: Callable[[], None],
    ) -> None:
        self._home = home
        self._on_notice = on_notice
        self._on_gone = on_gone
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self.gone = False

    @property
    def was_ready(self) -> bool:
        """Whether it has ever been ready to serve requests."""
        return self._ready.is_set()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Start the process. Requests can be sent at once; they are served when its imports are done."""
        ours, theirs = socket.socketpair()
        log = self._home.site_logs / "workers.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_name(f"{log.name}.1"))
        with theirs, log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "fateflow_tui.worker.zygote",
                str(theirs.fileno()),
                str(self._home.root),
                str(os.getpid()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[theirs.fileno()],
                env=_environment(),
                start_new_session=True,  # the site handles its own Ctrl-C
            )
        reader, self._writer = await asyncio.open_connection(sock=ours, limit=_LINE_LIMIT)
        self._listening = asyncio.create_task(self._listen(reader))

    def send(self, request: Request) -> None:
        """Send a request. Raises FateFlowError if the process has ended; a request sent while it ends is lost."""
        if self._writer is None or self.gone:
            raise FateFlowError("the process that starts the workers has ended", hint="see logs/fate_flow/workers.log")
        if not self._writer.is_closing():
            self._writer.write(msgspec.json.encode(request) + b"\n")

    async def ready(self) -> None:
        """Wait until its imports are done."""
        await self._ready.wait()

    def kill(self) -> None:
        """Kill it at once; its workers end with it."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def close(self) -> None:
        """End its workers and the process, by force if it takes too long."""
        if self._writer is None or self._process is None or self._listening is None:
            return
        if not self.gone:
            self._writer.write_eof()
        try:
            async with asyncio.timeout(_CLOSE_TIME):
                await asyncio.shield(self._listening)
        except TimeoutError:
            self.kill()
            await self._listening
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                notice = _notices.decode(line)
                if isinstance(notice, Ready):
                    self._ready.set()
                else:
                    self._on_notice(notice)
        except (ConnectionError, ValueError):
            logger.exception("lost the connection to the process that starts the workers")
        self.gone = True
        if self._writer is not None:
            self._writer.close()
        if self._process is not None:
            self.kill()  # it cannot be reached any more, even if it still runs
            await self._process.wait()
        self._on_gone()


def _environment() -> dict[str, str]:
    """The environment: libraries must not start threads in the zygote; each worker sets its own limits."""
    return {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OPENBLAS_THREAD_TIMEOUT": "4",  # idle threads sleep instead of spinning
        "MKL_NUM_THREADS": "1",
        "POLARS_MAX_THREADS": "1",
        "_RJEM_MALLOC_CONF": "background_thread:false",
    }
