"""`fateflow dash`: the dashboard."""

from __future__ import annotations

import gc
import sys
from typing import Annotated

import typer

from commands import context
from commands.verbs import Verb
from fateflow_tui.core.errors import BadRequest

app = typer.Typer(add_completion=False)


@app.command(cls=Verb)
def dash(
    ctx: typer.Context,
    theme: Annotated[
        str, typer.Option(metavar="NAME", help="fateflow, fateflow-light, colour-blind, ansi (the terminal's own), ...")
    ] = "",
) -> None:
    """Shows what the scheduler does, live, on the whole terminal; everything is done by keys, and ? says which.

    A scheduler is started if none runs. Jobs go on when the dashboard is closed.

    Examples:
    fateflow dash
    fateflow dash --theme colour-blind
    fateflow dash --url http://127.0.0.1:9380
    """
    session = context.of(ctx)
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise BadRequest(
            "the dashboard needs a terminal, and this is none", hint="fateflow job list --json is for scripts"
        )
    gc.disable()  # nothing that is imported becomes garbage; looking for it takes a tenth of the start
    from fateflow_tui.tui.app import DashApp
    from fateflow_tui.tui.feed import Site

    app_key, secret_key = session.keys
    site = Site(session.url, session.home, app_key, secret_key, start="no_start" not in session.options)
    DashApp(site, theme).run()
