"""Cores and memory in words: bars, who holds them, who waits for what; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from fateflow_tui.core.plan import Resources
from fateflow_tui.core.records import WaitingReason
from fateflow_tui.sdk.results.site import SiteStatus
from fateflow_tui.text.places import on_one_line
from fateflow_tui.text.spans import Spans
from fateflow_tui.tui import texts
from fateflow_tui.tui.columns import Column

_FULL: Final = 0.9  # of what there is, from which on it is said to be short


class Held(msgspec.Struct, frozen=True):
    """What a job holds for a party. since: when the job began, ms since the epoch. running: components that run."""

    job_id: str
    party: str
    held: Resources
    since: int = 0
    running: tuple[str, ...] = ()


class Queued(msgspec.Struct, frozen=True):
    """A job that has not begun. place: in the order in which they are tried, from 1 on."""

    job_id: str
    place: int
    priority: int
    created_at: int
    waiting: WaitingReason | None


class Usage(msgspec.Struct, frozen=True):
    """What the site has and what of it is taken."""

    engine: str = ""
    capacity: Resources = Resources()
    used: Resources = Resources()


def held_columns(now: Callable[[], int]) -> tuple[Column[Held], ...]:
    return (
        Column("job", "JOB", lambda h, room: [(texts.shortened_id(h.job_id, room), "")], 14, 22),
        Column("party", "PARTY", lambda h, room: [(h.party, "accent")], 13, 16),
        Column("cores", "CORES", lambda h, room: [(str(h.held.cores), "strong")], 5, 5, right=True),
        Column("memory", "MEMORY", lambda h, room: [(texts.mib(h.held.memory) or "–", "muted")], 8, 9, 2, right=True),
        Column("since", "SINCE", lambda h, room: [(texts.moment(h.since, now()), "muted")], 8, 12, 3),
        Column("for", "FOR", lambda h, room: [(_lasted(h.since, now()), "running")], 8, 8, right=True),
        Column("now", "NOW", lambda h, room: [(", ".join(h.running), "")], 12, rank=1),
    )


def queue_columns(now: Callable[[], int]) -> tuple[Column[Queued], ...]:
    return (
        Column("place", "#", lambda q, room: [(str(q.place), "strong")], 3, 3, right=True),
        Column("job", "JOB", lambda q, room: [(texts.shortened_id(q.job_id, room), "")], 14, 22),
        Column("for", "WAITS", lambda q, room: [(_lasted(q.created_at, now()), "waiting")], 8, 8, 2, right=True),
        Column("priority", "PRIO", lambda q, room: [(str(q.priority or "–"), "muted")], 4, 4, 4, right=True),
        Column("kind", "FOR WHAT", lambda q, room: [(_kind(q.waiting), "warning")], 9, 12, 1),
        Column(
            "party", "AT", lambda q, room: [(q.waiting.party if q.waiting else "", "accent")], 10, 14, 3, from_width=95
        ),
        Column("why", "WHY", lambda q, room: [(_why(q.waiting), "")], 40),
    )


def bar_lines(usage: Usage, jobs: int, room: int) -> list[Spans]:
    """A bar for cores and one for memory, as wide as the room."""
    capacity, used = usage.capacity, usage.used
    lines = [_bar("cores", used.cores, capacity.cores, str, room)]
    if capacity.memory:
        lines.append(_bar("memory", used.memory, capacity.memory, lambda amount: texts.mib(amount) or "0", room))
    else:
        taken = f", {texts.mib(used.memory)} promised" if used.memory else ""
        lines.append([(f"{'memory':<8}", "muted"), (f"not counted{taken}", "muted")])
    held = f"held by {texts.plural(jobs, 'job')}" if jobs else "nobody holds anything"
    return [*lines, [(f"{'':<8}", ""), (held, "muted")]]


def engine_lines(usage: Usage, site: SiteStatus | None, now: int) -> list[Spans]:
    """What computes here."""
    if site is None:
        return []
    parties = ", ".join(site.parties) if site.parties else "every party (standalone)"
    rows = (
        ("engine", f"{usage.engine} processes of this machine" if usage.engine == "local" else usage.engine),
        ("site", f"{site.name}, fateflow {site.version}"),
        ("plays", parties),
        ("process", f"{site.pid}, up for {texts.ticking(now - site.started_at)}"),
        ("address", site.url),
        ("home", site.home),
    )
    return [[(f"{name:<9}", "muted"), (on_one_line(value), "")] for name, value in rows]


def usage_of(answer: Mapping[str, Any]) -> Usage:
    """Of the answer about resources."""
    return msgspec.convert({name: answer.get(name) for name in ("engine", "capacity", "used")}, Usage)


def _bar(name: str, used: int, total: int, words: Callable[[int], str], room: int) -> Spans:
    free = max(0, total - used)
    said = f"  {words(used)} of {words(total)} used, {words(free)} free"
    places = max(8, min(60, room - 8 - len(said)))
    share = used / total if total else 0
    done, rest = texts.bar(round(share * 100), places)
    style = "warning" if share >= _FULL else "running"
    return [(f"{name:<8}", "muted"), (done, style), (rest, "frame"), (said, "")]


def _lasted(since: int, now: int) -> str:
    return texts.ticking(now - since) if since else ""


def _kind(reason: WaitingReason | None) -> str:
    return reason.kind if reason is not None else "its turn"


def _why(reason: WaitingReason | None) -> str:
    return on_one_line(reason.text) if reason is not None else ""
