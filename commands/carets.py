"""A line of a document with a mark below the spot that is meant; pure."""

from __future__ import annotations

import re
from textwrap import wrap
from typing import Final

from fateflow_tui.text.places import clean, width

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[-+\w.]+')
_LEFT: Final = 3  # the spot stands behind this part of the window, in quarters


def excerpt(source: str, line: int, column: int, columns: int) -> tuple[str, str, str]:
    """The line as it is shown, the blanks below it up to the spot, and the mark: `^` and `~` below the rest of the word
    that begins there. column: of the spot, from 1 on. What is wider than `columns` is cut around the spot.
    """
    text = clean(source).replace("\t", " ").rstrip()
    gutter, below = f"  {line} | ", f"  {' ' * len(str(line))} | "
    room = max(20, columns - len(gutter))
    spot = min(max(0, column - 1), len(text))
    start, end = _window(text, spot, room)
    token = _TOKEN.match(text, spot)
    until = min(token.end() if token else spot + 1, end)
    left, right = "…" if start else "", "…" if end < len(text) else ""
    blanks = " " * width(left + text[start:spot])
    mark = "^" + "~" * (width(text[spot:until]) - 1)
    return f"{gutter}{left}{text[start:end]}{right}", below + blanks, mark


def flowing(text: str, used: int, columns: int) -> list[str]:
    """A text that goes on below, indented, where it does not fit. used: columns of its first line that are taken;
    columns: 0 for any number.
    """
    if not columns:
        return [text]
    lines = wrap(text, max(20, columns), initial_indent=" " * used, subsequent_indent="    ", break_long_words=False)
    return [lines[0][used:], *lines[1:]] if lines and lines[0].strip() else [text]


def _window(text: str, spot: int, room: int) -> tuple[int, int]:
    """Which part of a text is shown in so many columns, the spot in it."""
    if width(text) <= room:
        return 0, len(text)
    room -= 2  # the signs for what is left out
    start = spot
    while start and width(text[start - 1 : spot]) <= room * _LEFT // 4:
        start -= 1
    if start and width(text[:spot]) <= room * _LEFT // 4:
        start = 0
    end = spot
    while end < len(text) and width(text[start : end + 1]) <= room:
        end += 1
    return start, end
