"""`fateflow server`: the scheduler of a home."""

from __future__ import annotations

from typing import Annotated

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.groups import CommandGroup, prints
from fateflow_tui.commands.output import cell, columns
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import SchedulerUnreachable
from fateflow_tui.core.formatting import duration
from fateflow_tui.views.text import timestamp

app = CommandGroup("Start, stop and inspect the scheduler.")


@app.command()
@prints("dict[str, Any]")
def start(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on; 127.0.0.1 by default.")] = "",
    port: Annotated[
        int | None,
        typer.Option(metavar="PORT", help="Port, 0 for any free one; by default 9380 or the next free."),
    ] = None,
    party: Annotated[
        list[str] | None,
        typer.Option(metavar="PARTY", help="Party to play: guest:9999 or 9999; repeatable. All by default."),
    ] = None,
    name: Annotated[str, typer.Option(metavar="NAME", help="Name of the site.")] = "",
    advertised: Annotated[str, typer.Option(metavar="URL", help="URL at which other sites reach this one.")] = "",
    save: Annotated[
        bool, typer.Option("--save", help="Save the given options in the home's site.toml, as the first start does.")
    ] = False,
    foreground: Annotated[bool, typer.Option("--foreground", help="Run in the foreground.")] = False,
    standby: Annotated[
        bool, typer.Option("--standby", help="Wait for the running scheduler to end, then take over.")
    ] = False,
) -> None:
    """Start a scheduler, and return when it answers.

    Examples:
    fateflow server start
    fateflow server start --home site-a --port 9380 --party guest:9999
    fateflow server start --home site-a --port 9381 --save
    """
    from fateflow_tui.sdk import local

    session = context.of(ctx)
    given = {"--host": host, "--port": port, "--party": party, "--name": name, "--advertised": advertised}
    unsaved = [option for option, value in given.items() if value not in ("", None, [])]
    configuration = session.home / "site.toml"
    if unsaved and not save and configuration.exists():
        session.output.info(
            f"{', '.join(unsaved)}: for this run only; the next start reads {configuration}, or add --save"
        )
    if foreground:
        from fateflow_tui.server.serve import ServeOptions, serve

        options = ServeOptions(session.home, host, port, party or [], name, advertised, standby, save)
        serve(options, lambda url: session.output.info(f"fateflow is running at {url}, home {session.home}"))
        return
    if standby and local.status(session.home) is not None:
        pid = local.stand_by(session.home)
        text = f"standing by for {session.home} (process {pid}); takes over when the scheduler ends"
        session.output.record({"standby": pid}, lambda _: [text], lambda _: str(pid))
        return
    site = local.start(
        session.home, host=host, port=port, parties=party or (), name=name, advertised=advertised, save=save
    )
    session.output.record(site, lambda one: [f"started at {one.url}, home {one.home}, process {one.pid}"], _url)


@app.command()
def stop(ctx: typer.Context) -> None:
    """Stop the scheduler and its workers; jobs continue at the next start.

    Examples:
    fateflow server stop
    """
    from fateflow_tui.sdk import local

    session = context.of(ctx)
    if session.url:
        session.flow.shutdown()
        stopped = True
    else:
        stopped = local.stop(session.home)
    where = session.url or str(session.home)
    answer = {"stopped": stopped, "site": where}
    text = f"stopped the scheduler of {where}" if stopped else f"no scheduler is running on {where}"
    session.output.record(answer, lambda _: [text], lambda _: where)


@app.command()
@prints("SiteStatus")
def status(ctx: typer.Context) -> None:
    """Show the running scheduler; exit code 3 when there is none.

    Examples:
    fateflow server status
    fateflow server status --json
    """
    from fateflow_tui.sdk import local

    session = context.of(ctx)
    site = session.flow.status() if session.url else local.status(session.home)
    if site is None:
        raise SchedulerUnreachable(
            f"no scheduler is running on {session.home}", hint="start one with: fateflow server start"
        )
    facts = [
        ["name", site.name],
        ["url", site.url],
        ["home", site.home],
        ["plays", ", ".join(site.parties) or "every party (standalone)"],
        ["process", str(site.pid)],
        ["started", f"{timestamp(site.started_at)}, {duration(now_ms() - site.started_at)} ago"],
        ["version", site.version],
    ]
    session.output.record(site, lambda _: ["  ".join(row) for row in columns(facts)], _url)


@app.command()
def defaults(ctx: typer.Context) -> None:
    """Show the default job parameters; times in seconds, 0 for no limit.

    Examples:
    fateflow server defaults
    fateflow server defaults --json
    """
    session = context.of(ctx)
    found = session.flow.site.job_defaults()
    rows = [[name, cell(value)] for name, value in found.items()]
    session.output.record(found, lambda _: ["  ".join(row) for row in columns(rows)], lambda _: "defaults")


fate.add_rows(
    app,
    "server",
    [
        fate.FateCommand("versions", "server/version/get", "Show the versions that FATE-Flow's clients ask for."),
        fate.FateCommand(
            "reload", "server/reload", "Reload the parts of the site's configuration that need no restart."
        ),
    ],
)


def _url(site: object) -> str:
    return str(getattr(site, "url", ""))
