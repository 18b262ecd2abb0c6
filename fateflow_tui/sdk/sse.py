"""Reading server-sent events; pure."""

from __future__ import annotations

import msgspec


class Frame(msgspec.Struct, frozen=True):
    """One event of a stream. number: its id, None without one."""

    kind: str
    data: bytes
    number: int | None = None


class FrameReader:
    """Takes lines without their ends, gives an event at each empty line that closes one."""

    def __init__(self) -> None:
        self._kind = "message"
        self._data: list[str] = []
        self._number: int | None = None

    def feed(self, line: str) -> Frame | None:
        if not line:
            frame = Frame(self._kind, "\n".join(self._data).encode(), self._number) if self._data else None
            self._kind, self._data, self._number = "message", [], None
            return frame
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._kind = value
        elif field == "data":
            self._data.append(value)
        elif field == "id" and value.isdigit():
            self._number = int(value)
        return None
