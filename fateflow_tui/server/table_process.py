"""Work on rows for the scheduler, which does not load Polars: a process of its own does it, `python -m MODULE`, asked
by one JSON object on stdin. It answers on stdout; an error it tells on stderr, in a form from which it is raised here.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from typing import IO, Final

import msgspec

from fateflow_tui.core.errors import BadRequest, ComponentFailed, Conflict, DamagedFile, FateFlowError, NotFound

_REFUSED: Final = 3  # exit code: the error on stderr is the user's to mend
_AT_ONCE: Final = 4  # processes; more wait for their turn
_KINDS: Final = {kind.__name__: kind for kind in (BadRequest, ComponentFailed, Conflict, DamagedFile, NotFound)}
_turns: Final = asyncio.Semaphore(_AT_ONCE)


class _Refusal(msgspec.Struct, frozen=True):
    kind: str
    message: str
    hint: str = ""


async def ask(module: str, question: bytes, output: IO[bytes]) -> None:
    """Lets the module's process answer into `output`, which is then at its beginning. Raises what the process did."""
    async with _turns:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module),
            stdin=asyncio.subprocess.PIPE,
            stdout=output.fileno(),
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # no algebra is done there, and threads take time to start
        )
        try:
            _, complaint = await process.communicate(question)
        finally:
            if process.returncode is None:
                process.kill()
    lines = complaint.strip().splitlines() or [b"no reason given"]
    if process.returncode == _REFUSED:
        refusal = msgspec.json.decode(lines[-1], type=_Refusal)
        raise _KINDS.get(refusal.kind, FateFlowError)(refusal.message, hint=refusal.hint)
    if process.returncode:
        raise FateFlowError(f"the table could not be read: {lines[-1].decode(errors='replace')}")
    output.seek(0)


def serve(answer: Callable[[bytes, IO[bytes]], None]) -> int:
    """The process's side: answers the question on stdin. Returns the exit code."""
    try:
        answer(sys.stdin.buffer.read(), sys.stdout.buffer)
    except FateFlowError as error:
        kind = next((base.__name__ for base in type(error).__mro__ if base.__name__ in _KINDS), "")
        sys.stderr.buffer.write(msgspec.json.encode(_Refusal(kind, error.message, error.hint)) + b"\n")
        return _REFUSED
    return 0
