"""Text measured in terminal cells, as rich and Textual measure it, and lines made of pieces with named styles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def width(text: str) -> int:
    """Return the number of cells that a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # here: commands that print ASCII do not need its tables

    return cell_len(text)


def clean(text: str) -> str:
    """Replace control characters, which could change the terminal; newlines and tabs stay."""
    return _CONTROL.sub("�", text)


def on_one_line(text: str) -> str:
    """Replace control characters, and newlines and tabs with blanks."""
    return clean(re.sub(r"[\t\n\r]", " ", text))


def cut(text: str, max_width: int, more: str = "…") -> str:
    """Shorten a text to at most `max_width` cells; `more` marks the cut."""
    if width(text) <= max_width:
        return text
    return f"{fitting(text, max_width - width(more))}{more}" if max_width > 0 else ""


def fitting(text: str, max_width: int) -> str:
    """Return the longest beginning of a text that fits."""
    if text.isascii():
        return text[: max(0, max_width)]
    from rich.cells import chop_cells

    return chop_cells(text, max_width)[0] if max_width > 0 else ""


def padded(text: str, to_width: int, *, right: bool = False) -> str:
    """Cut or fill a text to exactly so many cells. right: align to the right."""
    text = cut(text, to_width)
    blanks = " " * (to_width - width(text))
    return blanks + text if right else text + blanks


Span = tuple[str, str]
"""A text and the names of its styles, joined by blanks; "" for the plain style."""
Spans = list[Span]


def spans_width(spans: Iterable[Span]) -> int:
    """Return the number of cells of a line."""
    return sum(width(text) for text, _ in spans)


def exactly(spans: Spans, to_width: int) -> Spans:
    """Cut or fill a line to exactly so many cells."""
    kept: Spans = []
    left = to_width
    for text, style in spans:
        if left <= 0:
            break
        kept.append((cut(text, left), style))
        left -= min(left, width(text))
    return [*kept, (" " * left, "")] if left > 0 else kept


def beside(blocks: Sequence[Sequence[Spans]], block_width: int) -> Iterator[Spans]:
    """Put blocks of lines next to each other, each as wide as `block_width`, with two blanks between them."""
    for row in range(max(map(len, blocks), default=0)):
        line: Spans = []
        for block in blocks:
            line += [("  ", "")] if line else []
            line += exactly(block[row] if row < len(block) else [], block_width)
        yield line


def wrapped(spans: Spans, max_width: int, *, indent: int | None = None) -> list[Spans]:
    """Wrap a line at words; 0: do not wrap.

    indent: cells before the further lines; by default they start below the second span where the first one is a short
    name, else at the margin.
    """
    if spans_width(spans) <= max_width or max_width <= 0:
        return [spans]
    if indent is None:
        name_width = width(spans[0][0])
        indent = name_width if len(spans) > 1 and name_width <= max_width // 3 else 0
    margin: Spans = [(" " * indent, "")] if indent else []
    further = max(1, max_width - indent)
    lines: list[Spans] = [[]]
    left = max_width
    for text, style in spans:
        for word in re.findall(r" +|[^ ]+", text):
            if width(word) > left and left < further:
                lines.append([*margin])
                left = further
                if word.isspace():
                    continue
            while width(word) > left:
                piece = fitting(word, left) or word[:1]
                lines[-1].append((piece, style))
                word = word[len(piece) :]
                lines.append([*margin])
                left = further
            lines[-1].append((word, style))
            left -= width(word)
    return lines
