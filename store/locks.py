"""Locks between processes that share a home, held only around read, compare and write.

They are kernel locks: a lock ends with the process that holds it, however the process ends.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from fateflow_tui.core.errors import TimedOut
from fateflow_tui.core.files import make_directories

STRIPES: Final = 64
_PAUSE: Final = 0.0005  # seconds, doubled with each try
_LONGEST_PAUSE: Final = 0.02


class FileLock:
    """One lock file; excludes threads and processes alike.

    The file names its last holder (pid and host) for diagnosis. It is opened for each use, because a forked child
    that inherits the descriptor would share the lock. timeout: seconds.
    """

    def __init__(self, path: Path, timeout: float = 10.0) -> None:
        self._path = path
        self._timeout = timeout

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raises TimedOut, which names the holder, if it is not free in time."""
        descriptor = self._acquire()
        try:
            yield
        finally:
            # Explicitly: closing alone would keep it locked while a child forked meanwhile has a copy.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def holder(self) -> str:
        """`pid N on HOST` of the current or last holder; '' if there never was one."""
        try:
            pid, _, host = self._path.read_text().strip().partition(" ")
        except FileNotFoundError:
            return ""
        return f"pid {pid} on {host}" if pid else ""

    def _acquire(self) -> int:
        give_up = time.monotonic() + self._timeout
        pause = _PAUSE
        while True:
            descriptor = self._open()
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_at_path(descriptor):
                    _sign(descriptor)
                    return descriptor
            except BlockingIOError:
                pass
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
            if time.monotonic() > give_up:
                raise TimedOut(
                    f"the lock {self._path} was not free within {self._timeout:g} s; {self.holder()} holds it",
                    hint="if that process hangs, stop it; the lock ends with the process",
                )
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(self._path, flags, 0o600)
        except FileNotFoundError:
            make_directories(self._path.parent, 0o700)
            return os.open(self._path, flags, 0o600)

    def _is_at_path(self, descriptor: int) -> bool:
        """False if the file was removed between opening and locking it."""
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self._path))
        except FileNotFoundError:
            return False


def _sign(descriptor: int) -> None:
    """Write our pid and host to the lock file."""
    note = f"{os.getpid()} {socket.gethostname()}\n".encode()
    if os.pread(descriptor, len(note) + 1, 0) != note:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, note, 0)


class LockStripes:
    """A fixed number of lock files for any number of names, so that lock files never pile up."""

    def __init__(self, directory: Path, timeout: float = 10.0) -> None:
        self._locks = [FileLock(directory / f"{number:02}.lock", timeout) for number in range(STRIPES)]

    @contextmanager
    def held(self, names: Iterable[str]) -> Iterator[None]:
        """Holds the locks of all names. Always in the same order, so that two processes never deadlock."""
        with ExitStack() as stack:
            for number in sorted({zlib.crc32(name.encode()) % STRIPES for name in names}):
                stack.enter_context(self._locks[number].held())
            yield
