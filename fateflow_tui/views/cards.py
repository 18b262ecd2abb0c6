"""Failure cards as styled lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from fateflow_tui.core.cells import Spans, cut, on_one_line, wrapped
from fateflow_tui.core.formatting import MARKS
from fateflow_tui.core.status import Status
from fateflow_tui.views.text import clock, mib, path_end

if TYPE_CHECKING:
    from fateflow_tui.core.messages import FailureCard

LOG_LINES: Final = 12  # last log lines in a summary


def card_lines(card: FailureCard, *, log: bool = True, short: bool = False) -> list[Spans]:
    """Return a card: component and party, cause, location, how the task ended, hint, log. short: paths without their
    beginnings.
    """
    mark, style = card_mark(card)
    ended = "was canceled" if style == Status.CANCELED else "failed"
    lines: list[Spans] = [[(f"{mark} {card.component}", f"{style} strong"), (f" {ended} at {card.party}", style)]]
    lines.append([("  cause  ", "muted"), (on_one_line(card.cause), style)])
    lines += [
        [(f"  {name:<7}", "muted"), (on_one_line(value), "success" if name == "hint" else "")]
        for name, value in _facts(card, short)
    ]
    if log and card.log:
        lines.append([("  last lines of its log:", "muted")])
        lines += [[("    ", ""), (line, "muted")] for line in log_lines(card)]
    return lines if card.cause else [lines[0], *lines[2:]]


def card_summary(card: FailureCard, width: int) -> list[Spans]:
    """Return a card that fits a narrow frame: cause, hint, location, how the task ended, the end of the log."""
    lines = wrapped([(on_one_line(card.cause or card.kind), f"{card_mark(card)[1]} strong")], width)
    facts = dict(_facts(card, short=True))
    facts = {**({"hint": facts["hint"]} if "hint" in facts else {}), **facts}
    facts |= {"run": str(card.version + 1)} if card.version else {}
    for name, value in facts.items():
        lines += wrapped([(f"{name:<7}", "muted"), (on_one_line(value), "success" if name == "hint" else "")], width)
    if card.log:
        lines.append([("─" * width, "frame")])
        lines += [[(cut(line, width), "muted")] for line in log_lines(card)[-LOG_LINES:]]
    return lines


def card_mark(card: FailureCard) -> tuple[str, str]:
    """Return mark and style: a task that was canceled because another one failed has not failed itself."""
    status = Status.CANCELED if card.kind == "canceled" else Status.FAILED
    return MARKS[status], status


def log_lines(card: FailureCard) -> list[str]:
    """Return the log lines of a card with local time of day, level and message; the card names the task already."""
    lines = []
    for line in card.log:
        head, bar, message = line.partition(" | ")
        words = head.split()
        try:
            at = round(datetime.fromisoformat(words[0]).timestamp() * 1000) if bar and len(words) == 4 else 0
        except ValueError:
            at = 0
        lines.append(on_one_line(f"{clock(at)} {words[1]:<7} {message}" if at else line))
    return lines


def _facts(card: FailureCard, short: bool) -> Iterator[tuple[str, str]]:
    facts = (
        ("where", path_end(card.where) if short else card.where),
        ("signal", card.signal),
        ("exit", "" if card.exit_code in (None, 0) or card.signal else str(card.exit_code)),
        ("memory", mib(card.peak_memory)),
        ("hint", card.hint),
    )
    yield from ((name, value) for name, value in facts if value)
