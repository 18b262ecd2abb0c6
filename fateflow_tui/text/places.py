"""How much room a text takes in a terminal, and texts that take just so much."""

from __future__ import annotations

import re
import unicodedata
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
