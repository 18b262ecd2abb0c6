"""The lock of a home: one scheduler uses it at a time; others may stand by to take its place."""

from __future__ import annotations

import fcntl
import os

from fateflow_tui.artifacts.home import Home
from fateflow_tui.core.errors import Conflict


class HomeTaken(Conflict):
    """Another process uses the home."""

    code = "home_taken"


class HomeLock:
    """A file lock that the kernel releases when its process ends, however it ends."""

    def __init__(self, home: Home) -> None:
        self._path = home.root / "scheduler.lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises HomeTaken, naming the process that holds it."""
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.read(descriptor, 32).decode(errors="replace") or "unknown"
            os.close(descriptor)
            raise HomeTaken(
                f"another scheduler (process {owner}) uses {self._path.parent}",
                hint="stop it with: fateflow server stop, choose another home with --home, or stand by with --standby",
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor

    def wait(self) -> None:
        """Block until the lock is free. Another process may still take it first."""
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        finally:
            os.close(descriptor)

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
