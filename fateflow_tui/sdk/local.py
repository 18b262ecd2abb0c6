"""Start and stop the scheduler of a home on this machine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from fateflow_tui.artifacts.run_file import CopiedHome, lock_owner, read_run_file
from fateflow_tui.core.errors import Conflict, FateFlowError, SchedulerUnreachable, TimedOut
from fateflow_tui.sdk.client import FateFlow
from fateflow_tui.sdk.connection import default_home
from fateflow_tui.sdk.types import SiteStatus

START_LOG = "start.log"
STANDBY_LOG = "standby.log"
_POLL_INTERVAL = 0.02  # seconds
_MAX_OUTPUT = 4_000  # bytes of the process's output that are shown when it does not start


def start(
    home: Path | str | None = None,
    *,
    host: str = "",
    port: int | None = None,
    parties: Sequence[str] = (),
    name: str = "",
    advertised: str = "",
    save: bool = False,
    timeout: float = 30.0,
) -> SiteStatus:
    """Start a scheduler that outlives this process, and wait until it answers.

    port: by default 9380, or the next free one. parties: that the site plays; none for a standalone site. save: these
    options in the home's `site.toml`, which the first start does anyway. timeout: seconds until TimedOut is raised.
    Raises Conflict when a scheduler already runs on this home, FateFlowError with the cause when it does not start.
    """
    directory = _directory(home)
    running = None
    with contextlib.suppress(CopiedHome):  # the copy gets a scheduler of its own
        running = status(directory)
    if running is not None:
        raise Conflict(
            f"a scheduler already runs on {directory}: {running.url} (process {running.pid})",
            hint="stop it with: fateflow server stop",
            data={"url": running.url, "pid": running.pid},
        )
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = directory / "logs" / "fate_flow" / START_LOG
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(directory, host=host, port=port, parties=parties, name=name, advertised=advertised, save=save),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=directory,
            start_new_session=True,
        )
    return _wait_until_ready(directory, process, log, timeout)


def stand_by(home: Path | str | None = None) -> int:
    """Start a process that takes over when the scheduler of a home ends. Returns its process id."""
    directory = _directory(home)
    log = directory / "logs" / "fate_flow" / STANDBY_LOG
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command(directory), "--standby"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=directory,
            start_new_session=True,
        )
    process.returncode = 0  # it outlives this process, which must not wait for it
    return process.pid


def command(
    home: Path,
    *,
    host: str = "",
    port: int | None = None,
    parties: Sequence[str] = (),
    name: str = "",
    advertised: str = "",
    save: bool = False,
) -> list[str]:
    """Return the command line that runs a scheduler in the foreground."""
    words = [sys.executable, "-m", "fateflow_tui.server", "--home", str(home)]
    words += ["--host", host] if host else []
    words += ["--port", str(port)] if port is not None else []
    words += [word for party in parties for word in ("--party", party)]
    words += ["--name", name] if name else []
    words += ["--advertised", advertised] if advertised else []
    words += ["--save"] if save else []
    return words


def stop(home: Path | str | None = None, timeout: float = 20.0) -> bool:
    """Stop the scheduler of a home and wait until its process has ended; False when none was running.

    timeout: seconds until TimedOut is raised.
    """
    directory = _directory(home)
    run, owner = read_run_file(directory), lock_owner(directory)
    if run is None or not owner:
        return False
    # Unreachable: it is shutting down already, or it hangs, and the time runs out.
    with contextlib.suppress(SchedulerUnreachable), FateFlow(home=directory) as flow:
        flow.shutdown()
    end = time.monotonic() + timeout
    while lock_owner(directory) == owner:
        if time.monotonic() > end:
            raise TimedOut(
                f"the scheduler of {directory} (process {owner}) has not ended within {timeout:g} s",
                hint=f"kill it with: kill -9 {owner}; its jobs continue at the next start",
            )
        time.sleep(_POLL_INTERVAL)
    with contextlib.suppress(ChildProcessError):  # it is a child only if this process started it
        os.waitpid(run.pid, os.WNOHANG)
    return True


def status(home: Path | str | None = None) -> SiteStatus | None:
    """Return the status of a home's scheduler; None when none is running. Raises CopiedHome."""
    directory = _directory(home)
    if read_run_file(directory) is None:
        return None
    try:
        with FateFlow(home=directory) as flow:
            return flow.status()
    except SchedulerUnreachable:
        return None


def is_running(home: Path) -> bool:
    """Whether a scheduler is ready on this home. Raises CopiedHome."""
    return read_run_file(home) is not None and bool(lock_owner(home))


def _wait_until_ready(directory: Path, process: subprocess.Popen[bytes], log: Path, timeout: float) -> SiteStatus:
    end = time.monotonic() + timeout
    while True:
        run = None
        with contextlib.suppress(CopiedHome):  # until the process has replaced the file
            run = read_run_file(directory)
        if run is not None and run.pid == process.pid:
            site = status(directory)
            if site is not None:
                process.returncode = 0  # it outlives this process, which must not wait for it
                return site
        code = process.poll()
        if code is not None:
            raise FateFlowError(
                f"the scheduler did not start (exit code {code}): {_output(log)}",
                hint=f"its complete output is in {log}",
                data={"exit_code": code},
            )
        if time.monotonic() > end:
            process.terminate()
            raise TimedOut(f"the scheduler did not answer within {timeout:g} s: {_output(log)}", hint=f"see {log}")
        time.sleep(_POLL_INTERVAL)


def _output(log: Path) -> str:
    """The last output of the process, without the prefix of a failed start."""
    text = log.read_bytes()[-_MAX_OUTPUT:].decode(errors="replace").strip()
    return text.removeprefix("fateflow did not start: ") or "no output"


def _directory(home: Path | str | None) -> Path:
    return (Path(home) if home is not None else default_home()).expanduser().absolute()
