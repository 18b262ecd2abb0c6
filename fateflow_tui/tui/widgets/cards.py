"""Failure cards as lines of text; pure."""

from __future__ import annotations

from datetime import datetime

from fateflow_tui.core.messages import FailureCard
from fateflow_tui.core.status import Status
from fateflow_tui.text.places import on_one_line
from fateflow_tui.text.spans import Spans
from fateflow_tui.text.statuses import MARKS
from fateflow_tui.tui import texts


def card_lines(card: FailureCard, *, log: bool = True) -> list[Spans]:
    """Who, why, where, how it ended, what to do, the last words."""
    mark, style = sign(card)
    lines: list[Spans] = [[(f"{mark} {card.component}", f"{style} strong"), (f"  at {card.party}", style)]]
    facts = (
        ("cause", card.cause, style),
        ("where", texts.path_end(card.where), ""),
        ("signal", card.signal, ""),
        ("exit", "" if card.exit_code in (None, 0) or card.signal else str(card.exit_code), ""),
        ("memory", texts.mib(card.peak_memory), ""),
        ("fix", card.fix, "success"),
    )
    lines += [[(f"  {name:<7}", "muted"), (on_one_line(value), style)] for name, value, style in facts if value]
    if log and card.log:
        lines += [[], *([("  ", ""), (line, "muted")] for line in log_lines(card))]
    return lines


def sign(card: FailureCard) -> tuple[str, str]:
    """Its mark and style: a task that was ended because another one failed has not failed itself."""
    status = Status.CANCELED if card.kind == "canceled" else Status.FAILED
    return MARKS[status], status


def log_lines(card: FailureCard) -> list[str]:
    """Its last words: local time of day, level and message, as the card says already who spoke."""
    lines = []
    for line in card.log:
        head, bar, message = line.partition(" | ")
        words = head.split()
        try:
            at = round(datetime.fromisoformat(words[0]).timestamp() * 1000) if bar and len(words) == 4 else 0
        except ValueError:
            at = 0
        lines.append(on_one_line(f"{texts.clock(at)} {words[1]:<7} {message}" if at else line))
    return lines
