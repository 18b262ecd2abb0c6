"""Which jobs a site still has to care for after a restart, found without opening ten thousand job files."""

from __future__ import annotations

import os
from pathlib import Path

from fateflow_tui.artifacts.home import segment


class LiveJobs:
    """One empty marker file per job that is not settled, made before the job's first save."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._known = {marker.name for marker in folder.iterdir()}

    def all(self) -> list[str]:
        return sorted(self._known)

    def add(self, job_id: str) -> None:
        """Returns once the marker would survive a power loss."""
        if job_id not in self._known:
            (self._folder / segment(job_id, "job id")).touch()
            self._sync()
            self._known.add(job_id)

    def remove(self, job_id: str) -> None:
        """A marker too many after a crash only costs a look at the job."""
        if job_id in self._known:
            self._known.discard(job_id)
            (self._folder / job_id).unlink(missing_ok=True)

    def _sync(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
