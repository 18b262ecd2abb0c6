"""Parties as text: the columns of their list, facts, running jobs, the message trace; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from fateflow_tui.core.cells import Spans, cut, on_one_line
from fateflow_tui.core.formatting import MARKS, byte_count, letter
from fateflow_tui.sdk.types.jobs import JobView
from fateflow_tui.sdk.types.site import Event, Grant
from fateflow_tui.tui.columns import Column
from fateflow_tui.tui.queries import PartyRow
from fateflow_tui.views.jobs import unreachable_lines
from fateflow_tui.views.text import clock

_KINDS: Final = {"role": "roles", "command": "commands", "component": "modules", "dataset": "tables"}


_SKEWED: Final = 2_000  # ms of clock skew from which it is marked


_SLOW: Final = 300.0  # ms


PARTY_COLUMNS: Final = (
    Column[PartyRow]("party", "PARTY", lambda p, width: [(p.party, "")], 12, 18, sortable=True),
    Column[PartyRow]("state", "STATUS", lambda p, width: _site_status(p), 13, 15, sortable=True),
    Column[PartyRow]("rtt", "RTT", lambda p, width: _rtt(p), 7, 8, rank=2, right=True),
    Column[PartyRow]("skew", "CLOCK", lambda p, width: _skew(p), 8, 9, rank=3, right=True),
    Column[PartyRow](
        "version", "VERSION", lambda p, width: [(p.peer.version if p.peer else "", "muted")], 7, 9, rank=4
    ),
    Column[PartyRow]("trust", "TRUST", lambda p, width: _trust(p, width), 13, 20, rank=1),
    Column[PartyRow]("grants", "GRANTED", lambda p, width: grant_words(p.grant), 10, 24, rank=6),
    Column[PartyRow]("url", "ADDRESS", lambda p, width: _address(p), 20, rank=5),
)


def fact_lines(row: PartyRow | None) -> list[Spans]:
    """Describe a party: its site and whether that is reachable, its key, its permissions."""
    if row is None:
        return []
    rows: list[tuple[str, Spans]] = [
        ("party", [(row.party, "strong"), (f"  {row.url}", "primary")]),
        ("", [("played by this site" if row.here else "", "muted")]),
    ]
    if not row.here and row.url:
        rows.append(("status", _site_status(row)))
        if row.peer is not None:
            rows += [
                ("site", [(row.peer.name, ""), (f"  fateflow {row.peer.version}", "muted")]),
                ("answers", [*_rtt(row), ("  clock ", "muted"), *_skew(row)]),
            ]
        if row.trouble:
            rows += [("error", [(on_one_line(row.trouble), "failed")]), ("hint", [(row.hint, "success")])]
        rows += [("key", _trust(row, 80)), ("note", [(on_one_line(row.note), "")])]
    if not row.here:
        rows += _grant_rows(row.grant)
    return [[(f"{name:<9}", "muted"), *spans] for name, spans in rows if spans and spans[0][0]]


def grant_words(grant: Grant | None) -> Spans:
    """Summarise a grant: everything, or the kinds that are restricted."""
    if grant is None:
        return [("–", "muted")]
    kinds = [name for kind, name in _KINDS.items() if getattr(grant, kind) is not None]
    return [(", ".join(kinds), "accent")] if kinds else [(grant.otherwise or "–", "muted")]


def job_lines(views: Sequence[JobView]) -> list[Spans]:
    """List the running jobs, with the parties that are lost."""
    if not views:
        return [[("no running jobs", "muted")]]
    lines: list[Spans] = []
    for view in views:
        marks: Spans = []
        for line in view.party_lines:
            name = letter(line.party, [one.party for one in view.party_lines])
            style = "failed" if line.lost else "warning" if line.trouble else line.status
            marks += [(" ", ""), (f"{name}{'✗' if line.lost else MARKS.get(line.status, '?')}", style)]
        lines += [[(view.job_id, ""), (" ", ""), *marks], *unreachable_lines(view)]
    return lines


def trace_line(event: Event) -> Spans:
    """Format a message: sender, receiver, name and size, never its content."""
    data = event.data
    size = data.get("size", 0)
    return [
        (f"{clock(event.at)} ", "muted"),
        (f"{data.get('source', '?'):>13}", "accent"),
        (" → ", "muted"),
        (f"{data.get('target', '?'):<14}", "accent"),
        (f"{byte_count(size) if isinstance(size, int) else '?':>9}  ", "strong"),
        (f"{on_one_line(str(data.get('name', '')))}  ", ""),
        (f"{data.get('component', '')} {event.job_id}", "muted"),
    ]


def traced_jobs(events: Iterable[Event]) -> list[str]:
    """Return the jobs of these messages, the newest last."""
    return list(dict.fromkeys(event.job_id for event in events))


def _site_status(row: PartyRow) -> Spans:
    if row.here:
        return [("● this site", "success")]
    if not row.url:
        return [("– no address", "muted")]
    if row.peer is not None:
        return [("● reachable", "success")]
    if not row.trusted or row.is_pattern:
        return [("– not pinged", "muted")]
    return [("✗ unreachable", "failed")] if row.trouble else [("· pinging", "muted")]


def _rtt(row: PartyRow) -> Spans:
    if row.peer is None:
        return [("", "")]
    return [(f"{row.peer.rtt:.1f} ms", "warning" if row.peer.rtt > _SLOW else "")]


def _skew(row: PartyRow) -> Spans:
    if row.peer is None:
        return [("", "")]
    skew = row.peer.clock_skew
    return [(f"{skew:+d} ms", "warning" if abs(skew) > _SKEWED else "")]


def _trust(row: PartyRow, width: int) -> Spans:
    if row.here or not row.url:
        return [("", "")]
    if not row.trusted:
        return [("! not trusted", "warning"), ("; press t to trust it" if width > 40 else "", "muted")]
    return [("✓ ", "success"), (cut(row.fingerprint, max(0, width - 2)), "muted")]


def _address(row: PartyRow) -> Spans:
    return [(row.url, ""), (f"  {on_one_line(row.note)}" if row.note else "", "muted")]


def _grant_rows(grant: Grant | None) -> list[tuple[str, Spans]]:
    if grant is None:
        return [("may use", [("what site.toml permits; press m to grant more", "muted")])]
    rows: list[tuple[str, Spans]] = []
    for kind, name in _KINDS.items():
        words = getattr(grant, kind)
        if words is None:
            text: Spans = [(f"{grant.otherwise or 'all'}", "muted")]
        else:
            text = [(", ".join(words) if words else "nothing", "accent" if words else "failed")]
        rows.append((name, text))
    return rows
