"""The reasons why a job or a component is in its state, as styled lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from fateflow_tui.core.cells import Spans, on_one_line
from fateflow_tui.core.formatting import duration, marked, plural
from fateflow_tui.views.cards import card_lines
from fateflow_tui.views.text import folded, mib, moment

if TYPE_CHECKING:
    from fateflow_tui.core.plan import Resources
    from fateflow_tui.core.why import Why
    from fateflow_tui.sdk.types.jobs import JobWhy

_STYLES: Final = {
    **{"waiting": "warning", "silent": "warning", "running": "running", "success": "success"},
    **{"failed": "failed", "refused": "failed", "timeout": "timeout", "canceled": "canceled"},
}
_NAMES: Final = 10  # cells of the name of a fact


def why_lines(found: JobWhy, now: int, *, width: int = 0, details: bool = False) -> list[Spans]:
    """Return the main reason first, then the others. width: wrap at so many cells; 0: do not wrap.

    details: all facts, also those that the sentence of a reason contains, for readers who have the job before them.
    """
    style = f"{found.status} strong"
    head = [marked(found.status)] if details else filter(None, [marked(found.status), found.job_id, found.component])
    lines: list[Spans] = [[("  ".join(head), style)]]
    if found.why is None:  # the answer of an older scheduler
        text = found.waiting.text if found.waiting is not None else found.reason
        lines += [[], [(on_one_line(text or "no reason is known"), "")]]
        for card in found.cards:
            lines += [[], *card_lines(card, short=details)]
    else:
        lines += _reason(found.why, now, main=True, details=details)
        for why in found.further:
            lines += [[], *_reason(why, now, main=False, details=details)]
    return folded(lines, width)


def _reason(why: Why, now: int, *, main: bool, details: bool) -> Iterator[Spans]:
    style = _STYLES.get(why.kind, "")
    if not main and details:
        yield [(" ".join(filter(None, [why.kind, why.cause])), f"{style} strong")]
    yield [(on_one_line(why.text), f"{style} strong" if main else style)]
    facts = [*(_detailed(why, now) if details else _since(why, now)), *_holders(why, now), *_outlook(why, now)]
    for name, value in facts:
        if value:
            yield [(f"{name:<{_NAMES}}", "muted"), (on_one_line(value), "success" if name == "hint" else "")]
    if why.stack:
        yield [("stack of its threads, the innermost call first:", "muted")]
        yield from ([("  ", ""), (on_one_line(line), "")] for line in why.stack.splitlines())
    for card in why.cards:
        yield []
        yield from card_lines(card, short=details)


def _since(why: Why, now: int) -> Iterator[tuple[str, str]]:
    if why.kind == "waiting" and why.since:
        yield "since", f"{moment(why.since, now)}, {duration(now - why.since)} ago"


def _detailed(why: Why, now: int) -> Iterator[tuple[str, str]]:
    yield "at", " ".join(filter(None, [why.component, why.party]))
    yield "since", f"{moment(why.since, now)}, {duration(now - why.since)} ago" if why.since else ""
    yield "need", _amount(why.need)
    yield "free", _amount(why.free)
    yield "total", _amount(why.total)
    yield "job", why.job_id
    yield "by", why.by
    yield "reason", why.reason
    for kind, names in why.lacks.items():
        yield f"no {kind}"[: _NAMES - 1], ", ".join(names)
    yield "usually", duration(why.usual) if why.usual else ""
    if why.sign is not None:
        yield "last seen", f"{duration(now - why.sign.at)} ago: {why.sign.what} {why.sign.text}".rstrip()
    if why.awaits is not None:
        yield "awaits", f"{why.awaits.name} from {why.awaits.source}, for {duration(now - why.awaits.since)}"


def _holders(why: Why, now: int) -> Iterator[tuple[str, str]]:
    for number, holder in enumerate(why.holders):
        until = f", until about {moment(holder.ends_at, now)}" if holder.ends_at else ""
        yield "" if number else "held by", f"{holder.job_id}: {_amount(holder.held)} at {holder.party}{until}"


def _outlook(why: Why, now: int) -> Iterator[tuple[str, str]]:
    if why.estimate:
        left = why.estimate - now
        when = f"in about {duration(left)}, at {moment(why.estimate, now)}" if left > 0 else "at any moment"
        yield "expected", f"{when} ({why.basis})" if why.basis else when
    if why.hint and not (why.cards and why.hint == why.cards[0].hint):
        yield "hint", why.hint


def _amount(amount: Resources | None) -> str:
    if amount is None:
        return ""
    return plural(amount.cores, "core") + (f", {mib(amount.memory)}" if amount.memory else "")
