"""Verbs of `fateflow table` that FATE-Flow's client has since 1.6.1 and 1.7; `table` takes them in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.documents import read_conf
from fateflow_tui.commands.groups import FATE_PANEL, CommandGroup
from fateflow_tui.commands.options import ConfOption, NamespaceOption, TableName, TableOption, YesOption, required

app = CommandGroup("More verbs of tables.", FATE_PANEL)


@app.command()
def add(ctx: typer.Context, conf_path: ConfOption = None) -> None:
    """Makes a table of a file on the scheduler's machine; the older name of bind.

    Examples:
    fateflow table add -c add_conf.json
    """
    _bind(context.of(ctx), "table/add", conf_path, False)


@app.command()
def bind(
    ctx: typer.Context,
    conf_path: ConfOption = None,
    drop: Annotated[bool, typer.Option("--drop", help="Replace the table if there is one.")] = False,
) -> None:
    """Makes a table of a file on the scheduler's machine, which stays where it is. Shorter: fateflow data bind.

    Examples:
    fateflow table bind -c bind_conf.json --drop
    """
    _bind(context.of(ctx), "table/bind", conf_path, drop)


@app.command()
def enable(ctx: typer.Context, which: TableName) -> None:
    """Lets jobs use a table again.

    Examples:
    fateflow table enable -n demo -t switched
    """
    _switch(ctx, which, "enable", "jobs may use")


@app.command()
def disable(ctx: typer.Context, which: TableName) -> None:
    """Keeps jobs from using a table until it is enabled again.

    Examples:
    fateflow table disable -n demo -t switched
    """
    _switch(ctx, which, "disable", "jobs may no longer use")


@app.command("disable-delete")
def disable_delete(
    ctx: typer.Context,
    namespace: NamespaceOption = None,
    table_name: TableOption = None,
    yes: YesOption = False,
) -> None:
    """Deletes the disabled tables of this site, or those of a namespace or name. Bound files stay.

    Examples:
    fateflow table disable-delete -n demo
    """
    session = context.of(ctx)
    where = " ".join(word for word in (namespace, table_name) if word) or "this site"
    session.confirm(f"Delete all disabled tables of {where}?", yes)
    envelope = fate.request(session, "table/disable/delete", {"namespace": namespace, "table_name": table_name})
    # The original says nothing of it when there is none.
    fate.print_answer(session, envelope, lambda data: _say_deleted(session, data), tolerated={101})


@app.command("tracking-source")
def tracking_source(ctx: typer.Context, which: TableName) -> None:
    """Shows which tables a table was made of. With the jobs that use it: fateflow data lineage.

    Examples:
    fateflow table tracking-source -n demo -t breast_guest
    """
    session = context.of(ctx)
    empty = "it came from outside: no other table was needed to make it"
    envelope = fate.request(session, "table/tracking/source", which.body())
    fate.print_answer(session, envelope, fate.yaml_table(session, empty))


@app.command("tracking-job")
def tracking_job(ctx: typer.Context, which: TableName) -> None:
    """Shows which jobs have used a table.

    Examples:
    fateflow table tracking-job -n demo -t breast_guest
    """
    fate.forward(context.of(ctx), "table/tracking/job", which.body())


@app.command("connector-create")
def connector_create(ctx: typer.Context, conf_path: ConfOption = None) -> None:
    """Keeps the place of a store under a name, or changes it: connector_name, engine, connector_info.

    Examples:
    fateflow table connector-create -c connector_conf.json
    """
    session = context.of(ctx)
    fate.forward(session, "table/connector/create", read_conf(Path(required(conf_path, "-c"))))


@app.command("connector-query")
def connector_query(
    ctx: typer.Context,
    connector_name: Annotated[
        str | None, typer.Option("--connector-name", metavar="NAME", help="Name of the connector.")
    ] = None,
) -> None:
    """Shows what is kept under the name of a connector.

    Examples:
    fateflow table connector-query --connector-name files
    """
    name = required(connector_name, "--connector-name")
    fate.forward(context.of(ctx), "table/connector/query", {"connector_name": name})


def _bind(session: context.Session, path: str, conf_path: Path | None, drop: bool) -> None:
    conf = read_conf(Path(required(conf_path, "-c")))
    if drop:
        conf["drop"] = 1
    fate.forward(session, path, conf, lambda data: session.output.lines([f"{data['namespace']} {data['table_name']}"]))


def _switch(ctx: typer.Context, which: TableName, verb: str, text: str) -> None:
    session = context.of(ctx)
    # Without one of both names all tables that have the other are meant.
    given: dict[str, Any] = {"namespace": which.namespace, "table_name": which.table_name}
    body = which.body() if which.names else given
    names = " ".join(value for value in body.values() if value)
    fate.forward(session, f"table/{verb}", body, lambda _: session.output.info(f"{text} {names}"))


def _say_deleted(session: context.Session, tables: list[dict[str, Any]] | None) -> None:
    session.output.lines(f"{one['namespace']} {one['table_name']}" for one in tables or [])
    if not tables:
        session.output.info("no table is disabled")
