"""Reading the dashboard's screen: as text, without what differs from run to run, against golden copies."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from fateflow_tui.tui.app import DashApp
from fateflow_tui.tui.snapshot import Link
from fateflow_tui.tui.store import ConnectionSettings

GOLDEN = Path(__file__).parents[1] / "golden" / "tui"
Dash = Pilot[None]
ROLES = {"guest": [9999], "host": [10000], "arbiter": [10000]}


@asynccontextmanager
async def connected(
    home: Path, size: tuple[int, int], theme: str = "", demo: Callable[[], Path] | None = None
) -> AsyncIterator[Dash]:
    """The dashboard on a home, as soon as it has read the jobs. demo: finds the files of the demo."""
    app = DashApp(ConnectionSettings(home=home), theme, demo)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.store.snapshot.connection.link is Link.CONNECTED, "it does not connect")
        await until(pilot, lambda: app.store.snapshot.site is not None, "it does not know the site")
        yield pilot


async def until(pilot: Dash, condition: Callable[[], object], otherwise: str, timeout: float = 15) -> None:
    """Returns when the condition holds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"{otherwise} for {timeout:g} s:\n{screen_text(pilot.app)}"
        await asyncio.sleep(0.02)
    await pilot.pause()


async def shows(pilot: Dash, *wanted: str, timeout: float = 15) -> str:
    """Waits until all of these texts are on the screen, and gives the screen."""
    await until(pilot, lambda: all(text in screen_text(pilot.app) for text in wanted), f"no {wanted}", timeout)
    return screen_text(pilot.app)


async def lacks(pilot: Dash, *unwanted: str, timeout: float = 15) -> str:
    """Waits until none of these texts is on the screen, and gives the screen."""
    await until(pilot, lambda: not any(text in screen_text(pilot.app) for text in unwanted), f"{unwanted}", timeout)
    return screen_text(pilot.app)


def screen_text(app: object) -> str:
    """What stands on the screen, line by line."""
    strips = app.screen._compositor.render_strips()  # type: ignore[attr-defined]
    return "\n".join(strip.text.rstrip() for strip in strips)


def normalised(text: str) -> str:
    """Without ids, times and durations; what takes as many places keeps its width."""
    text = re.sub(r"20\d{6}\d*(…\d+)?|20\d+…\d+", lambda found: "I" * len(found.group()), text)
    text = re.sub(r"\d\d:\d\d:\d\d", "hh:mm:ss", text)
    text = re.sub(r"\d+\.\ds\b", lambda found: "d" * len(found.group()), text)
    return re.sub(r"\d+ MiB", lambda found: "M" * len(found.group()), text)


def matches_golden(name: str, text: str) -> None:
    """Compares with tests/golden/tui/NAME.txt; FATEFLOW_GOLDEN=write writes it."""
    file = GOLDEN / f"{name}.txt"
    found = normalised(text) + "\n"
    if os.environ.get("FATEFLOW_GOLDEN") == "write":
        file.write_text(found, encoding="utf-8")
    assert found == file.read_text(encoding="utf-8"), f"the screen differs from {file}:\n{found}"
