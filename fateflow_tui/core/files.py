"""Durable file operations: after a crash or power loss a file has its old or its new content, never a part of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def sync(path: Path) -> None:
    """Make the content of a file, or the entries of a directory, survive a power loss."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directories(path: Path, mode: int = 0o777) -> None:
    """Create a directory and its parents; the new entries survive a power loss."""
    if path.is_dir():
        return
    make_directories(path.parent, mode)
    path.mkdir(mode=mode, exist_ok=True)
    sync(path.parent)


def write_synced(path: Path, content: bytes, mode: int = 0o666) -> int:
    """Write and sync a file, overwriting an old one in place. Return its open descriptor.

    Raises OSError (disk full, no permission, no such directory); then no file is left behind.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(content)
        os.fsync(descriptor)
    except BaseException:
        os.close(descriptor)
        path.unlink(missing_ok=True)
        raise
    return descriptor


def write_file(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Create the file or replace its content atomically."""
    temporary = _beside(path)
    os.close(write_synced(temporary, content, mode))
    try:
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


@contextmanager
def replacement(path: Path) -> Iterator[Path]:
    """Yield a temporary path next to `path` for its new content. At the end of the block it replaces the old file; if
    the block raises, the old file is kept.
    """
    temporary = _beside(path)
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.urandom(4).hex()}")
