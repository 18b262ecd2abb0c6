"""`fateflow doctor`: checks of the site, also when no scheduler is running."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.errors import FAILED, OK
from fateflow_tui.commands.groups import Command, prints
from fateflow_tui.commands.output import columns
from fateflow_tui.core.cells import clean, width

if TYPE_CHECKING:
    from fateflow_tui.runtime.home.checks import DoctorCheck as LocalCheck
    from fateflow_tui.sdk.types import Check

app = typer.Typer(add_completion=False)


class Finding(Protocol):
    """A check, made by the scheduler or on a stopped site."""

    @property
    def name(self) -> str: ...
    @property
    def ok(self) -> bool: ...
    @property
    def text(self) -> str: ...
    @property
    def hint(self) -> str: ...


@app.command(cls=Command)
@prints("list[Check]")
def doctor(ctx: typer.Context) -> int:
    """Check the site, its environment and its connections to peers.

    Exits with 1 when a check fails. Starts no scheduler: where none runs, the checks that need none are made.

    Examples:
    fateflow doctor
    fateflow doctor --json
    """
    session = context.of(ctx)
    found = _checks(session)
    if session.output.is_table:
        limit = session.output.width if sys.stdout.isatty() else 0
        session.output.lines(check_lines(found, limit))
    else:
        session.output.listing(found, (), lambda _: (), lambda check: check.name)
    return OK if all(check.ok for check in found) else FAILED


def check_lines(found: Sequence[Finding], limit: int) -> Iterator[str]:
    """Yield a line for each check, and the hint below a failed one. limit: columns, 0 for none."""
    names = [row[0] for row in columns([[check.name, ""] for check in found])] if found else []
    for name, check in zip(names, found, strict=True):
        head = f"{'✓' if check.ok else '✗'} {name}  "
        columns_left = max(20, limit - width(head)) if limit else 0
        lines = _wrapped(clean(check.text), columns_left)
        if not check.ok and check.hint:
            lines += _wrapped(f"→ {clean(check.hint)}", columns_left)
        yield f"{head}{lines[0]}"
        yield from (f"{' ' * width(head)}{line}" for line in lines[1:])


def _checks(session: context.Session) -> list[Check] | list[LocalCheck]:
    from fateflow_tui.core.errors import SchedulerUnreachable
    from fateflow_tui.sdk import FateFlow, local

    if session.url:
        return session.flow.doctor()
    try:
        if local.status(session.home) is not None:
            with FateFlow(home=session.home) as flow:
                return flow.doctor()
    except SchedulerUnreachable:
        pass  # it has just ended
    from fateflow_tui.runtime.home.doctor import checks_of_stopped

    return list(checks_of_stopped(session.home))


def _wrapped(text: str, limit: int) -> list[str]:
    if not limit:
        return [text.replace("\n", " ")]
    return textwrap.wrap(text, limit, break_on_hyphens=False, break_long_words=False) or [""]
