"""The worker's end of its channel to the site: blocking, one request at a time."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.ids import Party
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
    TaskOutcome,
    Wanted,
    WorkerFrame,
)
from fateflow_tui.worker.codec import CODEC, Buffer, Payload
from fateflow_tui.worker.protocol import LENGTH_BYTES, header_length, pack, site_frame

_PROGRESS_PAUSE: Final = 0.1  # seconds between progress frames
_SEND_BUFFERS: Final = 512  # below the system's limit for one call


class SiteChannel:
    """Implements `worker.context.Exchange`, and sends the final frame. Raises OSError if the site has ended."""

    def __init__(self, path: str, token: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(path)
        self._readable = select.poll()
        self._readable.register(self._socket, select.POLLIN)
        self._lock = threading.Lock()
        self._number = 0
        self._shown_at = 0.0
        self._send(Hello(token))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, to: Sequence[Party], name: str, tag: str, payload: Payload) -> None:
        with self._lock:
            number = self._next()
            self._send(Sent(number, list(to), name, tag, CODEC, payload.size), payload.buffers)
            self._answer(number, None)

    def receive(self, source: Party, name: str, tag: str, timeout: float | None) -> Buffer:
        with self._lock:
            number = self._next()
            self._send(Wanted(number, source, name, tag))
            answer = self._answer(number, timeout)
        if answer is None:
            raise ComponentFailed(f"{name} with tag {tag!r} from {source} did not arrive within {timeout} s")
        codec, payload = answer
        if codec != CODEC:
            raise ComponentFailed(
                f"{name} from {source} is encoded as {codec!r}, which this version cannot read",
                hint="run compatible versions at both sites",
            )
        return payload

    def progress(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done >= total or now - self._shown_at >= _PROGRESS_PAUSE:
            self._shown_at = now
            with self._lock:
                self._send(Progressed(done, total))

    def metrics_written(self, frame: MetricsWritten) -> None:
        with self._lock:
            self._send(frame)

    def finish(self, outcome: TaskOutcome) -> None:
        """Send the final frame."""
        with self._lock:
            self._send(Finished(outcome))

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _send(self, frame: WorkerFrame, payload: Sequence[Buffer] = ()) -> None:
        pending = [memoryview(part) for part in (pack(frame), *payload) if len(part)]
        while pending:
            sent = self._socket.sendmsg(pending[:_SEND_BUFFERS])
            while pending and sent >= len(pending[0]):
                sent -= len(pending.pop(0))
            if sent:
                pending[0] = pending[0][sent:]

    def _answer(self, number: int, timeout: float | None) -> tuple[str, bytearray] | None:
        """Codec and payload of the answer to a request; None on timeout. Late answers to older requests are dropped."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not self._readable.poll(None if left is None else left * 1000):
                return None
            frame = self._frame()
            payload = self._exactly(frame.size)
            if frame.number != number:
                continue
            match frame:
                case Accepted():
                    return "", payload
                case Delivered(codec=codec):
                    return codec, payload
                case Refused(reason=reason):
                    raise ComponentFailed(reason)

    def _frame(self) -> SiteFrame:
        length = header_length(self._exactly(LENGTH_BYTES))
        return site_frame(self._exactly(length))

    def _exactly(self, size: int) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = self._socket.recv_into(view)
            if not count:
                raise ConnectionResetError("the site closed the worker's channel")
            view = view[count:]
        return data
