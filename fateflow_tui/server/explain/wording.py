"""Durations, lists and estimates in explanations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from fateflow_tui.core.plan import Resources
from fateflow_tui.core.records import JobState
from fateflow_tui.core.status import Status
from fateflow_tui.core.why import DurationStats, Holding
from fateflow_tui.server.job_views import component_views

_MAX_LISTED: Final = 3


def span(ms: int) -> str:
    """Return a duration as `0.4 s`, `12 s`, `4 min 10 s`, `2 h 5 min` or `3 d 4 h`."""
    if ms < 9_950:
        return f"{max(ms, 0) / 1000:.1f} s"
    seconds = round(ms / 1000)
    if seconds < 60:
        return f"{seconds} s"
    for size, unit, below, small in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = seconds % size // below
            return f"{seconds // size} {unit}" + (f" {rest} {small}" if rest else "")
    return f"{seconds} s"


def listed(names: Sequence[str], shown: int = _MAX_LISTED) -> str:
    """Return `a, b and c`; of a long list, the first names and the number of the others."""
    if len(names) > shown + 1:
        return f"{', '.join(names[:shown])} and {len(names) - shown} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def duration_of(usual: Mapping[str, DurationStats], module: str, parties: Iterable[str]) -> DurationStats | None:
    """Return how long a component takes: as long as the slowest of its roles that has statistics at this site."""
    roles = {party.partition(":")[0] for party in parties}
    known = [usual[key] for role in sorted(roles) if (key := f"{module}/{role}") in usual]
    return max(known, key=lambda one: one.duration, default=None)


def expected_end(state: JobState, usual: Mapping[str, DurationStats], now: int) -> int:
    """Return when a running job is expected to end; 0 unless all its remaining components have statistics."""
    remaining = 0
    for view in component_views(state):
        if view.status.ended:
            continue
        known = duration_of(usual, view.module, view.parties)
        if known is None:
            return 0
        running = view.status is Status.RUNNING and view.started_at
        remaining += max(0, known.duration - (now - view.started_at)) if running else known.duration
    options = next((document.options for document in state.documents.values()), None)
    return now + remaining // max(1, options.task_parallelism if options else 1)


def free_at(need: Resources, free: Resources, holders: Iterable[Holding], *, memory_counts: bool) -> int:
    """Return when these resources are expected to be free; 0 if unknown."""
    for holding in sorted(holders, key=lambda one: one.ends_at or float("inf")):
        if not holding.ends_at:
            return 0
        free = free.plus(holding.held)
        if need.cores <= free.cores and (not memory_counts or need.memory <= free.memory):
            return holding.ends_at
    return 0
