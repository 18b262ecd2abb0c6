"""Finding the jobs of a site, in memory and on disk."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from fateflow_tui.core.errors import DamagedFile, JobNotFound
from fateflow_tui.core.ports import JobStore
from fateflow_tui.core.records import JobState
from fateflow_tui.engine import Engine
from fateflow_tui.runtime.states import load_state

logger = logging.getLogger(__name__)


class JobLookup:
    """Jobs as they are now, or as they were saved when they ended."""

    def __init__(self, engine: Engine, store: JobStore) -> None:
        self._engine = engine
        self._store = store

    def state(self, job_id: str) -> JobState | None:
        """A job as it is now, or as it was saved when it ended."""
        if (live := self._engine.job(job_id)) is not None:
            return live
        return load_state(self._store, job_id)

    def states(self, limit: int | None = None, before: str = "") -> Iterator[JobState]:
        """Jobs, newest first; reads no more files than are taken. before: only those that come after this one in that
        order. A damaged one is set aside and left out.
        """
        ids = self._store.job_ids()
        if before in ids:
            ids = ids[ids.index(before) + 1 :]
        for job_id in ids[:limit]:
            try:
                state = self.state(job_id)
            except DamagedFile as damage:
                logger.error("%s", damage.message)
                continue
            if state is not None:
                yield state

    def known(self, job_id: str) -> JobState:
        """Raises JobNotFound."""
        state = self.state(job_id)
        if state is None:
            raise JobNotFound(f"there is no job {job_id} at this site", hint="see: fateflow job list")
        return state
