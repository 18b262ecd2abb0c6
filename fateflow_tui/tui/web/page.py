"""One page of the dashboard in a browser: its process, its driver and its settings."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import msgspec
from aiohttp import web
from textual import messages
from textual.drivers.web_driver import WebDriver
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from fateflow_tui.tui.store import ConnectionSettings

# In the environment, as the arguments of a process are visible to everybody and the settings may hold a secret.
_VARIABLE: Final = "FATEFLOW_DASH_SETTINGS"


class PageSettings(msgspec.Struct, frozen=True):
    """What the process behind a page needs: the fields of `ConnectionSettings`, the theme and the demo's folder."""

    url: str = ""
    home: str = ""
    app_key: str = ""
    secret_key: str = ""
    start: bool = False
    theme: str = ""
    demo: str = ""

    @classmethod
    def of(cls, connection: ConnectionSettings, theme: str, demo: Path) -> Self:
        own = str(connection.directory)
        return cls(connection.url, own, connection.app_key, connection.secret_key, connection.start, theme, str(demo))

    @classmethod
    def from_environment(cls) -> Self:
        """Read the settings of this process and remove them from the environment that its children inherit."""
        return msgspec.json.decode(os.environ.pop(_VARIABLE), type=cls)

    @property
    def connection(self) -> ConnectionSettings:
        return ConnectionSettings(self.url, Path(self.home), self.app_key, self.secret_key, self.start)

    @property
    def environment(self) -> dict[str, str]:
        """The variable that `from_environment` reads in the page's process."""
        return {_VARIABLE: msgspec.json.encode(self).decode()}


class PageDriver(WebDriver):
    """Exits when the input is closed; writes whole frames."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self._write = partial(_write_all, self.fileno)

    def run_input_thread(self) -> None:
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.post_message(messages.ExitApp())


def _write_all(descriptor: int, data: bytes) -> int:
    """Write all data, as a signal may interrupt a write."""
    left = memoryview(data)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except BrokenPipeError:
        pass  # the input is closed too, which ends the dashboard
    return len(data)


PATIENCE: Final = 5.0  # seconds for a dashboard to exit by itself
_DRIVER: Final = "fateflow_tui.tui.web.page:PageDriver"


class PageProcess(AppService):
    """Closes the page when the process ends; stops the process when asked, and kills it if it does not exit."""

    def __init__(self, settings: PageSettings, page: web.WebSocketResponse, downloads: DownloadManager) -> None:
        super().__init__(
            "", write_bytes=page.send_bytes, write_str=page.send_str, close=self._closed, download_manager=downloads
        )
        self._settings = settings
        self._page = page

    async def run(self) -> None:
        try:
            await super().run()
        finally:
            await self._closed()

    async def stop(self) -> None:
        if self._process is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await super().stop()
                await self._process.wait()
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        built = super()._build_environment(width, height)
        return built | self._settings.environment | {"TEXTUAL_DRIVER": _DRIVER}

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        """Start it in its own session, as the server handles ctrl+c and stops its processes."""
        command = [sys.executable, "-P", "-m", "fateflow_tui.tui.web"]
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._build_environment(width, height),
            start_new_session=True,
        )
        self._process, self._stdin = process, process.stdin
        return process

    async def _closed(self) -> None:
        await self._page.close()
