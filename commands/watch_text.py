"""What watch mode says to people; pure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from commands.text import cell, columns, number
from commands.watch_events import Ended, Planned, Score
from fateflow_tui.text.amounts import duration
from fateflow_tui.text.places import width
from fateflow_tui.text.statuses import marked

Paint = Callable[[str, str], str]  # text, SGR numbers -> text

# By what happens to a component: the words for it, and its colour.
_WORDS: Final = {
    "run": ("▶ run", "36"),
    "reuse": ("↻ reuse", "34"),
    "new": ("+ new", "32"),
    "removed": ("- removed", "2"),
}
_FACT: Final = re.compile(r"  [a-z ]+: +")
_NARROWEST: Final = 24  # columns for the reasons


def plan_lines(plan: Planned, limit: int, paint: Paint) -> Iterator[str]:
    """What would happen to each component, and why. limit: columns; 0 for any number."""
    yield paint(f"plan, compared with job {plan.compared}" if plan.compared else "plan", "1")
    rows = [("new" if step.change == "new" and plan.compared else step.action, step) for step in plan.components]
    told = [(kind, step.component, step.why) for kind, step in rows]
    told += [("removed", name, f"job {plan.compared} has it") for name in plan.removed]
    names = columns([_WORDS[kind][0], name, ""] for kind, name, _ in told)
    for (kind, _, why), (word, name, _) in zip(told, names, strict=True):
        color = _WORDS[kind][1]
        margin = width(word) + width(name) + 6
        first, *rest = _wrapped(cell(why), max(1, limit - margin) if limit else 0)
        yield f"  {paint(word, color)}  {name}  {paint(first, '2' if kind in ('reuse', 'removed') else '')}"
        yield from (" " * margin + piece for piece in rest)
    yield summary(plan)


def summary(plan: Planned) -> str:
    """`2 of 5 components run, 3 are reused from job 2026...`."""
    total, run, reused = len(plan.components), len(plan.run), len(plan.reuse)
    if not reused:
        return "the only component runs" if total == 1 else f"all {total} components run"
    if not run:
        return f"{'the only component is' if total == 1 else f'all {total} components are'} as in job {plan.source}"
    runs, reuses = ("runs" if run == 1 else "run"), ("is" if reused == 1 else "are")
    return f"{run} of {total} components {runs}, {reused} {reuses} reused from job {plan.source}"


def ended_line(ended: Ended) -> str:
    """`✓ success  2026...  100%  3.2s  2 run, 3 reused`."""
    counts = f"{len(ended.run)} run, {len(ended.reused)} reused"
    return "  ".join([marked(ended.status), ended.job_id, f"{ended.progress}%", duration(ended.elapsed), counts])


def score_lines(scores: Sequence[Score]) -> Iterator[str]:
    """`  evaluation_0  train  auc 0.993 (was 0.991), ks 0.944`, a line for each component and its data."""
    lines: dict[tuple[str, str], list[str]] = {}
    for one in scores:
        was = "" if one.before is None or one.before == one.value else f" (was {number(one.before)})"
        lines.setdefault((one.component, one.namespace), []).append(f"{one.metric} {number(one.value)}{was}")
    yield from (f"  {name}  {data}  {', '.join(texts)}" for (name, data), texts in lines.items())


def fact_lines(line: str, limit: int) -> list[str]:
    """A line `  name:   value` whose value goes on below, in its column, where it does not fit. limit: columns; 0 for
    any number. Other lines stay as they are.
    """
    fact = _FACT.match(line)
    if not limit or fact is None:
        return [line]
    return textwrap.wrap(line, max(40, limit), subsequent_indent=" " * fact.end(), drop_whitespace=True) or [line]


def found_line(errors: int, warnings: int) -> str:
    """`1 error, 2 warnings`, '' for none."""
    counted = ((errors, "error"), (warnings, "warning"))
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counted if count)


def rule(text: str, limit: int, paint: Paint) -> str:
    """A line across the screen with a text in it."""
    head = f"── {text} "
    return paint(head + "─" * max(2, limit - width(head)), "2")


def _wrapped(text: str, room: int) -> list[str]:
    if not room:
        return [text]
    return textwrap.wrap(text, max(_NARROWEST, room), break_long_words=False) or [""]
