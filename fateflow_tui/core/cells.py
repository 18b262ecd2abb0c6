"""Text measured in terminal cells, and lines made of pieces with named styles."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

_STEERING: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def width(text: str) -> int:
    """Places that a text takes."""
    return len(text) if text.isascii() else sum(map(places_of, text))


def places_of(sign: str) -> int:
    """0 for marks that combine with the sign before them, 2 for signs of double width."""
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def clean(text: str) -> str:
    """The text without what could steer a terminal; newlines and tabs stay."""
    return _STEERING.sub("�", text)


def on_one_line(text: str) -> str:
    """The text without what could steer a terminal, newlines and tabs as blanks."""
    return clean(re.sub(r"[\t\n\r]", " ", text))


def cut(text: str, room: int) -> str:
    """At most `room` places; what was left out is `…`."""
    if width(text) <= room:
        return text
    while text and width(text) > room - 1:
        text = text[:-1]
    return f"{text}…" if room > 0 else ""


def padded(text: str, room: int, *, right: bool = False) -> str:
    """Exactly `room` places."""
    text = cut(text, room)
    blanks = " " * (room - width(text))
    return blanks + text if right else text + blanks


Span = tuple[str, str]
"""A text and the names of its styles, joined by blanks; "" for the plain one."""
Spans = list[Span]


def spans_width(spans: Iterable[Span]) -> int:
    return sum(width(text) for text, _ in spans)


def exactly(spans: Spans, columns: int) -> Spans:
    """Cut or filled up to just so many places."""
    kept: Spans = []
    left = columns
    for text, style in spans:
        if left <= 0:
            break
        kept.append((cut(text, left), style))
        left -= min(left, width(text))
    return [*kept, (" " * left, "")] if left > 0 else kept


def beside(blocks: Sequence[Sequence[Spans]], columns: int) -> Iterator[Spans]:
    """Blocks of lines next to each other, each in a field of so many places, two blanks between them."""
    for row in range(max(map(len, blocks), default=0)):
        line: Spans = []
        for block in blocks:
            line += [("  ", "")] if line else []
            line += exactly(block[row] if row < len(block) else [], columns)
        yield line


def wrapped(spans: Spans, room: int) -> list[Spans]:
    """One line in as many as it takes. They go on below the second span, where the first is a short name."""
    if spans_width(spans) <= room or room <= 0:
        return [spans]
    indent = width(spans[0][0]) if len(spans) > 1 and width(spans[0][0]) <= room // 3 else 0
    lines: list[Spans] = [[]]
    left = room
    for text, style in spans:
        for word in re.findall(r" +|[^ ]+", text):
            if width(word) > left and left < room - indent:
                lines.append([(" " * indent, "")] if indent else [])
                left = room - indent
                if word.isspace():
                    continue
            while width(word) > left:
                lines[-1].append((word[:left], style))
                word = word[left:]
                lines.append([(" " * indent, "")] if indent else [])
                left = room - indent
            lines[-1].append((word, style))
            left -= width(word)
    return lines
