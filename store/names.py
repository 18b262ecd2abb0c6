"""Job ids as file names. They come from clients: what is not plainly an id never reaches the disk."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Final

from fateflow_tui.core.errors import JobNotFound

_JOB_ID: Final = re.compile(r"[0-9]{8}[.0-9A-Za-z_-]{0,112}")
_SUFFIX: Final = ".json"


def is_job_id(text: str) -> bool:
    """Eight digits (the day), then letters, digits, dot, dash, underscore."""
    return _JOB_ID.fullmatch(text) is not None


def check_job_id(text: str) -> None:
    """Raises JobNotFound for what cannot be a job's id."""
    if not is_job_id(text):
        raise JobNotFound(
            f"there is no job {text[:120]!r}: a job id is the day (yyyymmdd) and then letters, digits, '.', '_', '-'"
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
