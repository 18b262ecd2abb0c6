"""Jobs, their history and their reasons as lines of text; pure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from fateflow_tui.commands.output import cell, columns, moment, party_marks
from fateflow_tui.core.cells import clean, width
from fateflow_tui.core.formatting import duration, marked

if TYPE_CHECKING:
    from fateflow_tui.core.messages import FailureCard
    from fateflow_tui.core.records import StoryEntry
    from fateflow_tui.core.why import Holding, Why
    from fateflow_tui.sdk.types.jobs import ComponentView, JobLine, JobView, JobWhy


JOB_TITLES = ("JOB", "STATUS", "PROGRESS", "PARTIES", "NOW", "TOOK", "WHY")
_REASON = 60  # columns


def job_row(job: JobLine, now: int) -> list[str]:
    """One line of `job list`. The time is how long it has run, or how long it has waited."""
    waits = not job.started_at and not job.status.ended
    spent = f"waiting {duration(now - job.created_at)}" if waits else duration(job.elapsed(now))
    return [
        job.job_id,
        marked(job.status),
        f"{job.progress}%",
        party_marks(dict(job.parties)),
        ",".join(job.running),
        spent,
        shortened(why(job), _REASON),
    ]


def why(job: JobLine) -> str:
    """What a job waits for, or why it ended badly; else its name."""
    if job.waiting is not None:
        return job.waiting.text
    return job.reason if job.reason and not job.status.succeeded else job.name


def headline(job: JobLine, now: int) -> str:
    """`✓ success  2026...  100%  04:12`."""
    return "  ".join([marked(job.status), job.job_id, f"{job.progress}%", duration(job.elapsed(now))])


def job_lines(job: JobView, now: int) -> Iterator[str]:
    """`job show`."""
    yield headline(job, now)
    facts = [
        ("name", job.name),
        ("description", job.description),
        ("initiator", job.initiator),
        ("driver", job.driver if job.driver != job.initiator else ""),
        ("model", f"{job.model_id} {job.model_version}" if job.model_id else ""),
        ("submitted", f"{moment(job.created_at)} {job.submitted_by}".strip()),
        ("started", moment(job.started_at)),
        ("ended", moment(job.ended_at)),
        ("waits", job.waiting.text if job.waiting else ""),
        ("stopped by", f"{job.stop.by} {job.stop.reason}".strip() if job.stop else ""),
        ("reason", job.reason),
        ("reruns", str(job.reruns or "")),
    ]
    shown = [[f"  {name}", cell(value)] for name, value in facts if value]
    yield from ("  ".join(row) for row in columns(shown))
    for line in job.party_lines:
        if line.lost or line.trouble:
            yield f"  {line.party} {'is silent' if line.lost else 'cannot be reached'}: {cell(line.trouble)}".rstrip(
                ": "
            )
    yield ""
    yield from component_lines(job.components, now)
    for card in job.cards:
        yield ""
        yield from card_lines(card)


def reused_line(job: JobView) -> str:
    """What a job has taken over from an earlier one."""
    names = [one.name for one in job.components if one.reused_from]
    if not names:
        return f"nothing is reused; all {len(job.components)} components run"
    source = next(one.reused_from for one in job.components if one.reused_from)
    return f"↻ {len(names)} of {len(job.components)} components are reused from job {source}: {', '.join(names)}"


def component_lines(components: list[ComponentView], now: int) -> Iterator[str]:
    rows = [
        [f"  {component_state(c)}", c.name, c.module, party_marks(dict(c.parties)), component_time(c, now)]
        for c in components
    ]
    yield from ("  ".join(row).rstrip() for row in columns(rows))


def component_state(component: ComponentView) -> str:
    """As `marked`; what was taken over from an earlier job is shown as that."""
    return marked("reused" if component.reused_from else component.status)


def component_time(component: ComponentView, now: int) -> str:
    """How long it took, or from which job it was taken over."""
    if component.reused_from:
        return f"from {component.reused_from}"
    if not component.started_at:
        return ""
    return duration((component.ended_at or now) - component.started_at)


def card_lines(card: FailureCard) -> Iterator[str]:
    """A failure card: who, why, where, how it ended, what to do, the last words."""
    ended = "■ {} was canceled at {}" if card.kind == "canceled" else "✗ {} failed at {}"
    yield ended.format(card.component, card.party)
    facts = [
        ("cause", card.cause),
        ("where", card.where),
        ("signal", card.signal),
        ("exit code", "" if card.exit_code in (None, 0) or card.signal else str(card.exit_code)),
        ("peak memory", f"{card.peak_memory} MiB" if card.peak_memory else ""),
        ("fix", card.hint),
    ]
    for name, value in facts:
        if value:
            yield f"  {name + ':':12} {cell(value)}"
    if card.log:
        yield "  last lines of its log:"
        yield from (f"    {clean(line)}" for line in card.log)


def shortened(text: str, limit: int) -> str:
    text = cell(text)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def story_lines(entries: Iterable[StoryEntry], limit: int = 0) -> Iterator[str]:
    """`job story`: the day above its entries, then when, who, what. limit: columns, 0 for none."""
    known = list(entries)
    room = max((width(_who(entry)) for entry in known), default=0)
    day = ""
    for entry in known:
        moment = datetime.fromtimestamp(entry.at / 1000)
        if f"{moment:%Y-%m-%d}" != day:
            day = f"{moment:%Y-%m-%d}"
            yield day
        who = _who(entry)
        head = f"{moment:%H:%M:%S}.{entry.at % 1000:03}  {who}{' ' * (room - width(who))}  "
        first, *rest = _pieces(_what(entry), limit - width(head) if limit else 0)
        yield f"{head}{first}"
        yield from (f"{' ' * width(head)}{piece}" for piece in rest)


def _who(entry: StoryEntry) -> str:
    """The job itself where nothing is named; a component without a party is meant over all of them."""
    if entry.component and entry.party:
        return f"{entry.component} {entry.party}"
    return entry.component or entry.party or "job"


def _what(entry: StoryEntry) -> str:
    what = entry.what.replace(" -> ", " → ")
    if " " not in what:
        what = _HUMP.sub(" ", what).lower()
    return cell(f"{what}: {entry.text}" if entry.text else what)


def _pieces(text: str, room: int) -> list[str]:
    return textwrap.wrap(text, max(20, room), break_on_hyphens=False) or [text] if room > 0 else [text]


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
        first, *rest = _why_pieces(value, limit - len(head) if limit else 0)
        yield f"{head}{first}"
        yield from (f"{' ' * len(head)}{piece}" for piece in rest)
    if why.stack:
        yield f"{_INDENT}where its threads are, the innermost call first:"
        yield from (f"{_INDENT * 2}{clean(line)}" for line in why.stack.splitlines())
    for card in why.cards:
        yield ""
        yield from card_lines(card)


def wrapped(text: str, limit: int) -> Iterator[str]:
    yield from (f"{_INDENT}{piece}" for piece in _why_pieces(clean(text).replace("\n", " "), limit - len(_INDENT)))


def _facts(why: Why, now: int) -> Iterator[tuple[str, str]]:
    if why.kind == "waiting" and why.since:
        yield "since", f"{_short(why.since, now)}, {duration(now - why.since)} ago"
    for number, holder in enumerate(why.holders):
        yield "" if number else "held by", _holding(holder, now)
    yield "expected", _expected(why, now)
    yield "mend", clean(why.hint) if not (why.cards and why.hint == why.cards[0].hint) else ""


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


def _why_pieces(text: str, limit: int) -> list[str]:
    if limit <= 0:
        return [text]
    kept = _UNIT.sub("\\1\xa0\\2", text)  # a figure stays with its unit
    pieces = textwrap.wrap(kept, max(20, limit), break_on_hyphens=False, break_long_words=False)
    return [piece.replace("\xa0", " ") for piece in pieces] or [""]
