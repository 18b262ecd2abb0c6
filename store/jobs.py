"""Jobs in one TinyDB file each, by day: listing, leases and commits of changes."""

from __future__ import annotations

import os
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec

from fateflow_tui.core.errors import DamagedFile, JobNotFound
from fateflow_tui.core.files import sync
from fateflow_tui.core.ports import JobCommit, StoredJob
from fateflow_tui.store.document import JOBS, Document
from fateflow_tui.store.locks import LockStripes
from fateflow_tui.store.storage import TEMPORARY, AtomicStorage, PendingSave, Tables

_JOB_ID: Final = re.compile(r"[0-9]{8}[.0-9A-Za-z_-]{0,112}")
_SUFFIX: Final = ".json"


def is_job_id(text: str) -> bool:
    """Eight digits (the day), then letters, digits, dot, dash, underscore."""
    return _JOB_ID.fullmatch(text) is not None


def check_job_id(text: str) -> None:
    """Raises JobNotFound for text that cannot be a job id."""
    if not is_job_id(text):
        raise JobNotFound(
            f"job {text[:120]!r} not found: a job id is the day (yyyymmdd) followed by letters, digits, '.', '_' or '-'"
        )


def day_of(job_id: str) -> str:
    return job_id[:8]


def file_name(job_id: str) -> str:
    return job_id + _SUFFIX


def job_id_of(name: str) -> str | None:
    """The job that a file in a day's folder belongs to; None for temporary, damaged and foreign files."""
    job_id = name.removesuffix(_SUFFIX)
    return job_id if job_id != name and is_job_id(job_id) else None


def newest_first(job_ids: list[str]) -> list[str]:
    """By age: the date and time, then the counter that follows it, which is a number of any length."""
    return sorted(job_ids, key=lambda job_id: (job_id[:20], len(job_id), job_id), reverse=True)


_SETTLED: Final = 2_000_000_000  # ns; coarser than any file system's clock


class JobListing:
    """The job ids in `<directory>/<yyyymmdd>/`. Days that no longer change are not listed again."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._days: dict[str, tuple[int, list[str]]] = {}

    def newest_first(self) -> list[str]:
        days = sorted((d for d in _names(self._directory) if d.isdecimal() and len(d) == 8), reverse=True)
        return [job_id for day in days for job_id in self._of_day(day)]

    def _of_day(self, day: str) -> list[str]:
        folder = self._directory / day
        try:
            changed = folder.stat().st_mtime_ns
        except FileNotFoundError:
            return []
        known = self._days.get(day)
        if known is not None and known[0] == changed:
            return known[1]
        now = time.time_ns()
        names = map(job_id_of, _names(folder))
        job_ids = newest_first([job_id for job_id in names if job_id is not None])
        # A later change within the same tick of the clock would not show in the folder's time.
        if now - changed > _SETTLED:
            self._days[day] = changed, job_ids
        return job_ids


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


Value = TypeVar("Value")


class BoundedCache(Generic[Value]):
    """The entries used last, at most `entries` of them and at most `size` in all (as `measure` says, bytes).

    Thread-safe. One entry is kept even if it alone is larger than `size`.
    """

    def __init__(self, entries: int, size: int, measure: Callable[[Value], int]) -> None:
        self._limits = entries, size
        self._measure = measure
        self._values: OrderedDict[str, tuple[Value, int]] = OrderedDict()
        self._size = 0
        self._mutex = threading.Lock()

    def get(self, key: str) -> Value | None:
        with self._mutex:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: str, value: Value) -> None:
        size = self._measure(value)
        with self._mutex:
            self._forget(key)
            self._values[key] = value, size
            self._size += size
            entries, limit = self._limits
            while len(self._values) > entries or (self._size > limit and len(self._values) > 1):
                self._forget(next(iter(self._values)))

    def drop(self, key: str) -> None:
        with self._mutex:
            self._forget(key)

    def __len__(self) -> int:
        return len(self._values)

    def _forget(self, key: str) -> None:
        _, size = self._values.pop(key, (None, 0))
        self._size -= size


CACHED_JOBS: Final = 128  # each holds one open file
CACHED_BYTES: Final = 64 * 1024 * 1024


class _JobFile:
    """A job's storage and the document last read from it."""

    def __init__(self, path: Path) -> None:
        self.storage = AtomicStorage(path, JOBS)
        self._read: tuple[Tables, Document] | None = None

    def document(self) -> Document | None:
        """The current state on disk; None if there is no file."""
        tables = self.storage.tables()
        if tables is None:
            return None
        read = self._read
        if read is None or read[0] is not tables:
            try:
                read = tables, Document.of(tables)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise self.storage.damaged(str(error)) from None
            self._read = read
        return read[1]

    def prepare(self, document: Document) -> PendingSave:
        tables = document.to_tables()
        pending = self.storage.prepare(tables)
        self._read = tables, document  # valid only once the storage returns these tables
        return pending


class TinyJobStore:
    """`core.ports.JobStore` in `<home>/db/jobs`. Safe for threads and for processes that share the home.

    All changes of one `commit` are checked before any is written; several changes of one job are applied in order and
    saved once. Every method may also raise TimedOut, if another process holds a lock for too long, and NewerSchema.
    An invalid id is treated as unknown: None from `load`, JobNotFound from the others.
    """

    def __init__(self, home: Path, cached_jobs: int = CACHED_JOBS) -> None:
        self._directory = home / "db" / "jobs"
        self._locks = LockStripes(home / "db" / "locks")
        self._listing = JobListing(self._directory)
        self._files = BoundedCache[_JobFile](cached_jobs, CACHED_BYTES, lambda file: file.storage.size)
        self._remove_temporaries()

    def load(self, job_id: str) -> StoredJob | None:
        if not is_job_id(job_id):
            return None
        file = self._file(job_id)
        document = file.document()
        if document is None or document.version == 0:
            return None
        self._files.put(job_id, file)
        try:
            return document.stored(job_id)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self._files.drop(job_id)
            raise file.storage.damaged(str(error)) from None

    def job_ids(self) -> list[str]:
        return self._listing.newest_first()

    def commit(self, changes: Iterable[JobCommit]) -> dict[str, int]:
        changes = list(changes)
        for change in changes:
            check_job_id(change.job_id)
        with self._locks.held(change.job_id for change in changes):
            documents: dict[str, Document] = {}
            for change in changes:
                now = documents.get(change.job_id) or self._file(change.job_id).document() or Document()
                documents[change.job_id] = now.changed(change)
            self._save(documents)
        return {job_id: document.version for job_id, document in documents.items()}

    def delete(self, job_id: str) -> None:
        check_job_id(job_id)
        with self._locks.held([job_id]):
            self._files.drop(job_id)
            path = self._path(job_id)
            with suppress(FileNotFoundError):
                path.unlink()
                sync(path.parent)

    def set_aside(self, job_id: str, cause: str) -> DamagedFile:
        check_job_id(job_id)
        with self._locks.held([job_id]):
            storage = self._file(job_id).storage
            self._files.drop(job_id)
            return storage.damaged(cause)

    def advance_epoch(self, job_id: str) -> int:
        check_job_id(job_id)
        with self._locks.held([job_id]):
            advanced = (self._file(job_id).document() or Document()).advanced()
            self._save({job_id: advanced})
        return advanced.epoch

    def _path(self, job_id: str) -> Path:
        return self._directory / day_of(job_id) / file_name(job_id)

    def _file(self, job_id: str) -> _JobFile:
        return self._files.get(job_id) or _JobFile(self._path(job_id))

    def _save(self, documents: dict[str, Document]) -> None:
        """Write all files before any of them is published, so that a full disk rejects the whole commit."""
        files = {job_id: self._file(job_id) for job_id in documents}
        pending: list[PendingSave] = []
        try:
            for job_id, document in documents.items():
                pending.append(files[job_id].prepare(document))
        except BaseException:
            for save in pending:
                save.discard()
            raise
        for save in pending:
            save.publish()
        for folder in {self._path(job_id).parent for job_id in documents}:
            sync(folder)
        for job_id, file in files.items():
            self._files.put(job_id, file)

    def _remove_temporaries(self) -> None:
        """Remove what killed writers left behind, under the lock because another process may be writing."""
        for path in self._directory.glob(f"*/*{TEMPORARY}"):
            job_id = job_id_of(path.name.removesuffix(TEMPORARY))
            if job_id is not None:
                with self._locks.held([job_id]):
                    path.unlink(missing_ok=True)
