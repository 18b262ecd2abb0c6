"""The site's end of its workers' channels: one socket in the file system, one connection per running task."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final, Protocol

from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.work import (
    Accepted,
    Delivered,
    Finished,
    Hello,
    MetricsWritten,
    Progressed,
    Refused,
    Sent,
    SiteFrame,
    TaskSpec,
    Wanted,
    WorkerFrame,
)
from fateflow_tui.worker.protocol import LENGTH_BYTES, header_length, pack, worker_frame

Payload = bytes | bytearray | memoryview

_LONGEST_PATH: Final = 100  # of a socket in the file system, in bytes; systems allow 104 or 108
_HELLO_TIMEOUT: Final = 5.0  # seconds
_DRAIN_TIMEOUT: Final = 1.0  # seconds

logger = logging.getLogger(__name__)


class ValueTransport(Protocol):
    """Transports values between tasks. A FateFlowError refuses one, with a message for the worker. Calls are cancelled
    when the worker has ended.
    """

    async def send(self, spec: TaskSpec, frame: Sent, payload: Payload) -> None: ...

    async def receive(self, spec: TaskSpec, frame: Wanted) -> tuple[str, Payload]:
        """Codec and payload."""
        ...


class WorkerReports(Protocol):
    """Receives the frames of workers. on_frame: every frame; answered: a request that the site has answered."""

    def on_frame(self, spec: TaskSpec, frame: WorkerFrame) -> None: ...

    def answered(self, spec: TaskSpec, frame: Sent | Wanted) -> None: ...

    def progressed(self, spec: TaskSpec, done: int, total: int) -> None: ...

    def metrics_written(self, spec: TaskSpec, frame: MetricsWritten) -> None: ...

    def finished(self, spec: TaskSpec, frame: Finished) -> None: ...


class ChannelServer:
    """Listen for workers and serve each until its connection ends."""

    def __init__(self, directory: Path, bus: ValueTransport, reports: WorkerReports) -> None:
        """directory: of the socket, created if missing; a temporary one is used if the path is too long."""
        self._directory = directory
        self._bus = bus
        self._reports = reports
        self._expected: dict[str, TaskSpec] = {}
        self._temporary: Path | None = None
        self._listener: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._unidentified: set[asyncio.Task[None]] = set()  # connections that have not been identified
        self._serving: dict[str, asyncio.Task[None]] = {}  # by token
        self.path = ""

    async def start(self) -> None:
        name = f"workers-{os.getpid()}-{secrets.token_hex(3)}.sock"
        directory = self._directory
        if len(os.fsencode(directory / name)) > _LONGEST_PATH:
            directory = self._temporary = Path(tempfile.mkdtemp(prefix="fateflow-"))
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = str(directory / name)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.setblocking(False)
        self._listener.bind(self.path)
        self._listener.listen(128)
        asyncio.get_running_loop().add_reader(self._listener, self._accept, self._listener)

    async def close(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def expect(self, spec: TaskSpec) -> str:
        """Return the secret by which the task's worker identifies itself; valid for one connection."""
        token = secrets.token_hex(16)
        self._expected[token] = spec
        return token

    def forget(self, token: str) -> None:
        """Stop expecting the worker."""
        self._expected.pop(token, None)

    async def drained(self, token: str) -> None:
        """Return when all frames that a worker sent have been read. Its process must have ended."""
        if self._listener is None:
            return
        self._accept(self._listener)  # its connection may still wait to be accepted
        if self._unidentified:
            await asyncio.wait(self._unidentified, timeout=_DRAIN_TIMEOUT)
        if token in self._serving:
            await asyncio.wait([self._serving[token]], timeout=_DRAIN_TIMEOUT)

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _accept(self, listener: socket.socket) -> None:
        """Accept all waiting connections."""
        while True:
            try:
                connection, _ = listener.accept()
            except BlockingIOError:
                return
            connection.setblocking(False)
            task = self._begin(self._identify(connection))
            self._unidentified.add(task)
            task.add_done_callback(self._unidentified.discard)

    async def _identify(self, connection: socket.socket) -> None:
        """Serve a connection that sends the secret of an expected worker."""
        try:
            async with asyncio.timeout(_HELLO_TIMEOUT):
                frame, _ = await _read_frame(connection)
        except (OSError, ValueError, TimeoutError) as error:
            logger.warning("closed a connection to the workers' socket: %s", error or "no frame arrived")
            frame = None
        except asyncio.CancelledError:
            connection.close()
            raise
        token = frame.token if isinstance(frame, Hello) else ""
        spec = self._expected.pop(token, None)
        if spec is None:
            logger.warning("closed a connection to the workers' socket: it did not send a valid secret")
            connection.close()
            return
        if frame is not None:
            self._reports.on_frame(spec, frame)
        task = self._serving[token] = self._begin(self._serve(connection, spec))
        task.add_done_callback(lambda _: self._serving.pop(token))

    async def _serve(self, connection: socket.socket, spec: TaskSpec) -> None:
        with connection:
            try:
                await _Connection(connection, spec, self._bus, self._reports).serve()
            except ConnectionError:
                return  # the normal end of a worker
            except ValueError as error:
                logger.warning("%s of %s sent an invalid frame: %s", spec.component, spec.party, error)


class _Connection:
    """The connection of an identified worker."""

    def __init__(self, connection: socket.socket, spec: TaskSpec, bus: ValueTransport, reports: WorkerReports) -> None:
        self._socket = connection
        self._spec = spec
        self._bus = bus
        self._reports = reports
        self._writing = asyncio.Lock()

    async def serve(self) -> None:
        """Return when the worker has closed its end. Requests are answered concurrently, so that this is noticed."""
        requests: set[asyncio.Task[None]] = set()
        try:
            while True:
                frame, payload = await _read_frame(self._socket)
                self._reports.on_frame(self._spec, frame)
                match frame:
                    case Sent() | Wanted():
                        task = asyncio.create_task(self._answer(frame, payload))
                        requests.add(task)
                        task.add_done_callback(requests.discard)
                    case Progressed(done=done, total=total):
                        self._reports.progressed(self._spec, done, total)
                    case MetricsWritten():
                        self._reports.metrics_written(self._spec, frame)
                    case Finished():
                        self._reports.finished(self._spec, frame)
                    case Hello():
                        raise ValueError("a second hello")
        finally:
            for task in requests:
                task.cancel()

    async def _answer(self, frame: Sent | Wanted, payload: bytearray) -> None:
        answer: SiteFrame
        value: Payload = b""
        try:
            if isinstance(frame, Sent):
                await self._bus.send(self._spec, frame, payload)
                answer = Accepted(frame.number)
            else:
                codec, value = await self._bus.receive(self._spec, frame)
                answer = Delivered(frame.number, codec, len(value))
        except FateFlowError as error:
            answer = Refused(frame.number, error.message)
        except Exception:
            logger.exception("%s of %s could not be handled", frame.name, self._spec.component)
            answer = Refused(frame.number, f"{frame.name}: the site failed to deliver it; see its log")
        self._reports.answered(self._spec, frame)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionError):
            async with self._writing:
                await loop.sock_sendall(self._socket, pack(answer))
                if value:
                    await loop.sock_sendall(self._socket, value)


async def _read_frame(connection: socket.socket) -> tuple[WorkerFrame, bytearray]:
    """Read one frame. Raises ConnectionError if the connection is closed, ValueError if the frame is invalid."""
    length = header_length(await _read(connection, LENGTH_BYTES))
    frame = worker_frame(await _read(connection, length))
    return frame, await _read(connection, frame.size) if frame.size else bytearray()


async def _read(connection: socket.socket, size: int) -> bytearray:
    loop = asyncio.get_running_loop()
    data = bytearray(size)
    view = memoryview(data)
    while view:
        count = await loop.sock_recv_into(connection, view)
        if not count:
            raise ConnectionResetError("the worker closed its channel")
        view = view[count:]
    return data
