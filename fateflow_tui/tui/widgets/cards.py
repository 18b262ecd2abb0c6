"""Failure cards as lines of text; pure."""

from __future__ import annotations

from fateflow_tui.core.messages import FailureCard
from fateflow_tui.text.places import on_one_line
from fateflow_tui.text.spans import Spans
from fateflow_tui.tui import texts


def card_lines(card: FailureCard, *, log: bool = True) -> list[Spans]:
    """Who, why, where, how it ended, what to do, the last words."""
    lines: list[Spans] = [[(f"✗ {card.component}", "failed strong"), (f"  at {card.party}", "failed")]]
    facts = (
        ("cause", card.cause, "failed"),
        ("where", texts.path_end(card.where), ""),
        ("signal", card.signal, ""),
        ("exit", "" if card.exit_code in (None, 0) or card.signal else str(card.exit_code), ""),
        ("memory", texts.mib(card.peak_memory), ""),
        ("fix", card.fix, "success"),
    )
    lines += [[(f"  {name:<7}", "muted"), (on_one_line(value), style)] for name, value, style in facts if value]
    if log and card.log:
        lines += [[], *([("  ", ""), (on_one_line(line), "muted")] for line in card.log)]
    return lines
