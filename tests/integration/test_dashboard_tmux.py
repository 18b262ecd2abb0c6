"""`fateflow dash` in a real terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from clusters import RunningSite, sleep_job, standalone, until, until_running

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Terminal:
    """A tmux server of its own with one window."""

    def __init__(self, folder: Path) -> None:
        self._socket = str(folder / "tmux")
        self._folder = folder

    def run(self, *words: str, size: tuple[int, int] = (80, 24)) -> None:
        own = {"FATEFLOW_STATE": str(self._folder), "FATEFLOW_CONFIG": str(self._folder)}
        environment = {name: value for name, value in os.environ.items() if name not in ("TMUX", "NO_COLOR")} | own
        program = [sys.executable, "-c", "from commands.main import main; main()", *words]
        command = ["tmux", "-S", self._socket, "-f", "/dev/null", "new-session", "-d", "-x", str(size[0])]
        # What it says when it ends at once is to be read, so the window stays.
        command += ["-y", str(size[1]), *program, ";", "set-option", "remain-on-exit", "on"]
        subprocess.run(command, env=environment, check=True, capture_output=True)

    def press(self, *keys: str) -> None:
        subprocess.run(["tmux", "-S", self._socket, "send-keys", *keys], check=True, capture_output=True)

    def screen(self) -> str:
        shown = subprocess.run(["tmux", "-S", self._socket, "capture-pane", "-p"], check=True, capture_output=True)
        return shown.stdout.decode()

    def shows(self, *wanted: str) -> str:
        until(lambda: all(text in self.screen() for text in wanted), f"no {wanted} in:\n{self.screen()}", 20)
        return self.screen()

    @property
    def has_ended(self) -> bool:
        """Whether the program is gone. tmux does not always draw its notice of that, so it is asked."""
        command = ["tmux", "-S", self._socket, "list-panes", "-F", "#{pane_dead}"]
        return subprocess.run(command, check=True, capture_output=True).stdout.strip() == b"1"

    def close(self) -> None:
        subprocess.run(["tmux", "-S", self._socket, "kill-server"], check=False, capture_output=True)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path)
    yield made
    made.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RunningSite]:
    with standalone(tmp_path / "home") as running:
        yield running


def test_a_running_job_is_seen_and_stopped_by_keys(terminal: Terminal, site: RunningSite) -> None:
    job = site.flow.submit(*sleep_job(1, {"guest": [9999], "host": [10000]}, seconds=60)).job_id
    until_running(site.flow, job, "sleep_0")
    terminal.run("dash", "--home", str(site.home))
    text = terminal.shows("● connected", "▶ running", "G▶ H▶", "sleep_0")
    assert "1 Jobs" in text
    terminal.press("s")
    terminal.shows(f"Stop job {job}?", "host:10000", "fateflow job stop")
    terminal.press("y")
    terminal.shows("■ canceled")
    terminal.press("q")
    until(lambda: terminal.has_ended, "q did not end the dashboard", 10)
