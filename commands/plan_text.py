"""What a job would do, as lines of text; pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from commands.text import cell, columns
from fateflow_tui.text.amounts import duration
from fateflow_tui.text.places import width

if TYPE_CHECKING:
    from fateflow_tui.sdk.forecast import JobForecast, Leaving, PartyForecast, TaskForecast

_UNKNOWN: Final = "?"


def forecast_lines(plan: JobForecast, limit: int = 0) -> Iterator[str]:
    """`job plan -d -c`. limit: columns, 0 for none."""
    count = len(plan.components)
    time = f"about {duration(plan.expected)}" if plan.expected else "nobody knows how long"
    yield f"{plan.job_type} job of {plan.initiator}: {count} component{'' if count == 1 else 's'}, {time}"
    if plan.model_version:
        yield f"predicts with {plan.model_id} {plan.model_version}"
    if plan.unknown and len(plan.unknown) < count:
        yield f"nothing is known here about the time of: {', '.join(plan.unknown)}"
    if plan.source:
        yield f"takes over what job {plan.source} has done alike"
    for party in plan.parties:
        yield ""
        yield from _party_lines(party, limit)


def _party_lines(party: PartyForecast, limit: int) -> Iterator[str]:
    memory = f" and {party.memory} MiB" if party.memory else ""
    cores = f"{party.cores} core{'' if party.cores == 1 else 's'}"
    yield f"{party.party}{' (this site)' if party.here else ''} holds {cores}{memory}"
    if party.refusal:
        yield f"  ✗ {cell(party.refusal)}"
    rows = [[f"  {task.component}", task.module, _time(task), _tables(task)] for task in party.tasks]
    yield from _folded(rows, limit)
    if not party.leaves:
        yield "  nothing leaves it"
        return
    yield "  may leave it:"
    yield from _folded(_leaving(party.leaves), limit)


def _leaving(leaves: list[Leaving]) -> list[list[str]]:
    """One line for what goes from one component to the same parties."""
    names: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in leaves:
        names.setdefault((one.component, tuple(one.to)), []).append(one.name)
    return [[f"    {component}", f"to {', '.join(to)}", ", ".join(found)] for (component, to), found in names.items()]


def _time(task: TaskForecast) -> str:
    if task.action == "reuse":
        return "reused"
    return duration(task.expected) if task.runs else _UNKNOWN


def _tables(task: TaskForecast) -> str:
    reads = f"reads {', '.join(task.reads)}" if task.reads else ""
    if task.their_tables:
        reads = "reads their table" if task.their_tables == 1 else f"reads {task.their_tables} of their tables"
    named = [name for name in task.writes if not name.startswith(f"{task.component}.")]  # the others stay with the job
    writes = f"writes {', '.join(named)}" if named else ""
    return cell("; ".join(filter(None, [reads, writes])))


def _folded(rows: list[list[str]], limit: int) -> Iterator[str]:
    """Rows in columns; what does not fit into the last one goes on below, in its column."""
    for row in columns(rows) if rows else ():
        head = "  ".join([*row[:-1], ""])
        room = max(20, limit - width(head)) if limit else 0
        first, *rest = (textwrap.wrap(row[-1], room, break_on_hyphens=False) if room else []) or [row[-1]]
        yield f"{head}{first}".rstrip()
        yield from (f"{' ' * width(head)}{piece}" for piece in rest)
