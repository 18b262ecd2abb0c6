"""Commands of FATE's client about tables; `table` includes them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.context import Session
from fateflow_tui.commands.documents import read_conf
from fateflow_tui.commands.fate import FateCommand, add_rows
from fateflow_tui.commands.groups import FATE_PANEL, CommandGroup, prints
from fateflow_tui.commands.options import ConfOption, NamespaceOption, TableName, TableOption, YesOption, required

app = CommandGroup("Tables as FATE's client has them.", FATE_PANEL)


def _show_name(session: Session, data: dict[str, Any]) -> None:
    session.output.lines([f"{data['namespace']} {data['table_name']}"])


add_rows(
    app,
    "table",
    [
        FateCommand(
            "add",
            "table/add",
            "Bind a file on the scheduler's machine as a table; the older name of `table bind`.",
            ("-c add_conf.json",),
            {"conf_path": ConfOption},
            show=_show_name,
        ),
        FateCommand(
            "connector-create",
            "table/connector/create",
            "Create or change a connector, from a file with connector_name, engine and connector_info.",
            ("-c connector_conf.json",),
            {"conf_path": ConfOption},
        ),
        FateCommand(
            "connector-query",
            "table/connector/query",
            "Show a connector.",
            ("--connector-name files",),
            {
                "connector_name": Annotated[
                    str | None, typer.Option("--connector-name", metavar="NAME", help="Name of the connector.")
                ]
            },
        ),
    ],
)


@app.command()
def bind(
    ctx: typer.Context,
    conf_path: ConfOption = None,
    drop: Annotated[bool, typer.Option("--drop", help="Replace an existing table.")] = False,
) -> None:
    """Bind a file on the scheduler's machine as a table, without copying it; see also `data bind`.

    Examples:
    fateflow table bind -c bind_conf.json --drop
    """
    session = context.of(ctx)
    conf = read_conf(Path(required(conf_path, "-c")))
    if drop:
        conf["drop"] = 1
    fate.forward(session, "table/bind", conf, lambda data: _show_name(session, data))


@app.command()
@prints("list[dict[str, Any]]")
def enable(ctx: typer.Context, which: TableName) -> None:
    """Allow jobs to use a table again.

    Examples:
    fateflow table enable -n demo -t switched
    """
    _switch(ctx, which, "enable", "enabled")


@app.command()
@prints("list[dict[str, Any]]")
def disable(ctx: typer.Context, which: TableName) -> None:
    """Keep jobs from using a table until it is enabled again.

    Examples:
    fateflow table disable -n demo -t switched
    """
    _switch(ctx, which, "disable", "disabled")


@app.command("disable-delete")
@prints("list[dict[str, Any]]")
def disable_delete(
    ctx: typer.Context,
    namespace: NamespaceOption = None,
    table_name: TableOption = None,
    yes: YesOption = False,
) -> None:
    """Delete the disabled tables of this site, of a namespace, or with a name. Bound files are kept.

    Examples:
    fateflow table disable-delete -n demo
    """
    session = context.of(ctx)
    where = " ".join(word for word in (namespace, table_name) if word) or "this site"
    session.confirm(f"Delete all disabled tables of {where}?", yes)
    body = {"namespace": namespace, "table_name": table_name}
    # FATE-Flow answers 101 when there are none.
    fate.forward(session, "table/disable/delete", body, lambda data: _show_deleted(session, data), tolerated={101})


@app.command("tracking-source")
@prints("list[TableSource]")
def tracking_source(ctx: typer.Context, which: TableName) -> None:
    """Show the tables that a table was made from; see also `data lineage`.

    Examples:
    fateflow table tracking-source -n demo -t breast_guest
    """
    session = context.of(ctx)
    envelope = fate.request(session, "table/tracking/source", which.body())
    fate.print_answer(session, envelope, fate.yaml_table(session, "uploaded or bound, not made from other tables"))


@app.command("tracking-job")
def tracking_job(ctx: typer.Context, which: TableName) -> None:
    """Show the jobs that have used a table.

    Examples:
    fateflow table tracking-job -n demo -t breast_guest
    """
    fate.forward(context.of(ctx), "table/tracking/job", which.body())


def _switch(ctx: typer.Context, which: TableName, endpoint: str, done: str) -> None:
    session = context.of(ctx)
    # With only one of both names, the request applies to all tables that have it.
    given: dict[str, Any] = {"namespace": which.namespace, "table_name": which.table_name}
    body = which.body() if which.names else given
    names = " ".join(value for value in body.values() if value)
    fate.forward(session, f"table/{endpoint}", body, lambda _: session.output.info(f"{done} {names}"))


def _show_deleted(session: Session, tables: list[dict[str, Any]] | None) -> None:
    session.output.lines(f"{one['namespace']} {one['table_name']}" for one in tables or [])
    if not tables:
        session.output.info("no tables are disabled")
