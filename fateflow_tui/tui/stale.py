"""Which jobs are to be read anew, and when: the first time at once, then not more often than they may be."""

from __future__ import annotations

import asyncio
import time
from typing import Final

_SHORTEST: Final = 0.2  # seconds between two readings of the same job
_SHARE: Final = 6.0  # a reading that took long is not repeated before so many times its length


class Stale:
    """A queue in which every job stands once."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._not_before: dict[str, float] = {}
        self._added = asyncio.Event()

    def add(self, job_id: str) -> None:
        if job_id not in self._due:
            self._due[job_id] = max(time.monotonic(), self._not_before.get(job_id, 0.0))
            self._added.set()

    def read(self, job_id: str, seconds: float) -> None:
        """A reading has taken so long."""
        now = time.monotonic()
        self._not_before[job_id] = now + max(_SHORTEST, _SHARE * seconds)
        if len(self._not_before) > 1000:
            self._not_before = {name: at for name, at in self._not_before.items() if at > now}
        if job_id in self._due:
            self._due[job_id] = self._not_before[job_id]

    async def next(self) -> str:
        """Waits for the job that is to be read next, and takes it out."""
        while True:
            self._added.clear()
            job_id = min(self._due, key=self._due.__getitem__, default="")
            pause = self._due[job_id] - time.monotonic() if job_id else None
            if pause is not None and pause <= 0:
                del self._due[job_id]
                return job_id
            try:
                async with asyncio.timeout(pause):
                    await self._added.wait()
            except TimeoutError:
                continue
