"""Generates the synchronous client from the asynchronous one: python tests/generate_client.py"""

from __future__ import annotations

import io
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).parents[1] / "fateflow_tui" / "sdk" / "async_client.py"
TARGET: Final = SOURCE.with_name("client.py")

_HEADER: Final = """\
# Generated from async_client.py by tests/generate_client.py; do not edit.
"""
_DROPPED: Final = ("async", "await")
_NAMES: Final = {
    "AsyncClient": "Client",
    "AsyncFateFlow": "FateFlow",
    "AsyncGenerator": "Generator",
    "AsyncIterator": "Iterator",
    "AsyncMode": "SyncMode",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "aclose": "close",
    "aclosing": "closing",
    "aiter_bytes": "iter_bytes",
    "aiter_lines": "iter_lines",
    "aread": "read",
    "asyncio": "time",
}
_DOCSTRINGS: Final = {
    '"""The asynchronous client; the source of the synchronous one."""': '"""The synchronous client."""',
    '"""An asynchronous client of a scheduler.': '"""A synchronous client of a scheduler.',
}


def generated() -> str:
    """The synchronous client as it should be."""
    source = SOURCE.read_text(encoding="utf-8")
    return _formatted(_HEADER + "".join(_translated(source)))


def _translated(source: str) -> Iterator[str]:
    """The pieces of the translated text, with the space between them. Only whole tokens change."""
    lines, row, column = source.splitlines(keepends=True), 1, 0
    dropped = False
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        (begin_row, begin), (end_row, end) = token.start, token.end
        if begin_row > len(lines):
            break
        space = (
            lines[row - 1][column:begin] if row == begin_row else lines[row - 1][column:] + lines[begin_row - 1][:begin]
        )
        yield "" if dropped else space
        dropped = token.type == tokenize.NAME and token.string in _DROPPED
        if not dropped:
            yield _word(token)
        row, column = end_row, end


def _word(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.STRING:
        for old, new in _DOCSTRINGS.items():
            if token.string.startswith(old):
                return new + token.string.removeprefix(old)
        return token.string
    return _NAMES.get(token.string, token.string) if token.type == tokenize.NAME else token.string


def _formatted(text: str) -> str:
    """Shorter words need fewer line breaks and sort differently, and a module may now be imported twice."""
    for command in (["check", "--select", "I,F811", "--fix", "--quiet"], ["format", "--quiet"]):
        words = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(TARGET), "-"]
        text = subprocess.run(words, input=text, capture_output=True, text=True, check=True).stdout
    return text


if __name__ == "__main__":
    TARGET.write_text(generated(), encoding="utf-8")
