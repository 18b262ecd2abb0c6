"""Jobs on disk: one TinyDB file each, so that a save costs the same however many other jobs there are."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec

from fateflow_tui.core.errors import DamagedFile
from fateflow_tui.core.files import sync
from fateflow_tui.core.ports import JobCommit, Lease, StoredJob
from fateflow_tui.store.document import JOBS, Document
from fateflow_tui.store.locks import LockStripes
from fateflow_tui.store.names import JobListing, check_job_id, day_of, file_name, is_job_id, job_id_of
from fateflow_tui.store.storage import TEMPORARY, AtomicStorage, PendingSave, Tables

Value = TypeVar("Value")


class BoundedCache(Generic[Value]):
    """The entries used last, at most `entries` of them and at most `size` in all (as `measure` says, bytes).

    Safe among threads. One entry is kept even if it alone is larger than `size`.
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
    """A job's storage and what was last made of it."""

    def __init__(self, path: Path) -> None:
        self.storage = AtomicStorage(path, JOBS)
        self._read: tuple[Tables, Document] | None = None

    def document(self) -> Document | None:
        """Today's state on disk; None if there is no file."""
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
        self._read = tables, document  # of use only once the storage answers with these tables
        return pending


class TinyJobStore:
    """`core.ports.JobStore` in `<home>/db/jobs`. Safe among threads and among processes that share the home.

    All changes of one `commit` are checked before any is written; several changes of one job are made one upon the
    other and saved once. Every method may also raise TimedOut, when another process holds a lock for too long, and
    NewerSchema. An id that no job can have is unknown: None from `load`, JobNotFound from the others.
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

    def acquire(self, job_id: str, owner: str, ttl: int, now: int) -> Lease | None:
        """A job that does not exist yet can be leased: `load` does not know it until its first commit."""
        check_job_id(job_id)
        with self._locks.held([job_id]):
            leased = (self._file(job_id).document() or Document()).leased(owner, ttl, now)
            if leased is not None:
                self._save({job_id: leased})
        return leased.lease if leased else None

    def release(self, job_id: str, owner: str) -> None:
        check_job_id(job_id)
        with self._locks.held([job_id]):
            document = self._file(job_id).document()
            released = document.released(owner) if document else None
            if released is not None:
                self._save({job_id: released})

    def _path(self, job_id: str) -> Path:
        return self._directory / day_of(job_id) / file_name(job_id)

    def _file(self, job_id: str) -> _JobFile:
        return self._files.get(job_id) or _JobFile(self._path(job_id))

    def _save(self, documents: dict[str, Document]) -> None:
        """Brings all to the disk first, so that a full disk refuses all of them, then shows them."""
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
        """What killed writers left behind; under the lock, because another process may be writing just now."""
        for path in self._directory.glob(f"*/*{TEMPORARY}"):
            job_id = job_id_of(path.name.removesuffix(TEMPORARY))
            if job_id is not None:
                with self._locks.held([job_id]):
                    path.unlink(missing_ok=True)
