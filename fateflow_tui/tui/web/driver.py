"""Textual's driver for pages, for the case that the server is gone."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from textual import messages
from textual.drivers.web_driver import WebDriver


class PageDriver(WebDriver):
    """Ends the dashboard when nobody can send keys to it any more, and writes whole frames."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self._write = partial(_write_all, self.fileno)

    def run_input_thread(self) -> None:
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.post_message(messages.ExitApp())


def _write_all(descriptor: int, data: bytes) -> int:
    """A signal may cut a write short, and the rest of a frame must follow it."""
    left = memoryview(data)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except BrokenPipeError:
        pass  # the input has ended too, and that ends the dashboard
    return len(data)
