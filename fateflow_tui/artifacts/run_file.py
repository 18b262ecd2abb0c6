"""Which scheduler runs on a home: the run file that clients read, and the lock that tells whether it still runs."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.core.errors import Conflict
from fateflow_tui.core.files import write_file

_TRIES = 10  # to take the lock; a client that looks at it holds it for some microseconds
_PAUSE = 0.02  # seconds between tries


class HomeTaken(Conflict):
    """Another process uses the home."""

    code = "home_taken"


class CopiedHome(Conflict):
    """The home is a copy of one whose scheduler runs."""

    code = "copied_home"


class RunFile(msgspec.Struct, frozen=True):
    """`run.json`, written by a running scheduler.

    started_at: ms since the epoch. certificate: path, "" without TLS. home, home_id: the directory it was written for;
    a copy of the directory has the file too, but another id.
    """

    pid: int
    url: str
    token: str
    started_at: int = 0
    version: str = ""
    certificate: str = ""
    home: str = ""
    home_id: str = ""


def home_id(root: Path) -> str:
    """Device and inode of a directory: they stay when it is moved, and differ in a copy."""
    found = root.stat()
    return f"{found.st_dev}:{found.st_ino}"


def read_run_file(root: Path) -> RunFile | None:
    """Read the run file of a home; None when there is none, or it is damaged.

    Raises CopiedHome when it came with a copy of the home of a running scheduler: that scheduler must not get the
    calls that are meant for the copy.
    """
    try:
        run = msgspec.json.decode(Home(root).run_file.read_bytes(), type=RunFile)
        if not run.home or home_id(root) == run.home_id or root.resolve() == Path(run.home).resolve():
            return run
    except (OSError, msgspec.MsgspecError):
        return None
    if not lock_owner(Path(run.home)):
        return None
    raise CopiedHome(
        f"{root} is a copy of {run.home}, whose scheduler is running (process {run.pid}); none is running on the copy",
        hint=f"use --home {run.home} for that scheduler; start one for the copy with: "
        f"fateflow server start --home {root} --port 0",
        data={"home": run.home, "pid": run.pid},
    )


def write_run_file(root: Path, run: RunFile) -> None:
    """Write the run file, which only the user may read: it contains the token."""
    write_file(Home(root).run_file, msgspec.json.encode(run), 0o600)


def remove_run_file(root: Path) -> None:
    """Remove the run file if it belongs to this process."""
    path = Home(root).run_file
    with suppress(OSError, msgspec.MsgspecError):
        if msgspec.json.decode(path.read_bytes(), type=RunFile).pid == os.getpid():
            path.unlink()


def lock_owner(root: Path) -> str:
    """Return the id of the process that holds a home's lock, "unknown" if it has not written it; "" if none does."""
    try:
        descriptor = os.open(Home(root).lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
    except OSError:
        return ""
    else:
        return ""
    finally:
        os.close(descriptor)


class HomeLock:
    """A file lock that the kernel releases when its process ends, however it ends: one scheduler uses a home at a time;
    others may stand by to take its place.
    """

    def __init__(self, home: Home) -> None:
        self._path = home.lock

    def acquire(self) -> None:
        """Take the lock. Raises HomeTaken, naming the process that holds it."""
        descriptor = self._open()
        for tries_left in reversed(range(_TRIES)):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if tries_left:
                    time.sleep(_PAUSE)
                    continue
                owner = os.read(descriptor, 32).decode(errors="replace") or "unknown"
                os.close(descriptor)
                raise HomeTaken(
                    f"another scheduler (process {owner}) uses {self._path.parent}",
                    hint="stop it with: fateflow server stop, choose another home with --home, "
                    "or stand by with --standby",
                ) from error
            break
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)  # it stays open: the lock lasts as long as the process

    def wait(self) -> None:
        """Block until the lock is free. Another process may still take it first."""
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
