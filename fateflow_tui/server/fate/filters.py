"""Choosing and ordering records the way 1.x clients ask for it: any field without its `f_`, by equality or range."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.records import JobState
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.fate.records import Record

_RANGES = frozenset({"create_time", "start_time", "end_time", "update_time", "elapsed"})
_TRUE = frozenset({"1", "true"})


def usable(record: Record, wishes: Mapping[str, Any]) -> dict[str, Any]:
    """The wishes that name a field; clients send much else (`conf_path`, `local`, `limit` ...)."""
    return {name: wish for name, wish in wishes.items() if wish is not None and f"f_{name}" in record}


def fits(record: Record, wishes: Mapping[str, Any]) -> bool:
    """Whether a record has all the wished values; see `usable`."""
    return all(_fits(name, record[f"f_{name}"], wish) for name, wish in wishes.items())


def ordered(records: list[Record], wishes: Mapping[str, Any]) -> list[Record]:
    """Sorted by `order_by` if it names a field, else by age of the job; `reverse` for descending. Records of one job
    keep their order: the initiator's comes first.
    """
    field = f"f_{wishes.get('order_by')}"
    if not records or field not in records[0]:
        field = "f_job_id"
    descending = str(wishes.get("reverse", "")).lower() in _TRUE
    return sorted(records, key=lambda record: sort_key(record[field]), reverse=descending)


def sort_key(value: Any) -> tuple[bool, bool, Any]:
    """Orders what a field may hold: nothing, numbers, texts."""
    if value is None:
        return (False, False, 0)
    return (True, True, value) if isinstance(value, str) else (True, False, value if isinstance(value, int) else 0)


def _fits(name: str, value: Any, wish: Any) -> bool:
    if name in _RANGES and isinstance(wish, list):
        return _in_range(name, value, wish)
    if isinstance(wish, list):
        return any(_fits(name, value, one) for one in wish)
    if isinstance(value, bool):
        return (str(wish).lower() in _TRUE) == value
    return value is not None and str(value) == str(wish)


def _in_range(name: str, value: int | None, wish: list[Any]) -> bool:
    if len(wish) != 2:
        raise BadRequest(f"{name} as a range has two ends, not {len(wish)}")
    low, high = (_moment(name, end) for end in wish)
    return value is not None and (low is None or value >= low) and (high is None or value <= high)


def _moment(name: str, end: Any) -> float | None:
    """One end of a range: ms, or `YYYY-MM-DD HH:MM:SS`; None is open."""
    if end is None or isinstance(end, int | float):
        return end
    try:
        return datetime.fromisoformat(str(end)).timestamp() * 1000 if not str(end).isdigit() else float(end)
    except ValueError:
        raise BadRequest(f"{name}: {end!r} is neither ms since the epoch nor YYYY-MM-DD HH:MM:SS") from None


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
