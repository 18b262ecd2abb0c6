"""Work on rows for the scheduler, which does not load Polars: processes of their own do it, asked over a socket. They
are kept for a while, as starting one takes longer than most answers. A question names the module whose `main` answers
it, and comes with the file to which the answer is written.
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

_AT_ONCE: Final = 4  # processes; more wait for their turn
_KEPT: Final = 2  # of them, when there is nothing to do
_LEISURE: Final = 30.0  # seconds without a question after which a process ends
_KINDS: Final = {kind.__name__: kind for kind in (BadRequest, ComponentFailed, Conflict, DamagedFile, NotFound)}
_HEAD: Final = 4  # bytes that tell how long a message is
# Threads of their own, so that who waits here keeps nobody else from those of the loop.
_askers: Final = ThreadPoolExecutor(_AT_ONCE, "table-reader")


class _Question(msgspec.Struct, frozen=True):
    module: str
    content: bytes


class _Outcome(msgspec.Struct, frozen=True):
    """kind: "" when it was answered, else the name of the error's class."""

    kind: str = ""
    message: str = ""
    hint: str = ""


class _Gone(Exception):
    """The process has ended before it answered."""


class _Reader:
    """One such process, seen from the scheduler."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "fateflow_tui.server.tables.process"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                # no algebra is done there, and threads take time to start
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )

    def ask(self, question: bytes, output: IO[bytes]) -> _Outcome:
        try:
            socket.send_fds(self._socket, [len(question).to_bytes(_HEAD)], [output.fileno()])
            self._socket.sendall(question)
            return msgspec.json.decode(_message(self._socket), type=_Outcome)
        except OSError as error:
            raise _Gone from error

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        self._socket.close()
        self._process.wait()


_idle: Final[list[_Reader]] = []


async def ask(module: str, question: bytes, output: IO[bytes]) -> None:
    """Lets the module's `main` answer into `output`, which is then at its beginning. Raises what it did."""
    turn = _Turn()
    packed = msgspec.msgpack.encode(_Question(module, question))
    work = asyncio.get_running_loop().run_in_executor(_askers, turn.ask, packed, output)
    try:
        outcome = await asyncio.shield(work)
    except asyncio.CancelledError:
        turn.give_up()
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
            except _Gone:
                self._reader.end()
                if is_new:
                    break
            else:  # a kept one may have ended at leisure: then another is asked
                reader, self._reader = self._reader, None
                _keep(reader)
                return outcome
        return _Outcome("FateFlowError", "the table could not be read: the process that reads it has ended")

    def give_up(self) -> None:
        """Nobody waits for the answer any more."""
        self._is_wanted = False
        reader = self._reader
        if reader is not None:
            reader.kill()


def _keep(reader: _Reader) -> None:
    if len(_idle) < _KEPT:
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
    """The process's side: answers until the scheduler hangs up, or has had no question for a while."""
    while select.select([line], [], [], _LEISURE)[0]:
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
        importlib.import_module(question.module).main(question.content, output)
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
