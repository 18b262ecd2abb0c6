"""`fateflow dash` in a real terminal."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fateflow_tui.core.status import Status
from fateflow_tui.sdk import FateFlow, local
from tests.integration.clusters import RunningSite, sleep_job, standalone, until, until_running

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

_OF_THE_TERMINAL = ("TMUX", "NO_COLOR", "COLUMNS", "LINES")  # of the one that the tests run in


class Terminal:
    """A tmux server of its own with one window."""

    def __init__(self, folder: Path) -> None:
        self._socket = str(folder / "tmux")
        self._folder = folder

    def run(self, *words: str, size: tuple[int, int] = (80, 24)) -> None:
        own = {"FATEFLOW_STATE": str(self._folder), "FATEFLOW_CONFIG": str(self._folder)}
        environment = {name: value for name, value in os.environ.items() if name not in _OF_THE_TERMINAL} | own
        program = [sys.executable, "-c", "from fateflow_tui.commands.main import main; main()", *words]
        command = ["tmux", "-S", self._socket, "-f", "/dev/null", "new-session", "-d", "-x", str(size[0])]
        # What it says when it ends at once is to be read, so the window stays.
        command += ["-y", str(size[1]), *program, ";", "set-option", "remain-on-exit", "on"]
        subprocess.run(command, env=environment, check=True, capture_output=True)

    def press(self, *keys: str) -> None:
        subprocess.run(["tmux", "-S", self._socket, "send-keys", *keys], check=True, capture_output=True)

    def screen(self) -> str:
        shown = subprocess.run(["tmux", "-S", self._socket, "capture-pane", "-p"], check=True, capture_output=True)
        return shown.stdout.decode()

    def shows(self, *wanted: str, timeout: float = 20) -> str:
        """The screen, once all of it is there."""
        deadline = time.monotonic() + timeout
        while not all(text in (screen := self.screen()) for text in wanted):
            assert time.monotonic() < deadline, f"no {[one for one in wanted if one not in screen]} in:\n{screen}"
            time.sleep(0.05)
        return screen

    def resize(self, width: int, height: int) -> None:
        words = ["resize-window", "-x", str(width), "-y", str(height)]
        subprocess.run(["tmux", "-S", self._socket, *words], check=True, capture_output=True)

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


@pytest.mark.parametrize("size", [(80, 24), (140, 45)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_what_was_drawn_bit_by_bit_is_what_a_new_drawing_shows(
    terminal: Terminal, site: RunningSite, size: tuple[int, int]
) -> None:
    """Only cells that changed are drawn; none may be forgotten."""
    terminal.run("dash", "--home", str(site.home), size=size)
    terminal.shows("● connected", "no jobs yet")
    job = site.flow.submit(*sleep_job(8, {"guest": [9999], "host": [10000]}, seconds=0.5)).job_id
    terminal.shows(job[-8:], "running")
    terminal.press("Enter")
    terminal.shows("Graph", "sleep_7")
    for keys, shown in (("j", "Graph"), ("j", "Graph"), ("Escape", "Jobs"), ("Enter", "Graph")):
        terminal.press(keys)
        terminal.shows(shown)
    until(lambda: site.flow.job(job).status is Status.SUCCESS, "the job does not end", 60)
    for screen, ended in (("Graph", "8/8"), ("Preview", "✓ success")):
        terminal.shows("✓ success", screen, ended)
        until(lambda: "▶" not in terminal.screen(), "something still runs on the screen", 10)
        drawn = _steady(terminal.screen())
        terminal.resize(size[0] - 1, size[1])
        until(lambda: max(map(len, terminal.screen().splitlines())) < size[0], "it does not follow the size", 10)
        terminal.resize(*size)
        until(lambda drawn=drawn: _steady(terminal.screen()) == drawn, "a new drawing differs", 10)
        terminal.press("Escape")
    terminal.press("q")


def _steady(screen: str) -> str:
    return re.sub(r"\d\d:\d\d:\d\d|\d+ ?s ago", "", screen)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (140, 45), (220, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_first_job_and_its_repair_by_keys(terminal: Terminal, tmp_path: Path, size: tuple[int, int]) -> None:
    """The demo job runs; its variant that names a wrong label fails, is corrected in the dashboard, and succeeds."""
    home = tmp_path / "empty"
    try:
        terminal.run("dash", "--home", str(home), size=size)
        terminal.shows("● connected", "no jobs yet", "press S to submit one")
        terminal.press("S")
        terminal.shows("Submit the demo job", "hetero_lr_conf.json", "✓ no problems", "are uploaded first")
        terminal.press("s")
        terminal.shows("hetero_lr_0", "▶ running")  # it is followed without another key
        terminal.shows("✓ success", "5/5", "3 jobs", timeout=90)

        terminal.press("Escape")
        terminal.shows("╭─ Jobs", "Preview")
        terminal.press("S")
        terminal.shows("Submit a job", "wrong_label_conf.json" if size[1] > 24 else "hetero_lr_conf.json")
        terminal.press("G", "Enter")
        terminal.shows("conf    ", "✓ no problems", "train job of guest:9999")
        terminal.press("s")
        terminal.shows("✗ failed", "has no column 'diagnosis'", "its columns are y,", "at guest:9999", "■ canceled")

        terminal.press("R")
        terminal.shows("Parameters of dataio_0 for a rerun", '"label_name": "diagnosis"', "run    dataio_0  requested")
        terminal.press(*["BSpace"] * len("diagnosis"))
        terminal.shows('"label_name": ""')
        terminal.press("y")
        terminal.shows('"label_name": "y"', "reuse  reader_0")
        terminal.press("C-s")
        terminal.shows("✓ success", "5/5", "G✓ H✓ A✓", timeout=90)
        terminal.press("q")
        until(lambda: terminal.has_ended, "q did not end the dashboard", 10)
        with FateFlow(home=home) as flow:
            mended, first = (line for line in flow.jobs() if "arbiter" in line.roles)
            assert (mended.status, first.status) == (Status.SUCCESS, Status.SUCCESS)
            runs = {component.name: component.version for component in flow.job(mended.job_id).components}
            assert runs == {name: 0 if name == "reader_0" else 1 for name in runs}
    finally:
        local.stop(home)
