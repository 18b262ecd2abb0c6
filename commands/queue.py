"""`fateflow queue`: the jobs that wait."""

from __future__ import annotations

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.groups import Noun

app = Noun("Look after the jobs that wait.")


@app.verb()
def clean(ctx: typer.Context) -> None:
    """Cancels all waiting jobs that this site submitted.

    Examples:
    fateflow queue clean
    """
    session = context.of(ctx)
    envelope = fate.ask(session, "job/clean/queue", {})
    canceled = list(envelope.get("data") or {})
    fate.show(session, envelope, lambda _: session.output.lines(canceled))
    session.output.talk(f"canceled {len(canceled)} waiting jobs" if canceled else "no job waits")
