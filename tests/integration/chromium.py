"""A headless Chromium for tests, driven by its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
import signal
import struct
import subprocess
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

from tests.integration.clusters import until

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # there is nothing but this machine
    "--remote-debugging-port=0",
)
_LIMIT = 40.0  # seconds until what is waited for must be there


class Page:
    """One page. requests: the addresses that it asked for. heard: all that its websockets received. complaints: errors
    that the browser found in it.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._news = asyncio.Event()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.heard = b""

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(_LIMIT):
            return await answer

    async def evaluate(self, script: str) -> Any:
        """The script's value; of a promise what it promises."""
        answer = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def press(self, key: str) -> None:
        """A letter, or Enter."""
        text = "\r" if key == "Enter" else key
        await self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=text)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def hears(self, *wanted: str) -> None:
        """Returns when its websockets have received these texts."""
        words = [word.encode() for word in wanted]
        try:
            async with asyncio.timeout(_LIMIT):
                while not all(word in self.heard for word in words):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no {wanted} in {self.heard[-4000:]!r}; {self.complaints}") from None

    async def drawn(self) -> bytes:
        """A PNG of the page, once it has drawn what it knows."""
        await self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])

    async def follow(self) -> None:
        async for message in self._socket:
            event = json.loads(message.data)
            if "id" in event:
                answer = self._answers.pop(event["id"])
                if "error" in event:
                    answer.set_exception(RuntimeError(str(event["error"])))
                else:
                    answer.set_result(event["result"])
            else:
                self._take(event["method"], event["params"])
            self._news.set()

    def _take(self, method: str, details: dict[str, Any]) -> None:
        match method:
            case "Network.requestWillBeSent":
                self.requests.append(details["request"]["url"])
            case "Network.webSocketCreated":
                self.requests.append(details["url"])
            case "Network.webSocketFrameReceived":
                frame = details["response"]
                text: str = frame["payloadData"]
                self.heard += base64.b64decode(text) if frame["opcode"] == 2 else text.encode()
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(details))
            case "Log.entryAdded" if details["entry"]["level"] == "error":
                self.complaints.append(json.dumps(details))


@asynccontextmanager
async def opened(folder: Path, size: tuple[int, int] = (1280, 800)) -> AsyncIterator[Page]:
    """An empty page in a browser of its own."""
    profile = folder / "chromium"
    process = _started(profile, size)
    try:
        port = await _port(profile / "DevToolsActivePort", process)
        async with aiohttp.ClientSession() as client:
            async with client.get(f"http://127.0.0.1:{port}/json/list") as answer:
                target = next(one for one in await answer.json() if one["type"] == "page")
            async with client.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Page(socket)
                following = asyncio.create_task(page.follow())
                for domain in ("Network", "Page", "Runtime", "Log"):
                    await page.call(f"{domain}.enable")
                await page.call("Emulation.setFocusEmulationEnabled", enabled=True)
                yield page
                await socket.close()
                await following
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _started(profile: Path, size: tuple[int, int]) -> subprocess.Popen[bytes]:
    words = [str(PROGRAM), *_OPTIONS, f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}", "about:blank"]
    with profile.with_suffix(".log").open("wb") as log:
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


async def _port(file: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the browser listens; its file says so when it does."""
    found: list[str] = []

    def is_known() -> bool:
        assert process.poll() is None, "the browser has ended; chromium.log says why"
        with suppress(FileNotFoundError):
            found[:] = file.read_text().split()
        return len(found) == 2

    await asyncio.to_thread(until, is_known, "the browser does not listen", _LIMIT)
    return found[0]


def rows_of(png: bytes) -> list[bytes]:
    """The lines of a picture as they are packed: in an empty one all but the first are alike."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, packed, height = 8, b"", 0
    while at < len(png):
        (length,), kind = struct.unpack_from(">I", png, at), png[at + 4 : at + 8]
        body = png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            height = struct.unpack_from(">I", body, 4)[0]
        elif kind == b"IDAT":
            packed += body
        at += length + 12
    data = zlib.decompress(packed)
    size = len(data) // height
    return [data[start : start + size] for start in range(0, len(data), size)]
