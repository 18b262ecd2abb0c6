"""Reasons as lines of text; pure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from commands.job_text import card_lines
from commands.text import columns, moment
from fateflow_tui.text.amounts import duration
from fateflow_tui.text.places import clean
from fateflow_tui.text.statuses import marked

if TYPE_CHECKING:
    from fateflow_tui.core.why import Holding, Why
    from fateflow_tui.sdk.jobs import JobWhy

_INDENT: Final = "  "
_UNIT: Final = re.compile(r"(\d) (s|min|h|d|MiB|cores|core)\b")


def why_lines(found: JobWhy, now: int, limit: int = 0) -> Iterator[str]:
    """`job why`. limit: columns, 0 for none."""
    yield _INDENT.join(filter(None, [marked(found.status), found.job_id, found.component]))
    if found.why is None:  # an older scheduler's answer
        yield from wrapped(found.waiting.text if found.waiting else found.reason, limit)
        for card in found.cards:
            yield from card_lines(card)
        return
    yield from reason_lines(found.why, now, limit)
    for other in found.further:
        yield ""
        yield from reason_lines(other, now, limit)


def reason_lines(why: Why, now: int, limit: int) -> Iterator[str]:
    """One reason: the sentence, the facts that are not in it, what to do, the cards or the stack."""
    yield from wrapped(why.text, limit)
    rows = [[name, value] for name, value in _facts(why, now) if value]
    for name, value in columns(rows) if rows else ():
        head = f"{_INDENT}{name}{_INDENT}"
        first, *rest = _pieces(value, limit - len(head) if limit else 0)
        yield f"{head}{first}"
        yield from (f"{' ' * len(head)}{piece}" for piece in rest)
    if why.stack:
        yield f"{_INDENT}where its threads are, the innermost call first:"
        yield from (f"{_INDENT * 2}{clean(line)}" for line in why.stack.splitlines())
    for card in why.cards:
        yield ""
        yield from card_lines(card)


def wrapped(text: str, limit: int) -> Iterator[str]:
    yield from (f"{_INDENT}{piece}" for piece in _pieces(clean(text).replace("\n", " "), limit - len(_INDENT)))


def _facts(why: Why, now: int) -> Iterator[tuple[str, str]]:
    if why.kind == "waiting" and why.since:
        yield "since", f"{_short(why.since, now)}, {duration(now - why.since)} ago"
    for number, holder in enumerate(why.holders):
        yield "" if number else "held by", _holding(holder, now)
    yield "expected", _expected(why, now)
    yield "mend", clean(why.mend) if not (why.cards and why.mend == why.cards[0].fix) else ""


def _short(at: int, now: int) -> str:
    """Without the day when it is today."""
    whole, today = moment(at), moment(now)
    return whole[11:] if whole[:10] == today[:10] else whole


def _holding(one: Holding, now: int) -> str:
    memory = f" and {one.held.memory} MiB" if one.held.memory else ""
    until = f", until about {_short(one.ends_at, now)}" if one.ends_at else ""
    return f"{one.job_id}: {one.held.cores} cores{memory} at {one.party}{until}"


def _expected(why: Why, now: int) -> str:
    if not why.estimate:
        return ""
    wait = why.estimate - now
    when = f"in about {duration(wait)}, at {_short(why.estimate, now)}" if wait > 0 else "at any moment"
    return f"{when} ({why.basis})" if why.basis else when


def _pieces(text: str, limit: int) -> list[str]:
    if limit <= 0:
        return [text]
    kept = _UNIT.sub("\\1\xa0\\2", text)  # a figure stays with its unit
    pieces = textwrap.wrap(kept, max(20, limit), break_on_hyphens=False, break_long_words=False)
    return [piece.replace("\xa0", " ") for piece in pieces] or [""]
