"""Records of many jobs, chosen while their states come in one by one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

from fateflow_tui.core.records import JobState
from fateflow_tui.server.door import Site
from fateflow_tui.server.filters import fits, usable
from fateflow_tui.server.records import Record

_TURN = 16  # states between two chances for others to use the event loop


async def each(states: Iterable[JobState]) -> AsyncIterator[JobState]:
    """The states, without keeping the event loop to itself: reading thousands of job files takes seconds."""
    for number, state in enumerate(states):
        if number % _TURN == _TURN - 1:
            await asyncio.sleep(0)
        yield state


async def newest_first(
    site: Site,
    render: Callable[[JobState], list[Record]],
    wishes: Mapping[str, Any],
    *,
    limit: int = 0,
    need_wish: bool = False,
) -> list[Record]:
    """The records that fit, of the newest job first. limit: 0 for all. need_wish: without a usable wish, nothing."""
    job_id = wishes.get("job_id")
    if job_id is not None and not isinstance(job_id, list):
        state = site.jobs.state(str(job_id))
        states: Iterable[JobState] = [state] if state else []
    else:
        states = site.jobs.states()
    found: list[Record] = []
    async for state in each(states):
        for record in render(state):
            chosen = usable(record, wishes)
            if (chosen or not need_wish) and fits(record, chosen):
                found.append(record)
        if 0 < limit <= len(found):
            return found[:limit]
    return found
