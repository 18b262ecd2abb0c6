"""`fateflow dash --web`: who is let in, what a browser shows, and that nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import httpx
import pytest

from tests.integration import chromium
from tests.integration.clusters import RunningSite, alive, sleep_job, standalone, until, until_running, workers_of

_PROGRAM = "from fateflow_tui.commands.main import main; main()"
_LIMIT = 30.0  # seconds
_UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


class WebDash:
    """One `fateflow dash --web` and what it has printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], _LIMIT)
        assert ready, "it does not say where it is"
        self.url = process.stdout.readline().strip()
        parts = urlsplit(self.url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.port = parts.port
        self.token = parse_qs(parts.query)["token"][0]

    @contextmanager
    def client(self, *, known: bool = False, cookie: str = "") -> Iterator[httpx.Client]:
        """known: has been let in, and has the cookie; else `cookie`."""
        with httpx.Client(base_url=self.origin, trust_env=False) as made:
            if known:
                assert made.get(self.url).status_code == 200
            elif cookie:
                made.cookies.set(f"fateflow-dash-{self.port}", cookie)
            yield made

    @property
    def pages(self) -> list[int]:
        """The processes behind open pages, without those that they start."""
        return [pid for pid in workers_of(self.process.pid) if b"fateflow_tui.tui.web" in _arguments(pid)]

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(_LIMIT)


def _arguments(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


@contextmanager
def served(home: Path, *words: str, environment: Mapping[str, str] | None = None) -> Iterator[WebDash]:
    own = {"FATEFLOW_STATE": str(home.parent), "FATEFLOW_CONFIG": str(home.parent)}
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "DISPLAY", "BROWSER")}
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, "dash", "--web", "--home", str(home), *words],
        env=kept | own | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield WebDash(process)
        finally:
            below = workers_of(process.pid)
            process.kill()
            until(lambda: not alive(below), "processes are left behind")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with standalone(tmp_path_factory.mktemp("web") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def dash(site: RunningSite) -> Iterator[WebDash]:
    with served(site.home, "--no-open") as running:
        yield running


async def _with_page(dash: WebDash, then: Callable[[], Any]) -> bytes:
    """Opens a page's websocket as a browser does, does something once there are frames, and reads until it is closed.
    Gives all that was read.
    """
    heard = b""
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of a numeric address
    async with aiohttp.ClientSession(cookie_jar=jar) as client, asyncio.timeout(_LIMIT):
        async with client.get(dash.url) as answer:
            assert answer.status == 200
        address = f"{dash.origin}/ws?width=100&height=30"
        async with client.ws_connect(address, origin=dash.origin) as page:
            done = False
            async for message in page:
                heard += message.data if isinstance(message.data, bytes) else b""
                if not done and b"connected" in heard:
                    done = True
                    answer = then()
                    if answer is not None:
                        await page.send_json(answer)
    return heard


def test_it_listens_on_loopback_only(dash: WebDash) -> None:
    assert dash.origin == f"http://127.0.0.1:{dash.port}"
    assert len(dash.token) >= 40
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines() if line.split()[3] == "0A"]
    assert [where for where in listening if where.endswith(f":{dash.port:04X}")] == [f"0100007F:{dash.port:04X}"]


@pytest.mark.parametrize("path", ["/", "/?token=", "/?token=wrong", "/?ticket=wrong", "/nothing", "/download/x"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_without_the_token_nothing_is_answered(dash: WebDash, path: str, method: str) -> None:
    with dash.client() as client:
        answer = client.request(method, path)
        assert answer.status_code == 403
        assert "Set-Cookie" not in answer.headers
        assert dash.token not in answer.text


@pytest.mark.parametrize("path", ["/static/js/textual.js", "/page/page.js", "/page/index.html", "/ws"])
def test_the_token_opens_the_page_and_nothing_else(dash: WebDash, path: str) -> None:
    with dash.client() as client:
        assert client.get(path).status_code == 403
        assert client.get(path, params={"token": dash.token}).status_code == 403
        assert client.get(path, headers={"Authorization": f"Bearer {dash.token}"}).status_code == 403
    with dash.client(cookie="wrong") as client:
        assert client.get(path).status_code == 403


def test_the_token_becomes_a_cookie_that_no_script_and_no_other_site_can_use(dash: WebDash) -> None:
    with dash.client() as client:
        answer = client.get(dash.url)
        assert answer.status_code == 200
        assert "HttpOnly" in answer.headers["Set-Cookie"]
        assert "SameSite=Strict" in answer.headers["Set-Cookie"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        for path in ("/", "/static/js/textual.js", "/page/page.js"):
            assert client.get(path).status_code == 200
        assert client.get("/nothing").status_code == 404
        assert client.get("/page/../door.py").status_code == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:{port}", "10.0.0.1:{port}", "localhost@x", ""]
)
def test_a_page_that_calls_this_machine_by_another_name_is_refused(dash: WebDash, host: str) -> None:
    with dash.client(known=True) as client:
        for path in (dash.url, "/", "/ws"):
            assert client.get(path, headers={"Host": host.format(port=dash.port)}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}", "localhost:9999"])
def test_the_names_of_this_machine_are_taken_at_every_port_that_a_tunnel_may_have(dash: WebDash, host: str) -> None:
    with dash.client() as client:
        assert client.get(dash.url, headers={"Host": host.format(port=dash.port)}).status_code == 200


def test_a_websocket_is_opened_by_our_own_page_only(dash: WebDash) -> None:
    with dash.client(known=True) as client:
        other_port = f"http://127.0.0.1:{(dash.port or 0) + 1}"
        for origin in ("http://evil.example", "null", other_port, f"https://127.0.0.1:{dash.port}", ""):
            answer = client.get("/ws", headers={**_UPGRADE, "Origin": origin})
            assert answer.status_code == 403, origin
        assert client.get("/ws", headers=_UPGRADE).status_code == 403
        assert client.get("/", headers={"Origin": "http://evil.example"}).status_code == 403
    with dash.client() as stranger:
        assert stranger.get("/ws", headers={**_UPGRADE, "Origin": dash.origin}).status_code == 403
    assert dash.pages == []


def test_each_page_has_its_own_process_which_does_not_leak_the_token(dash: WebDash) -> None:
    seen: list[int] = []

    def look() -> list[str]:
        seen.extend(dash.pages)
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                assert not [word for word in _arguments(int(entry.name)) if dash.token.encode() in word], entry
        assert dash.token.encode() not in Path(f"/proc/{seen[0]}/environ").read_bytes()
        return ["stdin", "q"]

    heard = asyncio.run(_with_page(dash, look))
    assert b"Jobs" in heard
    assert len(seen) == 1
    until(lambda: not alive(seen), "the page's process lives on")
    assert dash.process.poll() is None


def test_a_page_is_notified_when_its_process_exits(dash: WebDash) -> None:
    asyncio.run(_with_page(dash, lambda: os.kill(dash.pages[0], signal.SIGKILL)))
    assert dash.process.poll() is None
    assert dash.pages == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_end_of_the_server_is_the_end_of_its_pages(site: RunningSite, number: signal.Signals) -> None:
    seen: list[int] = []
    with served(site.home, "--no-open") as dash:

        def end() -> None:
            seen.extend(dash.pages)
            dash.process.send_signal(number)

        asyncio.run(_with_page(dash, end))
        assert dash.process.wait(_LIMIT) == 0
        assert len(seen) == 1
        assert alive(seen) == []
        assert dash.process.stderr is not None
        assert "Traceback" not in dash.process.stderr.read()


def test_a_killed_server_leaves_no_page_behind(site: RunningSite) -> None:
    seen: list[int] = []
    with served(site.home, "--no-open") as dash:

        def kill() -> None:
            seen.extend(dash.pages)
            dash.process.kill()

        asyncio.run(_with_page(dash, kill))
        assert len(seen) == 1
        until(lambda: not alive(seen), "the page's process lives on")


def test_a_browser_is_started_with_an_address_that_is_good_once(site: RunningSite, tmp_path: Path) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" >{opened}.part && mv {opened}.part {opened}\n')
    browser.chmod(0o700)
    with served(site.home, environment={"BROWSER": str(browser)}) as dash:
        until(opened.exists, "no browser was started")
        address = opened.read_text()
        assert dash.token not in address
        with dash.client() as user, dash.client() as thief:
            assert user.get(address).status_code == 200
            assert user.get("/").status_code == 200
            assert thief.get(address).status_code == 403
        assert dash.end() == 0


def _said(*words: str, before: str = "") -> tuple[int, str]:
    program = [sys.executable, "-c", before + _PROGRAM, "dash", *words]
    done = subprocess.run(
        program, capture_output=True, text=True, timeout=_LIMIT, stdin=subprocess.DEVNULL, check=False
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_a_port_may_be_chosen_if_it_is_free(site: RunningSite) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        code, text = _said("--web", "--no-open", "--port", port, "--home", str(site.home))
        assert (code, f"port {port} of 127.0.0.1" in text) == (6, True)
    with served(site.home, "--no-open", "--port", port) as dash:
        assert dash.origin == f"http://127.0.0.1:{port}"


def test_a_missing_extra_is_reported_with_its_install_command(site: RunningSite) -> None:
    code, text = _said("--web", "--home", str(site.home), before="import sys; sys.modules['textual_serve'] = None; ")
    assert code == 1
    assert "pip install 'fateflow-tui[web]'" in text
    assert "Traceback" not in text


def test_what_makes_no_sense_is_refused_before_anything_listens(site: RunningSite) -> None:
    code, text = _said("--home", str(site.home))
    assert (code, "terminal" in text, "--web" in text) == (2, True, True)
    code, text = _said("--no-open", "--home", str(site.home))
    assert (code, "--web" in text) == (2, True)
    code, text = _said("--web", "--theme", "no-such", "--home", str(site.home))
    assert (code, "'no-such'" in text) == (2, True)


@pytest.mark.skipif(chromium.PROGRAM is None, reason="Chromium is not installed")
def test_chromium_shows_a_running_job_without_external_requests(
    site: RunningSite, dash: WebDash, tmp_path: Path
) -> None:
    job = site.flow.submit(*sleep_job(2, {"guest": [9999], "host": [10000]}, seconds=90)).job_id
    until_running(site.flow, job, "sleep_0")

    async def look() -> bytes:
        async with chromium.opened(tmp_path) as page:
            await page.call("Page.navigate", url=dash.url)
            await page.hears(job, "▶ running", "sleep_0", "connected")
            assert await page.evaluate("location.href") == f"{dash.origin}/"
            assert await page.evaluate("document.cookie") == ""
            assert await page.evaluate("[...document.fonts].map(face => face.status)") == ["loaded", "loaded"]
            assert {urlsplit(url).netloc for url in page.requests} == {f"127.0.0.1:{dash.port}"}
            await page.evaluate(_DRAWN)
            picture = await page.drawn()
            await page.press("s")
            await page.hears("Stop job", "fateflow job stop")
            await page.press("y")
            await page.hears("■ canceled")
            await page.press("q")
            await page.evaluate(_ENDED)
            page.heard = b""
            await page.press("Enter")  # another process, by the cookie
            await page.hears(job, "■ canceled")
            assert page.complaints == []
            await page.evaluate(_DRAWN)
            return picture

    picture = asyncio.run(look())
    kept = Path(os.environ.get("FATEFLOW_PICTURES", tmp_path)) / "dash-web.png"
    kept.write_bytes(picture)
    rows = chromium.rows_of(picture)
    assert len(set(rows)) > len(rows) // 10, f"{kept} shows next to nothing"
    assert site.flow.job(job).status.value == "canceled"
    until(lambda: not dash.pages, "the page's process lives on")


def _when(condition: str) -> str:
    """A script whose promise is kept when the condition holds in the page."""
    return f"new Promise(done => {{ const look = () => {condition} ? done() : requestAnimationFrame(look); look(); }})"


_DRAWN = _when("getComputedStyle(document.getElementById('terminal')).opacity === '1'")
_ENDED = _when("document.activeElement?.id === 'again'")
