"""TinyDB's storage, made safe: schema versions, atomic saves, changes of other processes, damaged files set aside."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from tinydb.storages import Storage

from fateflow_tui.core.errors import DamagedFile, NewerSchema
from fateflow_tui.core.files import make_directories, sync, write_synced

Plain = dict[str, dict[str, dict[str, Any]]]


class Schema(msgspec.Struct, frozen=True):
    """One kind of file. current: the number written now. steps: migrations by the number they start from; each takes
    the document in that form and returns it in the next. A step may change its argument.
    """

    current: int
    steps: Mapping[int, Callable[[Plain], Plain]]

    def table(self) -> dict[str, dict[str, Any]]:
        """The table that records a file's schema number."""
        return {"1": {"number": self.current}}

    def upgrade(self, document: Plain, found: int) -> Plain:
        """The document in the current form. Raises NewerSchema for a file written by a newer version."""
        if found > self.current:
            raise NewerSchema(
                f"the file has schema {found}, this version knows up to {self.current}",
                hint="use the version of fateflow that wrote it, or a newer one",
                data={"found": found, "known": self.current},
            )
        for number in range(found, self.current):
            document = self.steps[number](document)
        return document


SCHEMA_TABLE: Final = "schema"

TEMPORARY: Final = ".tmp"
PRIVATE: Final = 0o700  # directories of the store

_ASIDE = re.compile(r".+\.json\.damaged-\d{8}T\d{6}\.\d{6}Z")


class Stamp:
    """Identifies the file that was read or written, so that a newer one at the same path is noticed.

    Every save makes a new inode, and the stamp keeps its file open: while the stamp lives, the inode's number cannot
    be given to a newer file. Times alone are too coarse, two saves can happen within one tick of a file system's
    clock. Size and time reveal a file that was edited in place.
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
    """Where the next state of `path` is written. There is one name per file, because a writer holds its lock: what a
    crash leaves behind is overwritten by the next save and does not pile up.
    """
    return path.with_name(path.name + TEMPORARY)


def write_temporary(path: Path, data: bytes) -> Stamp:
    """Write `data` to `temporary_path(path)` and sync it; create the directory if it is missing.

    Raises OSError (disk full, no permission); then no file is left behind.
    """
    temporary = temporary_path(path)
    try:
        return Stamp(write_synced(temporary, data, 0o600))
    except FileNotFoundError:
        make_directories(path.parent, PRIVATE)
        return Stamp(write_synced(temporary, data, 0o600))


def set_aside(path: Path, cause: str) -> DamagedFile:
    """Rename the file to `<name>.damaged-<UTC time>` and return the error to raise."""
    now = time.time_ns()
    moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now // 1_000_000_000))
    aside = path.with_name(f"{path.name}.damaged-{moment}.{now // 1000 % 1_000_000:06}Z")
    try:
        os.rename(path, aside)
    except FileNotFoundError:
        aside = path  # another process was faster
    return DamagedFile(
        f"the state file {path} is damaged: {cause}; it was set aside as {aside.name}",
        hint="the other files are not touched; `fateflow doctor` lists what was set aside",
        data={"path": str(path), "aside": str(aside)},
    )


def damaged_files(home: Path) -> list[Path]:
    """All files that were set aside in this home, by path."""
    folder = home / "db"
    return sorted(path for path in folder.rglob("*.damaged-*") if _ASIDE.fullmatch(path.name))


Tables = dict[str, dict[str, msgspec.Raw]]
"""A document in TinyDB's form with each record encoded as JSON: records by table and TinyDB's document id."""

_tables: Final = msgspec.json.Decoder(Tables)
_plain: Final = msgspec.json.Decoder(Plain)


class _SchemaNumber(msgspec.Struct):
    number: int


class AtomicStorage(Storage):
    """One TinyDB file, kept in memory in encoded form: small, quick to save, and never shared with a caller.

    Saving is: temporary file, fsync, rename, fsync of the folder. To read, compare and write, hold a lock; reading
    alone needs none. The file's schema number is written and checked here, in a table that callers do not see.
    """

    def __init__(self, path: Path, schema: Schema, check: Callable[[Tables], None] | None = None) -> None:
        """check: raises msgspec.ValidationError for a document that is valid JSON but not one of ours."""
        self.path = path
        self._schema = schema
        self._check = check
        self._known: tuple[Stamp, Tables, int] | None = None

    @property
    def size(self) -> int:
        """Bytes of the document in memory; 0 before the first read or save."""
        return self._known[2] if self._known else 0

    def read(self) -> Plain | None:
        """The document, None if there is no file. The caller may change it."""
        tables = self.tables()
        try:
            return None if tables is None else _plain.decode(msgspec.json.encode(tables))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self.damaged(str(error)) from None

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Save the document durably."""
        self.prepare(_tables.decode(msgspec.json.encode(data))).publish()
        sync(self.path.parent)

    def tables(self) -> Tables | None:
        """The document with its records in JSON; do not change it. The same object while the file is unchanged.

        Raises DamagedFile, after setting the file aside, and NewerSchema.
        """
        known = self._known
        if known is not None and known[0].is_current(self.path):
            return known[1]
        self._known = None
        try:
            body, stamp = read_file(self.path)
        except FileNotFoundError:
            return None
        try:
            tables = self._in_current_form(_tables.decode(body))
            if self._check is not None:
                self._check(tables)
        except NewerSchema as error:
            raise NewerSchema(f"{self.path}: {error.message}", hint=error.hint, data=error.data) from None
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self.damaged(str(error)) from None
        self._known = stamp, tables, len(body)
        return tables

    def prepare(self, tables: Tables) -> PendingSave:
        """Write the next state to disk without publishing it. Raises OSError; then no file is left behind."""
        body = msgspec.json.encode({SCHEMA_TABLE: self._schema.table(), **tables})
        return PendingSave(self, tables, write_temporary(self.path, body), len(body))

    def damaged(self, cause: str) -> DamagedFile:
        """Set the file aside and return the error to raise."""
        self._known = None
        return set_aside(self.path, cause)

    def _in_current_form(self, tables: Tables) -> Tables:
        numbers = list(tables.pop(SCHEMA_TABLE, {}).values())
        if len(numbers) != 1:
            raise msgspec.ValidationError("it has no schema number")
        found = msgspec.json.decode(numbers[0], type=_SchemaNumber).number
        if found == self._schema.current:
            return tables
        plain = self._schema.upgrade(_plain.decode(msgspec.json.encode(tables)), found)
        return _tables.decode(msgspec.json.encode(plain))

    def _published(self, pending: PendingSave) -> None:
        self._known = pending.stamp, pending.tables, pending.size


class PendingSave:
    """A state that is written beside the file and replaces it on `publish`.

    Sync its directory afterwards (`core.files.sync`), before reporting success.
    """

    def __init__(self, storage: AtomicStorage, tables: Tables, stamp: Stamp, size: int) -> None:
        self._storage = storage
        self.tables = tables
        self.stamp = stamp
        self.size = size

    def publish(self) -> None:
        os.replace(temporary_path(self._storage.path), self._storage.path)
        self._storage._published(self)

    def discard(self) -> None:
        temporary_path(self._storage.path).unlink(missing_ok=True)
