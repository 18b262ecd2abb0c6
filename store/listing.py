"""Which jobs there are, from the names of their files."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

from store.names import job_id_of, newest_first

_SETTLED: Final = 2_000_000_000  # ns; coarser than any file system's clock


class JobListing:
    """The job ids in `<directory>/<yyyymmdd>/`. Days that do not change any more are not listed again."""

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
