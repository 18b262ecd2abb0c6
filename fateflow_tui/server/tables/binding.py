"""Looking at a file that is to be bound, in a process of its own (see `table_process`)."""

from __future__ import annotations

import tempfile
from typing import IO

import msgspec

from fateflow_tui.artifacts.binding import BindRequest, Found, inspect
from fateflow_tui.server.tables.process import ask


async def look_at(request: BindRequest) -> Found:
    """Raises BadRequest or ComponentFailed for a file that cannot be a table."""
    with tempfile.TemporaryFile() as output:
        await ask(__name__, msgspec.json.encode(request), output)
        return msgspec.json.decode(output.read(), type=Found)


def main(question: bytes, output: IO[bytes]) -> None:
    output.write(msgspec.json.encode(inspect(msgspec.json.decode(question, type=BindRequest))))
