"""`fateflow doctor`: whether all is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from commands import context
from commands.exits import FAILED, OK
from commands.verbs import Verb

if TYPE_CHECKING:
    from fateflow_tui.sdk.results import Check

app = typer.Typer(add_completion=False)


@app.command(cls=Verb)
def doctor(ctx: typer.Context) -> int:
    """Checks the site and what it stands on; exit code 1 when something is wrong.

    Examples:
    fateflow doctor
    fateflow doctor --json
    """
    session = context.of(ctx)
    checks = session.flow.doctor()
    session.output.listing(
        checks,
        ("CHECK", "", "FOUND", "WHAT TO DO"),
        _row,
        lambda check: check.name,
    )
    return OK if all(check.ok for check in checks) else FAILED


def _row(check: Check) -> list[str]:
    return [check.name, "✓" if check.ok else "✗", check.text, "" if check.ok else check.fix]
