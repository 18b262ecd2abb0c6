"""Durable files: written whole beside the old one, brought to the disk, then put in its place."""

from __future__ import annotations

import os
from pathlib import Path

TEMPORARY = ".tmp"


class Stamp:
    """Which file was read or written, so that a newer one at the same path is noticed.

    Every save makes a new inode, and the stamp holds its file open: as long as the stamp lives, the inode's number
    cannot be given to a newer file. Times alone are too coarse, two saves can happen within one tick of a file
    system's clock. Size and time reveal a file that was edited in place by somebody else.
    """

    __slots__ = ("_descriptor", "_identity")

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._identity = _identity(os.fstat(descriptor))

    def is_current(self, path: Path) -> bool:
        """Whether the file at `path` is still the one of this stamp."""
        try:
            return self._identity == _identity(os.stat(path))
        except FileNotFoundError:
            return False

    def __del__(self) -> None:
        os.close(self._descriptor)


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def read_file(path: Path) -> tuple[bytes, Stamp]:
    """The file's bytes and stamp. Raises FileNotFoundError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    stamp = Stamp(descriptor)
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read(), stamp


def temporary_path(path: Path) -> Path:
    """Where the next state of `path` is written. One name per file: its writer holds a lock, so there is no other,
    and what a crash leaves behind is overwritten by the next save instead of piling up.
    """
    return path.with_name(path.name + TEMPORARY)


def write_temporary(path: Path, data: bytes) -> Stamp:
    """Brings `data` to the disk at `temporary_path(path)`; the folder is made if it is missing.

    Raises OSError (disk full, no permission); then nothing is left behind.
    """
    temporary = temporary_path(path)
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    try:
        descriptor = os.open(temporary, flags, 0o600)
    except FileNotFoundError:
        make_directory(path.parent)
        descriptor = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(data)
        os.fsync(descriptor)
    except BaseException:
        os.close(descriptor)
        temporary.unlink(missing_ok=True)
        raise
    return Stamp(descriptor)


def sync_directory(path: Path) -> None:
    """Makes renames and removals in this folder survive a power loss."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path) -> None:
    """Makes the folder and its missing parents, each durable."""
    if path.is_dir():
        return
    make_directory(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    sync_directory(path.parent)
