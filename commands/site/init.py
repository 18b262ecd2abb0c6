"""`fateflow init`: save the scheduler's address for all commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.groups import Command
from fateflow_tui.commands.output import columns
from fateflow_tui.commands.settings import Settings, read, write
from fateflow_tui.core.errors import BadRequest

app = typer.Typer(add_completion=False)


@app.command(cls=Command)
def init(
    ctx: typer.Context,
    server_conf_path: Annotated[
        Path | None,
        typer.Option("--server-conf-path", "-c", metavar="FILE", help="service_conf.yaml of a FATE-Flow server."),
    ] = None,
    ip: Annotated[str, typer.Option(metavar="ADDRESS", help="Address of the scheduler.")] = "",
    port: Annotated[int, typer.Option(metavar="PORT", show_default=False, help="HTTP port of the scheduler.")] = 0,
    app_key: Annotated[str, typer.Option(metavar="KEY", help="App key that identifies the signer of requests.")] = "",
    secret_key: Annotated[str, typer.Option(metavar="KEY", help="Secret key that signs requests.")] = "",
    reset: Annotated[bool, typer.Option("--reset", help="Delete the saved settings.")] = False,
) -> None:
    """Save the scheduler's address; without options, print it.

    Options (--url, --home) and the environment ($FATEFLOW_URL, $FATEFLOW_HOME) take precedence. Without any of them,
    commands use the scheduler of the user's default home and start it on demand.

    Examples:
    fateflow init --ip 127.0.0.1 --port 9380
    fateflow init -c service_conf.yaml
    fateflow init
    fateflow init --reset
    """
    session = context.of(ctx)
    given = {
        "server_conf_path": str(server_conf_path.expanduser().absolute()) if server_conf_path else "",
        "ip": ip,
        "port": port,
        "app_key": app_key,
        "secret_key": secret_key,
    }
    changes = {name: value for name, value in given.items() if value}
    if reset:
        write(Settings())
        _report_saved(session, "deleted the saved settings", Settings())
    elif changes:
        now = msgspec.structs.replace(read(), **changes)
        if not now.url:
            raise BadRequest("expected both --ip and --port, or a server configuration with -c")
        file = write(now)
        _report_saved(session, f"saved to {file}", now)
    else:
        _print_settings(session, read())


def _report_saved(session: context.Session, text: str, now: Settings) -> None:
    if session.output.format == "fate":
        session.output.envelope({"retcode": 0, "retmsg": f"success: {text}"})
        return
    session.output.info(text)
    if now.url or not session.output.is_table:
        _print_settings(session, now)


def _print_settings(session: context.Session, now: Settings) -> None:
    facts = [
        ["scheduler", now.url or f"home {session.home}, started on demand"],
        ["from", now.server_conf_path],
        ["app key", now.app_key],
        ["secret key", "(set)" if now.secret_key else ""],
    ]
    shown = {"url": now.url, "server_conf_path": now.server_conf_path, "app_key": now.app_key}
    session.output.record(
        shown, lambda _: ["  ".join(row) for row in columns([row for row in facts if row[1]])], lambda _: now.url
    )
