"""Stack samples of workers: what a process wrote when it was asked where it is, see `worker.child`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from pathlib import Path
from typing import Final

from fateflow_tui.artifacts.logs import STACKS

_PATIENCE: Final = 1.0  # seconds
_LOOK_EVERY: Final = 0.01
_MOST: Final = 64 << 10  # bytes
_OUTER: Final = re.compile(r'  File ".*/fateflow_tui/worker/[^"]+", line \d+ in .*')


def reset_stacks(directory: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.truncate(directory / STACKS, 0)


async def read_stacks(directory: Path) -> str:
    """What the worker has written; '' when nothing came in time."""
    path, seen = directory / STACKS, ""
    for _ in range(round(_PATIENCE / _LOOK_EVERY)):
        await asyncio.sleep(_LOOK_EVERY)
        text = await asyncio.to_thread(_text, path)
        if text and text == seen:
            return inner(text)
        seen = text
    return inner(seen)


def inner(text: str) -> str:
    """Stacks without the lines of the machinery around a task, which are always the same."""
    lines = text.rstrip().split("\n")
    while (lines and _OUTER.fullmatch(lines[-1])) or (lines and lines[-1].startswith('  File "<frozen ')):
        lines.pop()
    return "\n".join(lines)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST).decode(errors="replace")
    except FileNotFoundError:
        return ""
