"""The store in memory, for simulations and tests: same results and errors as on disk, and copies of its state."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from tinydb.storages import Storage

from fateflow_tui.core.errors import DamagedFile
from fateflow_tui.core.ports import JobCommit, StoredJob
from fateflow_tui.store.collections import TinyCollection
from fateflow_tui.store.document import Document
from fateflow_tui.store.jobs import check_job_id, newest_first


class MemoryJobStore:
    """`core.ports.JobStore` in memory. Not thread-safe.

    Records are kept in JSON, so that callers never share objects with the store.
    """

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}

    def snapshot(self) -> MemoryJobStore:
        """An independent store with everything saved so far: what a crash at this moment would leave."""
        copy = MemoryJobStore()
        copy._documents = dict(self._documents)
        return copy

    def load(self, job_id: str) -> StoredJob | None:
        document = self._documents.get(job_id)
        return document.stored(job_id) if document and document.version else None

    def job_ids(self) -> list[str]:
        return newest_first(list(self._documents))

    def commit(self, changes: Iterable[JobCommit]) -> dict[str, int]:
        documents: dict[str, Document] = {}
        for change in changes:
            check_job_id(change.job_id)
            now = documents.get(change.job_id) or self._document(change.job_id)
            documents[change.job_id] = now.changed(change)
        self._documents.update(documents)
        return {job_id: document.version for job_id, document in documents.items()}

    def delete(self, job_id: str) -> None:
        check_job_id(job_id)
        self._documents.pop(job_id, None)

    def set_aside(self, job_id: str, cause: str) -> DamagedFile:
        self.delete(job_id)
        return DamagedFile(f"job {job_id} is damaged: {cause}")

    def advance_epoch(self, job_id: str) -> int:
        check_job_id(job_id)
        advanced = self._documents[job_id] = self._document(job_id).advanced()
        return advanced.epoch

    def _document(self, job_id: str) -> Document:
        return self._documents.get(job_id, Document())


class _EncodedStorage(Storage):
    """TinyDB's storage contract over a JSON text in memory."""

    def __init__(self, text: bytes = b"null") -> None:
        self.text = text

    def read(self) -> dict[str, dict[str, Any]] | None:
        return msgspec.json.decode(self.text, type=dict[str, dict[str, Any]] | None)

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        self.text = msgspec.json.encode(data)


class _ThreadLock:
    def __init__(self) -> None:
        self._mutex = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        with self._mutex:
            yield


class MemoryCollection(TinyCollection):
    """`core.ports.Collection` in memory."""

    def __init__(self, name: str) -> None:
        self._text = _EncodedStorage()
        super().__init__(name, self._text, _ThreadLock())

    def snapshot(self) -> MemoryCollection:
        """An independent collection with everything saved so far."""
        copy = MemoryCollection(self.name)
        copy._text.text = self._text.text
        return copy
