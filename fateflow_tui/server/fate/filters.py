"""Filtering and ordering of records as 1.x clients request it: by any field, named without `f_`, by value or range."""

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


def usable(record: Record, filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the filters that name a field; clients send other members, too (`conf_path`, `local`, `limit` ...)."""
    return {name: value for name, value in filters.items() if value is not None and f"f_{name}" in record}


def fits(record: Record, filters: Mapping[str, Any]) -> bool:
    """Whether a record matches all filters; see `usable`."""
    return all(_fits(name, record[f"f_{name}"], wanted) for name, wanted in filters.items())


def ordered(records: list[Record], request: Mapping[str, Any]) -> list[Record]:
    """Sort records by `order_by` if it names a field, else by age of the job; `reverse` for descending. Records of one
    job keep their order: the initiator's comes first.
    """
    field = f"f_{request.get('order_by')}"
    if not records or field not in records[0]:
        field = "f_job_id"
    descending = str(request.get("reverse", "")).lower() in _TRUE
    return sorted(records, key=lambda record: sort_key(record[field]), reverse=descending)


def sort_key(value: Any) -> tuple[bool, bool, Any]:
    """Return the sort key of a field's value: nothing comes before numbers, and numbers before strings."""
    if value is None:
        return (False, False, 0)
    return (True, True, value) if isinstance(value, str) else (True, False, value if isinstance(value, int) else 0)


def _fits(name: str, value: Any, wanted: Any) -> bool:
    if name in _RANGES and isinstance(wanted, list):
        return _in_range(name, value, wanted)
    if isinstance(wanted, list):
        return any(_fits(name, value, one) for one in wanted)
    if isinstance(value, bool):
        return (str(wanted).lower() in _TRUE) == value
    return value is not None and str(value) == str(wanted)


def _in_range(name: str, value: int | None, ends: list[Any]) -> bool:
    if len(ends) != 2:
        raise BadRequest(f"{name}: a range has two ends, not {len(ends)}")
    low, high = (_moment(name, end) for end in ends)
    return value is not None and (low is None or value >= low) and (high is None or value <= high)


def _moment(name: str, end: Any) -> float | None:
    """Read one end of a range: ms, or `YYYY-MM-DD HH:MM:SS`; None for an open end."""
    if end is None or isinstance(end, int | float):
        return end
    try:
        return datetime.fromisoformat(str(end)).timestamp() * 1000 if not str(end).isdigit() else float(end)
    except ValueError:
        raise BadRequest(f"{name}: {end!r} is neither ms since the epoch nor YYYY-MM-DD HH:MM:SS") from None


_BATCH = 16  # states that are read before other tasks may use the event loop


async def each(states: Iterable[JobState]) -> AsyncIterator[JobState]:
    """Yield the states without blocking the event loop: reading thousands of job files takes seconds."""
    for number, state in enumerate(states):
        if number % _BATCH == _BATCH - 1:
            await asyncio.sleep(0)
        yield state


async def newest_first(
    site: Site,
    render: Callable[[JobState], list[Record]],
    filters: Mapping[str, Any],
    *,
    limit: int = 0,
    need_filter: bool = False,
) -> list[Record]:
    """Return the matching records, newest job first. limit: 0 for all. need_filter: without a usable filter, none."""
    job_id = filters.get("job_id")
    if job_id is not None and not isinstance(job_id, list):
        state = site.jobs.state(str(job_id))
        states: Iterable[JobState] = [state] if state else []
    else:
        states = site.jobs.states()
    found: list[Record] = []
    async for state in each(states):
        for record in render(state):
            chosen = usable(record, filters)
            if (chosen or not need_filter) and fits(record, chosen):
                found.append(record)
        if 0 < limit <= len(found):
            return found[:limit]
    return found
