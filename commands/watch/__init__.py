"""`fateflow watch`: check two job documents while they are edited, and run what has changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.groups import Command, prints

app = typer.Typer(add_completion=False)


@app.command(cls=Command)
@prints("")
def watch(
    ctx: typer.Context,
    dsl_path: Annotated[Path, typer.Argument(metavar="DSL", help="DSL.")],
    conf_path: Annotated[Path, typer.Argument(metavar="CONF", help="Runtime conf.")],
    run: Annotated[bool, typer.Option("--run", help="Run what has changed and what depends on it.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Run one round and exit with its outcome.")] = False,
    reuse: Annotated[
        bool, typer.Option("--reuse/--no-reuse", help="Reuse identical components of an earlier job.")
    ] = True,
) -> int:
    """Check two job documents on every save, and show what a job would run and why.

    With --run the documents are submitted, and identical components of an earlier job are reused. A running job is
    stopped when its documents change. With --json every event is a line of JSON.

    Examples:
    fateflow watch demo/hetero_lr_dsl.json demo/hetero_lr_conf.json
    fateflow watch demo/hetero_lr_dsl.json demo/hetero_lr_conf.json --run
    fateflow watch demo/hetero_lr_dsl.json demo/hetero_lr_conf.json --run --once --json
    """
    from fateflow_tui.commands.watch.file_watcher import FileWatcher
    from fateflow_tui.commands.watch.loop import WatchLoop
    from fateflow_tui.commands.watch.reporters import reporter_for

    session = context.of(ctx)
    files = FileWatcher(dsl_path, conf_path)
    loop = WatchLoop(session, files, reporter_for(session), run=run, reuse=reuse)
    try:
        if once:
            return loop.once()
        with files:
            loop.forever()
    except KeyboardInterrupt:
        loop.leave()
        raise
