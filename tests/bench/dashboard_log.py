"""What the dashboard's log costs with 100,000 lines: how long the screen stands still at most.

    python tests/bench/dashboard_log.py [--lines 100000]

A real scheduler serves the log of a job that has so many lines at one party. The longest stall is how late a clock on
the dashboard's own event loop was at most, while the log was read, scrolled, searched and filtered.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from fateflow_tui.tui.app import DashApp
from fateflow_tui.tui.widgets.log_pane import LogPane

sys.path.insert(0, str(Path(__file__).parents[2]))  # the checkout: tests share helpers as `tests.…`

from tests.integration.clusters import RunningSite, sleep_job, standalone
from tests.tui.reading import connected, until

_BEAT = 0.005  # seconds between two looks at the clock


class Watch:
    """Beats on the event loop, and keeps how late it was at most."""

    def __init__(self) -> None:
        self.worst = 0.0

    async def beat(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(_BEAT)
            self.worst = max(self.worst, time.perf_counter() - before - _BEAT)


def job_with_log(site: RunningSite, count: int) -> str:
    """A job that has ended, whose guest has written so many lines."""
    job_id = site.flow.submit(*sleep_job(1, {"guest": [9999]})).job_id
    site.flow.wait(job_id, timeout=30)
    levels = ("INFO", "INFO", "INFO", "WARNING")
    with (site.home / "logs" / job_id / "guest" / "9999" / "INFO.log").open("w") as file:
        for number in range(count):
            at = f"2026-01-01T{number // 36000:02}:{number // 600 % 60:02}:{number // 10 % 60:02}.{number % 10}00+00:00"
            text = f"iteration {number}: loss {1 / (number + 1):.9f}, {number % 997} rows were sent to the host"
            file.write(f"{at} {levels[number % 4]:<7} guest:9999 sleep_0 | {text}\n")
    return job_id


async def measure(site: RunningSite, count: int) -> None:
    job_id = job_with_log(site, count)
    async with connected(site.home, (140, 45)) as pilot:
        app = pilot.app
        assert isinstance(app, DashApp)
        watch = Watch()
        beating = asyncio.create_task(watch.beat())

        async def timed(name: str, work: Callable[[], Awaitable[object]]) -> None:
            watch.worst = 0.0
            began = time.perf_counter()
            await work()
            took = time.perf_counter() - began
            print(f"{name:<34} {took * 1000:>9.0f} ms   longest stall {watch.worst * 1000:>6.1f} ms")

        async def read() -> None:
            app.open_job(job_id, "log")

            def is_read() -> bool:
                return any(len(pane.book.lines) >= count for pane in app.screen.query(LogPane))

            await until(pilot, is_read, "the log is not read", 120)

        await timed(f"read {count:,} lines", read)
        pane = app.screen.query_one(LogPane)
        pane.focus()
        await timed("200 pages up", lambda: pilot.press(*["pageup"] * 200))
        await timed("to the first, to the last", lambda: pilot.press("g", "G"))
        await timed("find as one types: `996 rows`", lambda: pilot.press("slash", *"996", "space", *"rows", "enter"))
        await timed("100 hits further", lambda: pilot.press(*["N"] * 100))
        await timed("from warnings on", lambda: pilot.press("L"))
        print(f"{len(pane.book.shown):,} lines are shown, {len(pane.book.hits):,} hits")
        beating.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, standalone(Path(folder) / "site") as site:
        asyncio.run(measure(site, arguments.lines))


if __name__ == "__main__":
    main()
