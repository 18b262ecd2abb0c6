"""The typed answer to "why" as lines: the sentence, the facts that are not in it, what to do; pure."""

from __future__ import annotations

from collections.abc import Iterator

from fateflow_tui.core.cells import Spans, on_one_line
from fateflow_tui.core.formatting import duration, marked, plural
from fateflow_tui.core.plan import Resources
from fateflow_tui.core.why import Why
from fateflow_tui.sdk.types.jobs import JobWhy
from fateflow_tui.tui import columns
from fateflow_tui.tui.widgets.tab_cards import card_lines

_STYLES = {
    "waiting": "warning",
    "silent": "warning",
    "running": "running",
    "failed": "failed",
    "refused": "failed",
    "timeout": "timeout",
    "canceled": "canceled",
    "success": "success",
}


def reason_lines(found: JobWhy, now: int) -> list[Spans]:
    """The chief reason first."""
    lines: list[Spans] = [[(marked(found.status), f"{found.status} strong")]]
    if found.why is None:
        text = found.waiting.text if found.waiting is not None else found.reason
        return [*lines, [], [(on_one_line(text or "nothing holds it up"), "")]]
    for number, why in enumerate([found.why, *found.further]):
        lines += [[]] if number else []
        lines += _one(why, now, chief=not number)
    return lines


def _one(why: Why, now: int, *, chief: bool) -> list[Spans]:
    style = _STYLES.get(why.kind, "")
    kind = " ".join(filter(None, [why.kind, why.cause]))
    lines: list[Spans] = [] if chief else [[(kind, f"{style} strong")]]
    lines += [[(on_one_line(why.text), f"{style} strong" if chief else style)], []]
    facts = [(name, value) for name, value in _facts(why, now) if value]
    lines += [
        [(f"{name:<10}", "muted"), (on_one_line(value), "success" if name == "mend" else "")] for name, value in facts
    ]
    for number, holder in enumerate(why.holders):
        until = f", until about {columns.clock(holder.ends_at)}" if holder.ends_at else ""
        held = f"{holder.job_id}  {_amount(holder.held)} at {holder.party}{until}"
        lines.append([("held by   " if not number else " " * 10, "muted"), (held, "")])
    if why.stack:
        lines += [[], [("where its threads are, the innermost call first", "muted")]]
        lines += [[("  ", ""), (on_one_line(line), "")] for line in why.stack.splitlines()]
    for card in why.cards:
        lines += [[], *card_lines(card)]
    return lines


def _facts(why: Why, now: int) -> Iterator[tuple[str, str]]:
    yield "at", " ".join(filter(None, [why.component, why.party]))
    yield "since", f"{columns.moment(why.since, now)}, {duration(now - why.since)} ago" if why.since else ""
    yield "need", _amount(why.need)
    yield "free", _amount(why.free)
    yield "total", _amount(why.total)
    yield "job", why.job_id
    yield "by", why.by
    yield "reason", why.reason
    for kind, names in why.lacks.items():
        yield f"lacks {kind}"[:9], ", ".join(names)
    yield "usually", duration(why.usual) if why.usual else ""
    if why.sign is not None:
        words = f"{why.sign.what} {why.sign.text}".rstrip()
        yield "last sign", f"{duration(now - why.sign.at)} ago: {words}"
    if why.awaits is not None:
        yield "awaits", f"{why.awaits.name} from {why.awaits.source}, for {duration(now - why.awaits.since)}"
    if why.estimate:
        left = f"in {duration(why.estimate - now)}" if why.estimate > now else "at any moment"
        yield "expected", f"{left}{f' ({why.basis})' if why.basis else ''}"
    yield "mend", why.hint


def _amount(amount: Resources | None) -> str:
    if amount is None:
        return ""
    return plural(amount.cores, "core") + (f", {columns.mib(amount.memory)}" if amount.memory else "")
