"""`fateflow dash`: the dashboard."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.groups import Command, prints
from fateflow_tui.core.errors import BadRequest, NotBuilt

if TYPE_CHECKING:
    from fateflow_tui.tui.store import ConnectionSettings

app = typer.Typer(add_completion=False)


@app.command(cls=Command)
@prints("")
def dash(
    ctx: typer.Context,
    theme: Annotated[
        str, typer.Option(metavar="NAME", help="fateflow, fateflow-light, colour-blind, ansi (terminal colors), ...")
    ] = "",
    web: Annotated[bool, typer.Option("--web", help="Serve the dashboard in a browser; stop with Ctrl-C.")] = False,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65_535, help="With --web: port, by default any free one.")
    ] = 0,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="With --web: print the URL without opening a browser.")
    ] = False,
) -> None:
    """Open the dashboard, which shows and controls jobs live.

    Press ? for the list of keys. A scheduler is started if none is running, and jobs continue after the dashboard is
    closed.

    With --web the dashboard opens in a browser. The printed URL contains a token that grants full access; it works on
    this machine only, or through a tunnel such as `ssh -L`.

    Examples:
    fateflow dash
    fateflow dash --theme colour-blind
    fateflow dash --url http://127.0.0.1:9380
    fateflow dash --web
    fateflow dash --web --port 9381 --no-open
    """
    session = context.of(ctx)
    if (port or no_open) and not web:
        raise BadRequest("--port and --no-open require --web")
    if not web and not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise BadRequest(
            "the dashboard requires a terminal",
            hint="use --web for a browser, or `fateflow job list --json` in scripts",
        )
    gc.disable()  # imports create no garbage; collecting takes a tenth of the startup
    from fateflow_tui.tui.app import DashApp
    from fateflow_tui.tui.store import ConnectionSettings

    app_key, secret_key = session.keys
    site = ConnectionSettings(session.url, session.home, app_key, secret_key, start="no_start" not in session.options)
    dashboard = DashApp(site, theme, _demo_files)
    if web:
        _serve(session, site, theme, port, browse=not no_open)
    else:
        dashboard.run()


def _serve(session: context.Session, site: ConnectionSettings, theme: str, port: int, *, browse: bool) -> None:
    try:
        from fateflow_tui.tui.web.page import PageSettings
        from fateflow_tui.tui.web.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("textual_serve", "aiohttp"):
            raise
        raise NotBuilt(
            "the dashboard in a browser requires the extra `web`",
            hint="pip install 'fateflow-tui[web]'",
        ) from error

    gc.enable()  # the dashboard does so after its first paint, but this process paints none

    def announce(url: str) -> None:
        session.output.record({"url": url}, lambda record: [record["url"]], lambda record: record["url"])
        session.output.info("anyone with this URL has full access; stop with Ctrl-C")

    serve(PageSettings.of(site, theme, _demo_files()), port, announce, browse=browse)


def _demo_files() -> Path:
    from fateflow_tui.commands.demo import demo_files

    return demo_files()
