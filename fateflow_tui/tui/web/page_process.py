"""The process behind one page: its start, its frames to the page, its end."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from typing import Final

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from fateflow_tui.tui.web.opening import Opening

PATIENCE: Final = 5.0  # seconds that a dashboard is given to end by itself
_DRIVER: Final = "fateflow_tui.tui.web.driver:PageDriver"


class PageProcess(AppService):
    """The page is told when the process ends, in whatever way; the process ends when it is told to, or is killed."""

    def __init__(self, opening: Opening, page: web.WebSocketResponse, downloads: DownloadManager) -> None:
        super().__init__(
            "", write_bytes=page.send_bytes, write_str=page.send_str, close=self._closed, download_manager=downloads
        )
        self._opening = opening
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
        return built | self._opening.environment | {"TEXTUAL_DRIVER": _DRIVER}

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        """In a session of its own: an interrupt from the keyboard is for the server, which ends what it has started."""
        words = [sys.executable, "-P", "-m", "fateflow_tui.tui.web"]
        process = await asyncio.create_subprocess_exec(
            *words,
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
