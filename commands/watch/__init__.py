"""`fateflow watch`: looks at two job documents as they are edited, and runs what has changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.groups import Command

app = typer.Typer(add_completion=False)


@app.command(cls=Command)
def watch(
    ctx: typer.Context,
    dsl_path: Annotated[Path, typer.Argument(metavar="DSL", help="The DSL.")],
    conf_path: Annotated[Path, typer.Argument(metavar="CONF", help="The runtime conf.")],
    run: Annotated[bool, typer.Option("--run", help="Run what has changed, and what depends on it.")] = False,
    once: Annotated[bool, typer.Option("--once", help="One round, with its outcome as exit code.")] = False,
    reuse: Annotated[
        bool, typer.Option("--reuse/--no-reuse", help="Whether to take over what an earlier job has done alike.")
    ] = True,
) -> int:
    """Check two job documents on every save, and show what a job would run and why.

    With --run it submits them: components that are as they were in an earlier job are taken over from it. A job that
    runs while its documents change is stopped. With --json all that happens is a line of JSON.

    Examples:
    fateflow watch demo/hetero_lr_dsl.json demo/hetero_lr_conf.json
    fateflow watch demo/hetero_lr_dsl.json demo/hetero_lr_conf.json --run
    fateflow watch demo/hetero_lr_dsl.json demo/hetero_lr_conf.json --run --once --json
    """
    from fateflow_tui.commands.watch.file_watcher import Saves
    from fateflow_tui.commands.watch.loop import WatchLoop
    from fateflow_tui.commands.watch.reporters import teller_for

    session = context.of(ctx)
    saves = Saves(dsl_path, conf_path)
    loop = WatchLoop(session, saves, teller_for(session), run=run, reuse=reuse)
    try:
        if once:
            return loop.once()
        with saves:
            loop.forever()
    except KeyboardInterrupt:
        loop.leave()
        raise
