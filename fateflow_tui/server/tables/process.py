"""Work on rows for the scheduler, which does not load Polars: separate processes do it, asked over a socket. They are
kept for a while, because starting one takes longer than most answers. A question names the function that answers it,
as `module:function`, and comes with the file to which the answer is written.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import importlib
import os
import select
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Final

import msgspec

from fateflow_tui.core.errors import BadRequest, ComponentFailed, Conflict, DamagedFile, FateFlowError, NotFound

_MAX_PROCESSES: Final = 4  # further questions wait
_MAX_IDLE: Final = 2  # processes that are kept
_IDLE_TIMEOUT: Final = 30.0  # seconds without a question after which a process ends
_KINDS: Final = {kind.__name__: kind for kind in (BadRequest, ComponentFailed, Conflict, DamagedFile, NotFound)}
_HEAD: Final = 4  # bytes of a message's length
# Separate threads, so that questions do not block the threads of the event loop.
_threads: Final = ThreadPoolExecutor(_MAX_PROCESSES, "table-reader")


class _Question(msgspec.Struct, frozen=True):
    function: str
    content: bytes


class _Outcome(msgspec.Struct, frozen=True):
    """kind: "" for an answer, else the name of the error's class."""

    kind: str = ""
    message: str = ""
    hint: str = ""


class _ProcessEnded(Exception):
    """The process ended before it answered."""


class _Reader:
    """One such process, as the scheduler sees it."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "fateflow_tui.server.tables.process"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                # it does no algebra, and starting threads takes time
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )

    def ask(self, question: bytes, output: IO[bytes]) -> _Outcome:
        try:
            socket.send_fds(self._socket, [len(question).to_bytes(_HEAD)], [output.fileno()])
            self._socket.sendall(question)
            return msgspec.json.decode(_message(self._socket), type=_Outcome)
        except OSError as error:
            raise _ProcessEnded from error

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        self._socket.close()
        self._process.wait()


_idle: Final[list[_Reader]] = []


async def ask(function: str, question: bytes, output: IO[bytes]) -> None:
    """Have a function (`module:function`) answer into `output`, and rewind it. Raises what the function raised."""
    turn = _Turn()
    packed = msgspec.msgpack.encode(_Question(function, question))
    work = asyncio.get_running_loop().run_in_executor(_threads, turn.ask, packed, output)
    try:
        outcome = await asyncio.shield(work)
    except asyncio.CancelledError:
        turn.cancel()
        # The thread uses `output`, which the caller closes as soon as this ends.
        await asyncio.wait([work])
        raise
    if outcome.kind:
        raise _KINDS.get(outcome.kind, FateFlowError)(outcome.message, hint=outcome.hint)
    output.seek(0)


class _Turn:
    """One question, asked in a thread."""

    def __init__(self) -> None:
        self._reader: _Reader | None = None
        self._is_wanted = True

    def ask(self, question: bytes, output: IO[bytes]) -> _Outcome:
        while self._is_wanted:
            try:
                self._reader, is_new = _idle.pop(), False
            except IndexError:
                self._reader, is_new = _Reader(), True
            try:
                outcome = self._reader.ask(question, output)
            except _ProcessEnded:  # an idle process may have ended; then another one is asked
                self._reader.end()
                if is_new:
                    break
            else:
                reader, self._reader = self._reader, None
                _keep(reader)
                return outcome
        return _Outcome("FateFlowError", "the table could not be read: the process that reads it ended")

    def cancel(self) -> None:
        """Kill the process: the answer is no longer wanted."""
        self._is_wanted = False
        reader = self._reader
        if reader is not None:
            reader.kill()


def _keep(reader: _Reader) -> None:
    if len(_idle) < _MAX_IDLE:
        _idle.append(reader)
    else:
        reader.end()


@atexit.register
def _end_all() -> None:
    while _idle:
        _idle.pop().end()


def _message(line: socket.socket) -> bytes:
    return _exactly(line, int.from_bytes(_exactly(line, _HEAD)))


def _exactly(line: socket.socket, size: int) -> bytes:
    content = bytearray()
    while len(content) < size:
        part = line.recv(size - len(content))
        if not part:
            raise ConnectionResetError
        content += part
    return bytes(content)


def serve(line: socket.socket) -> None:
    """Answer questions until the scheduler closes the socket or asks nothing for a while; runs in the other process."""
    while select.select([line], [], [], _IDLE_TIMEOUT)[0]:
        head, files, _, _ = socket.recv_fds(line, _HEAD, 1)
        if not files:
            return
        with os.fdopen(files[0], "wb") as output:
            head += _exactly(line, _HEAD - len(head))
            question = msgspec.msgpack.decode(_exactly(line, int.from_bytes(head)), type=_Question)
            outcome = _answered(question, output)
        content = msgspec.json.encode(outcome)
        line.sendall(len(content).to_bytes(_HEAD) + content)


def _answered(question: _Question, output: IO[bytes]) -> _Outcome:
    try:
        module, _, function = question.function.partition(":")
        getattr(importlib.import_module(module), function)(question.content, output)
        output.flush()
    except FateFlowError as error:
        kind = next((base.__name__ for base in type(error).__mro__ if base.__name__ in _KINDS), "FateFlowError")
        return _Outcome(kind, error.message, error.hint or "")
    except Exception as fault:
        return _Outcome("FateFlowError", f"the table could not be read: {type(fault).__name__}: {fault}")
    return _Outcome()


if __name__ == "__main__":
    with contextlib.suppress(ConnectionError):
        serve(socket.socket(fileno=0))
