"""How long tasks of each module have taken at this site, from its newest jobs."""

from __future__ import annotations

import asyncio
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Final

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.records import JobState
from fateflow_tui.core.status import Status
from fateflow_tui.core.why import Usual

_JOBS: Final = 50  # that are looked at
_RUNS: Final = 20  # of one module that count, the newest
_FRESH: Final = 5_000  # ms for which an answer is good
_TURN: Final = 8  # job files between two chances for others to use the event loop


class TaskDurations:
    """states: jobs, newest first, at most so many."""

    def __init__(self, states: Callable[[int], Iterator[JobState]], clock: Callable[[], int] = now_ms) -> None:
        self._states = states
        self._clock = clock
        self._usual: dict[str, Usual] = {}
        self._looked_at = 0

    async def by_module(self) -> dict[str, Usual]:
        """By `module/role`. What was taken over from another job has not run and does not count."""
        now = self._clock()
        if now - self._looked_at >= _FRESH:
            self._usual, self._looked_at = await self._look(), now
        return self._usual

    async def _look(self) -> dict[str, Usual]:
        durations: defaultdict[str, list[int]] = defaultdict(list)
        for number, state in enumerate(self._states(_JOBS)):
            for key, duration in _runs(state):
                if len(durations[key]) < _RUNS:
                    durations[key].append(duration)
            if number % _TURN == _TURN - 1:
                await asyncio.sleep(0)
        return {key: Usual(round(statistics.median(found)), len(found)) for key, found in durations.items()}


def _runs(state: JobState) -> Iterator[tuple[str, int]]:
    for task in state.tasks.values():
        if task.status is Status.SUCCESS and task.started_at and not task.reused_from:
            yield f"{task.module}/{task.party.role}", max(0, task.ended_at - task.started_at)
