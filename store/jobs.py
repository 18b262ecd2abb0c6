"""Jobs on disk: one TinyDB file each, so that a save costs the same however many other jobs there are."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from fateflow_tui.core.errors import DamagedFile
from fateflow_tui.core.ports import Change, Lease, StoredJob
from store.cache import BoundedCache
from store.document import Document
from store.files import TEMPORARY, sync_directory
from store.listing import JobListing
from store.locks import LockStripes
from store.names import check_job_id, day_of, file_name, is_job_id, job_id_of
from store.schema import JOBS
from store.storage import AtomicStorage, PendingSave, Tables

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

    def commit(self, changes: Iterable[Change]) -> dict[str, int]:
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
                sync_directory(path.parent)

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
            sync_directory(folder)
        for job_id, file in files.items():
            self._files.put(job_id, file)

    def _remove_temporaries(self) -> None:
        """What killed writers left behind; under the lock, because another process may be writing just now."""
        for path in self._directory.glob(f"*/*{TEMPORARY}"):
            job_id = job_id_of(path.name.removesuffix(TEMPORARY))
            if job_id is not None:
                with self._locks.held([job_id]):
                    path.unlink(missing_ok=True)
