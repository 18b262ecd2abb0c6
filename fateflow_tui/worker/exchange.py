"""The door through which a running task reaches the other parties and whoever watches it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from fateflow_tui.core.ids import Party
from fateflow_tui.worker.codec import Buffer, Payload


class Exchange(Protocol):
    """One task's end of the message plane. Names, tags and directions have been checked before it is called."""

    def send(self, to: Sequence[Party], name: str, tag: str, payload: Payload) -> None:
        """Returns once the value is on its way or waits for its receivers. Raises ComponentFailed if it cannot."""
        ...

    def receive(self, source: Party, name: str, tag: str, timeout: float | None) -> Buffer:
        """The payload, when it is there. Raises ComponentFailed when the other side is gone or time (s) is up."""
        ...

    def progress(self, done: int, total: int) -> None: ...

    def metrics_written(self, namespace: str, name: str) -> None: ...
