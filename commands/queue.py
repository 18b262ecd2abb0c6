"""`fateflow queue`: the jobs that wait."""

from __future__ import annotations

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.groups import CommandGroup

app = CommandGroup("Manage the waiting jobs.")


@app.command()
def clean(ctx: typer.Context) -> None:
    """Cancels all waiting jobs that this site submitted.

    Examples:
    fateflow queue clean
    """
    session = context.of(ctx)
    envelope = fate.request(session, "job/clean/queue", {})
    canceled = list(envelope.get("data") or {})
    fate.print_answer(session, envelope, lambda _: session.output.lines(canceled))
    session.output.info(f"canceled {len(canceled)} waiting jobs" if canceled else "no job waits")
