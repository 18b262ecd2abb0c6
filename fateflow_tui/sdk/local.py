"""Starting and stopping the scheduler of a home on this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from fateflow_tui.core.errors import Conflict, FateFlowError, SchedulerUnreachable, TimedOut
from fateflow_tui.sdk.client import FateFlow
from fateflow_tui.sdk.connection import RunFile, default_home, read_run_file
from fateflow_tui.sdk.types import SiteStatus

START_LOG = "start.log"
STANDBY_LOG = "standby.log"
_LOOK_EVERY = 0.02  # seconds
_SAID = 4_000  # bytes of the process's own words that are shown when it does not start


def start(
    home: Path | str | None = None,
    *,
    host: str = "",
    port: int | None = None,
    parties: Sequence[str] = (),
    name: str = "",
    advertised: str = "",
    timeout: float = 30.0,
) -> SiteStatus:
    """Starts a scheduler that outlives this process, and returns when it answers.

    port: exactly this one; without it 9380, or the next that is free. parties: what it plays, none for a standalone
    site. Raises Conflict when one runs on this home already, FateFlowError with the cause when it does not start.
    """
    directory = _directory(home)
    running = status(directory)
    if running is not None:
        raise Conflict(
            f"a scheduler runs on {directory} already: {running.url} (process {running.pid})",
            hint="fateflow server stop ends it",
            data={"url": running.url, "pid": running.pid},
        )
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    said = directory / "logs" / "fate_flow" / START_LOG
    said.parent.mkdir(parents=True, exist_ok=True)
    with said.open("wb") as output:
        process = subprocess.Popen(
            command(directory, host=host, port=port, parties=parties, name=name, advertised=advertised),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=directory,
            start_new_session=True,
        )
    return _until_it_answers(directory, process, said, timeout)


def stand_by(home: Path | str | None = None) -> int:
    """Starts a process that takes over when the scheduler of a home is gone; gives its number."""
    directory = _directory(home)
    said = directory / "logs" / "fate_flow" / STANDBY_LOG
    said.parent.mkdir(parents=True, exist_ok=True)
    with said.open("ab") as output:
        process = subprocess.Popen(
            [*command(directory), "--standby"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=directory,
            start_new_session=True,
        )
    process.returncode = 0  # it lives on by itself: no child that somebody has to wait for
    return process.pid


def command(
    home: Path,
    *,
    host: str = "",
    port: int | None = None,
    parties: Sequence[str] = (),
    name: str = "",
    advertised: str = "",
) -> list[str]:
    """The command line of a scheduler in the foreground."""
    words = [sys.executable, "-m", "fateflow_tui.server", "--home", str(home)]
    words += ["--host", host] if host else []
    words += ["--port", str(port)] if port is not None else []
    words += [word for party in parties for word in ("--party", party)]
    words += ["--name", name] if name else []
    words += ["--advertised", advertised] if advertised else []
    return words


def stop(home: Path | str | None = None, timeout: float = 20.0) -> bool:
    """Ends the scheduler of a home and waits until its process is gone; False when none ran. Raises TimedOut."""
    directory = _directory(home)
    run = read_run_file(directory)
    if run is None or not is_alive(run):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(run.pid, signal.SIGTERM)
    end = time.monotonic() + timeout
    while is_alive(run):
        if time.monotonic() > end:
            raise TimedOut(
                f"the scheduler of {directory} (process {run.pid}) has not ended within {timeout:g} s",
                hint=f"kill it with: kill -9 {run.pid}; its jobs go on at the next start",
            )
        time.sleep(_LOOK_EVERY)
    with contextlib.suppress(ChildProcessError):  # only a child when this very process has started it
        os.waitpid(run.pid, os.WNOHANG)
    return True


def status(home: Path | str | None = None) -> SiteStatus | None:
    """The scheduler that answers for a home; None when there is none."""
    directory = _directory(home)
    if read_run_file(directory) is None:
        return None
    try:
        with FateFlow(home=directory) as flow:
            return flow.status()
    except SchedulerUnreachable:
        return None


def is_alive(run: RunFile) -> bool:
    """Whether the scheduler's process exists and is no other one that got its number."""
    try:
        os.kill(run.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False
    return _is_scheduler(run.pid)


def _is_scheduler(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return sys.platform != "linux"
    # A process on its way out has no words any more; it is gone when nothing but its exit code is left (Z).
    return state != "Z" and (not words or b"fateflow" in words)


def _until_it_answers(directory: Path, process: subprocess.Popen[bytes], said: Path, timeout: float) -> SiteStatus:
    end = time.monotonic() + timeout
    while True:
        run = read_run_file(directory)
        if run is not None and run.pid == process.pid:
            site = status(directory)
            if site is not None:
                process.returncode = 0  # it lives on by itself: no child that somebody has to wait for
                return site
        code = process.poll()
        if code is not None:
            raise FateFlowError(
                f"the scheduler did not start (exit code {code}): {_words(said)}",
                hint=f"its whole output is in {said}",
                data={"exit_code": code},
            )
        if time.monotonic() > end:
            process.terminate()
            raise TimedOut(f"the scheduler does not answer after {timeout:g} s: {_words(said)}", hint=f"see {said}")
        time.sleep(_LOOK_EVERY)


def _words(said: Path) -> str:
    """What the process has said, without the heading of a start that failed."""
    text = said.read_bytes()[-_SAID:].decode(errors="replace").strip()
    return text.removeprefix("fateflow did not start: ") or "it said nothing"


def _directory(home: Path | str | None) -> Path:
    return (Path(home) if home is not None else default_home()).expanduser().absolute()
