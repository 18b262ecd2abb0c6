"""How quick the dashboard is, in a real terminal, on a home with 5,000 jobs while one of 200 components runs.

    python tests/bench/dashboard.py [--jobs 5000] [--components 200]

Prints: first paint (process start to the frame of the screen), rows (to the first jobs in it), a status change (from
its time at the scheduler to the terminal), the CPU of the dashboard while nothing happens and while the job runs, and
the bytes that it writes, which an SSH line has to carry.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # the checkout: tests share helpers as `tests.…`

from tests.integration.clusters import RunningSite, sleep_job, standalone
from tests.tui.many_jobs import copies

ROLES = {"guest": [9999], "host": [10000], "arbiter": [10000]}
SIZE = (45, 140)
STARTS = 5
CHANGES = 10


class Terminal:
    """A dashboard behind a pseudo terminal, and all that it has written."""

    def __init__(self, home: Path, folder: Path) -> None:
        own = {"FATEFLOW_STATE": str(folder), "FATEFLOW_CONFIG": str(folder), "TERM": "xterm-256color"}
        environment = {**os.environ, **own, "COLORTERM": "truecolor"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        program = [
            sys.executable,
            "-c",
            "from fateflow_tui.commands.main import main; main()",
            "dash",
            "--home",
            str(home),
        ]
        self.began = time.time()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.execve(program[0], program, environment)  # noqa: S606
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
        self.text = ""
        self.written = 0

    def press(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def rate(self, seconds: float) -> float:
        """KB that are written in a second."""
        before, end = self.written, time.time() + seconds
        while time.time() < end:
            self._read(0.1)
        return (self.written - before) / seconds / 1024

    def until(self, pattern: str, timeout: float = 20) -> float:
        """Seconds since the epoch when the pattern was first written after this call."""
        deadline = time.time() + timeout
        self.text = ""
        while time.time() < deadline:
            self._read(0.01)
            if re.search(pattern, self.text):
                return time.time()
        raise TimeoutError(f"{pattern} is not shown: {self.text[-2000:]!r}")

    def cpu(self, seconds: float) -> float:
        """The share of a core that the process takes meanwhile."""
        before, end = self._ticks(), time.time() + seconds
        while time.time() < end:
            self._read(0.1)
        return (self._ticks() - before) / os.sysconf("SC_CLK_TCK") / seconds

    def used(self) -> float:
        """Seconds of CPU so far."""
        return self._ticks() / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        os.close(self._fd)

    def _ticks(self) -> int:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def _read(self, seconds: float) -> None:
        ready, _, _ = select.select([self._fd], [], [], seconds)
        if ready:
            raw = os.read(self._fd, 1 << 16)
            self.written += len(raw)
            self.text += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", raw.decode(errors="replace"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=5_000)
    parser.add_argument("--components", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with standalone(folder / "source") as source:
            job = source.flow.submit(*sleep_job(3, ROLES)).job_id
            source.flow.wait(job, timeout=60)
            copies(source.home, job, folder / "home", options.jobs)
        with standalone(folder / "home") as site:
            _measure(site, folder, options.components)


def _measure(site: RunningSite, folder: Path, components: int) -> None:
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; times in ms, median of {STARTS}")
    _starts(site, folder, "nothing runs")
    terminal = Terminal(site.home, folder)
    terminal.until("200\\+ jobs")
    terminal.cpu(3)
    print(f"idle: {terminal.cpu(10):.1%} of a core (at most 10 %)")
    print(f"status change on screen: {_change(terminal, site):.0f} (at most 200)")
    big = site.flow.submit(*sleep_job(components, ROLES, seconds=0.3, job_parameters={"task_cores": 1})).job_id
    terminal.until(big)
    print(f"while {components} components x 3 parties run, looked at: {terminal.cpu(10):.1%} of a core")
    print(f"status change on screen meanwhile: {_change(terminal, site):.0f} (at most 200)")
    terminal.close()
    _starts(site, folder, "the big job runs")
    site.flow.stop(big)
    _bytes(site, folder)


def _bytes(site: RunningSite, folder: Path) -> None:
    """What the terminal is sent: first for a job that has ended, then for one that runs."""
    terminal = Terminal(site.home, folder)
    terminal.until("connected")
    terminal.rate(3)
    print(f"list of jobs, idle: {terminal.rate(5):.1f} KB/s (at most 5)")
    terminal.press("\r")
    terminal.until("Graph")
    terminal.rate(3)
    print(f"ended job, idle: {terminal.rate(5):.1f} KB/s (at most 5)")
    terminal.press("\x1b")
    terminal.rate(1)
    job = site.flow.submit(*sleep_job(50, ROLES, seconds=0.5, job_parameters={"task_cores": 1})).job_id
    terminal.until(job)
    print(f"list of jobs while one of 50 components runs: {terminal.rate(5):.1f} KB/s (at most 20)")
    terminal.press("g")
    terminal.rate(0.5)
    terminal.press("\r")
    terminal.until("Graph")
    terminal.rate(1)
    print(f"that job: {terminal.rate(8):.1f} KB/s (at most 20)")
    terminal.close()
    site.flow.stop(job)


def _starts(site: RunningSite, folder: Path, what: str) -> None:
    frames, rows, cpu = [], [], []
    for _ in range(STARTS):
        terminal = Terminal(site.home, folder)
        frames.append(terminal.until("FATE Flow") - terminal.began)
        cpu.append(terminal.used())
        rows.append(terminal.until("connected") - terminal.began)
        terminal.close()
    first, filled, used = (statistics.median(times) * 1000 for times in (frames, rows, cpu))
    print(f"first paint, {what}: {first:.0f} (at most 700; {used:.0f} of CPU), with the jobs: {filled:.0f}")


def _change(terminal: Terminal, site: RunningSite) -> float:
    delays = []
    for _ in range(CHANGES):
        job = site.flow.submit(*sleep_job(1, {"guest": [9999]}, seconds=0.5, job_parameters={"task_cores": 1})).job_id
        seen = terminal.until(f"{job}[^│]*success")
        delays.append(seen * 1000 - site.flow.wait(job, timeout=5).ended_at)
    return statistics.median(delays)


if __name__ == "__main__":
    main()
