"""A table of this site with its index of rows by id, which is built anew whenever the table was replaced."""

from __future__ import annotations

import asyncio
import os
import sys
from hashlib import sha256
from pathlib import Path

from fateflow_tui.artifacts.feature_index import FeatureIndex
from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.table import META_FILE, TableMeta
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import ComponentFailed, DamagedFile

# Of the table's facts on disk: other facts are another file.
_Mark = tuple[int, ...]


class IndexedTable:
    """The index is a file below `<home>/serving`; it stays over restarts."""

    def __init__(self, home: Home, tables: Tables, namespace: str, name: str) -> None:
        self._home = home
        self._tables = tables
        self._place = namespace, name
        self._facts = home.table(namespace, name) / META_FILE
        digest = sha256(f"{namespace}/{name}".encode()).hexdigest()[:32]
        self._path = home.root / "serving" / f"{digest}.sqlite"
        self._index: FeatureIndex | None = None
        self._mark: _Mark | None = None  # for which the open index is right
        self._source: Path | None = None  # the file outside that the table is bound to
        self._renewal: asyncio.Task[FeatureIndex] | None = None

    async def index(self, patience: float | None = None) -> FeatureIndex:
        """The index of the table as it is now. patience: seconds to wait while it is built; None: as long as it takes.

        Raises NotFound when there is no such table, TimeoutError, ComponentFailed when it cannot be built.
        """
        if self._index is not None and self._mark is not None and self._mark == self._look():
            return self._index
        if self._renewal is None:
            self._renewal = asyncio.create_task(self._renew())
            self._renewal.add_done_callback(self._renewed)
        return await asyncio.wait_for(asyncio.shield(self._renewal), patience)

    def remove(self) -> None:
        """The index is not needed any more."""
        self._forget()
        self._path.unlink(missing_ok=True)

    async def close(self) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)
        self._forget()

    async def _renew(self) -> FeatureIndex:
        """Looks at the table first: should it be replaced meanwhile, the next question finds another mark."""
        mark = self._look()
        meta = self._tables.open(*self._place).meta
        if (obstacle := meta.obstacle()) is not None:
            self._forget()
            raise obstacle
        source = Path(meta.files[0]) if meta.source is not None else None
        if source != self._source:
            self._source, mark = source, None
        if self._index is None or self._index.facts.table != meta.identity:
            self._forget()
            self._index = self._stored(meta) or await self._built()
        # What was built of a table that came meanwhile is looked at again by the next question.
        self._mark = mark if self._index.facts.table == meta.identity else None
        return self._index

    def _renewed(self, renewal: asyncio.Task[FeatureIndex]) -> None:
        self._renewal = None
        if not renewal.cancelled():
            renewal.exception()  # whoever still waits is told; it is no fault that nobody does

    def _stored(self, meta: TableMeta) -> FeatureIndex | None:
        """What an earlier run of this site built, if it was of this very table."""
        if not self._path.exists():
            return None
        try:
            index = FeatureIndex(self._path)
        except DamagedFile:
            return None
        if index.facts.table == meta.identity:
            return index
        index.close()
        return None

    async def _built(self) -> FeatureIndex:
        words = (os.getpid(), self._home.root, *self._place, self._path)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fateflow_tui.worker.feature_index", *map(str, words)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, complaint = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            lines = complaint.decode(errors="replace").strip().splitlines() or [f"exit code {process.returncode}"]
            raise ComponentFailed(f"the index of table {'/'.join(self._place)} could not be built: {lines[-1]}")
        return FeatureIndex(self._path)

    def _forget(self) -> None:
        if self._index is not None:
            self._index.close()
        self._index = self._mark = None

    def _look(self) -> _Mark | None:
        """Two looks at files; None when one of them is not there."""
        try:
            paths = (self._facts,) if self._source is None else (self._facts, self._source)
            return tuple(number for path in paths for number in _mark_of(path))
        except OSError:
            return None


def _mark_of(path: Path) -> _Mark:
    facts = os.stat(path)
    return facts.st_ino, facts.st_size, facts.st_mtime_ns
