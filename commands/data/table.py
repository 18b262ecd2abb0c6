"""`fateflow table`: the tables of this site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.data.fate import app as fate_commands
from fateflow_tui.commands.data.views import add_table_commands
from fateflow_tui.commands.documents import read_conf
from fateflow_tui.commands.groups import CommandGroup, prints
from fateflow_tui.commands.options import (
    ComponentOption,
    ConfOption,
    FolderOption,
    JobOption,
    PartyIdOption,
    RoleOption,
    TableName,
    YesOption,
)
from fateflow_tui.core.errors import BadRequest, NotFound

app = CommandGroup("Inspect, change and delete tables.")


@app.command()
def download(
    ctx: typer.Context,
    which: TableName,
    output_path: FolderOption = None,
    limit: Annotated[int, typer.Option("--limit", "-l", metavar="N", help="Number of rows; -1 for all.")] = -1,
    no_head: Annotated[bool, typer.Option("--no-head", help="Write no line with the column names.")] = False,
) -> None:
    """Download a table into the directory table_NAMESPACE_NAME: table.csv and table.meta.

    Examples:
    fateflow table download demo breast_guest
    fateflow table download demo breast_guest -l 10 -o downloads
    """
    from fateflow_tui.commands.files import fetch_archive

    body = which.body()
    name = f"table_{body['namespace']}_{body['table_name']}".replace("/", "_")
    folder = (output_path or Path()).expanduser().absolute() / name
    fetch_archive(context.of(ctx), "table/download", {**body, "limit": limit, "head": not no_head}, folder)


@app.command()
def schema(
    ctx: typer.Context,
    which: TableName,
    rename: Annotated[
        list[str] | None, typer.Option("--rename", metavar="OLD=NEW", help="Rename a column or the id; repeatable.")
    ] = None,
    conf_path: ConfOption = None,
) -> None:
    """Show the schema of a table, or change it: rename columns, or apply the JSON object of -c.

    Examples:
    fateflow table schema demo breast_guest
    fateflow table schema demo renamed --rename id=patient --rename y=label
    fateflow table schema demo renamed -c schema.json
    """
    session = context.of(ctx)
    body = which.body()
    if rename or conf_path:
        changes = read_conf(conf_path) if conf_path else {}
        changes |= _renamed(session, body, rename or [])
        session.flow.tables.update_schema(**body, schema=changes)
    found = _schema(session, body)
    session.output.record(found, lambda _: _lines(session, found), lambda _: body["table_name"])


def _schema(session: context.Session, body: dict[str, str]) -> dict[str, Any]:
    about = fate.request_data(session, "table/table_info", body)
    if not about["exist"]:
        raise NotFound(
            f"table {body['table_name']} not found in namespace {body['namespace']}",
            hint="`fateflow table list` lists the tables of this site",
        )
    return about.get("schema") or {}


def _renamed(session: context.Session, body: dict[str, str], words: list[str]) -> dict[str, str]:
    """Return `sid` and `header` with renamed columns. Raises BadRequest for an unknown column."""
    if not words:
        return {}
    now = _schema(session, body)
    names = session.flow.tables.preview(**body, limit=1).header
    names[0] = now.get("sid") or names[0]  # a preview calls every id `sid`
    separator = str(now.get("header") or "").removeprefix(names[1])[:1] if len(names) > 2 else ","
    renamed = list(names)
    for word in words:
        old, equals, new = word.partition("=")
        if not (equals and new):
            raise BadRequest(f"invalid --rename {word!r}: expected OLD=NEW")
        if old not in names:
            raise BadRequest(f"the table has no column {old!r}", hint=f"columns: {', '.join(names)}")
        renamed[names.index(old)] = new
    return {"sid": renamed[0], "header": separator.join(renamed[1:])}


def _lines(session: context.Session, found: dict[str, Any]) -> list[str]:
    from fateflow_tui.commands.output import yaml

    return yaml(found).splitlines() if found else ["the table has no column names"]


@app.command()
@prints("TableInfo")
def info(ctx: typer.Context, which: TableName) -> None:
    """Show the rows, partitions and columns of a table.

    Examples:
    fateflow table info -n demo -t breast_guest
    fateflow table info demo breast_guest --json
    """
    session = context.of(ctx)
    body = which.body()
    envelope = fate.request(session, "table/table_info", body)
    if session.output.format != "fate" and envelope["retcode"] == 0:
        _require_existing(envelope["data"])
    fate.print_answer(session, envelope, lambda data: _show(session, data), name=body["table_name"])


@app.command()
def delete(
    ctx: typer.Context,
    which: TableName,
    job_id: JobOption = None,
    role: RoleOption = None,
    party_id: PartyIdOption = None,
    component_name: ComponentOption = None,
    yes: YesOption = False,
) -> None:
    """Delete a table. The file of a bound table is kept.

    Examples:
    fateflow table delete -n demo -t breast_guest
    """
    session = context.of(ctx)
    body = which.body()
    session.confirm(f"Delete table {body['namespace']} {body['table_name']}?", yes)
    envelope = fate.request(session, "table/delete", body)
    text = f"deleted {body['namespace']} {body['table_name']}"
    fate.print_answer(session, envelope, lambda _: session.output.info(text), name=body["table_name"])


def _require_existing(table: dict[str, Any]) -> None:
    """Raise NotFound for the facts of a table that does not exist."""
    if not table["exist"]:
        raise NotFound(
            f"table {table['table_name']} not found in namespace {table['namespace']}",
            hint="`fateflow table list` lists the tables of this site",
        )


def _show(session: context.Session, table: dict[str, Any]) -> None:
    schema = table.get("schema") or {}
    header = schema.get("header", "")
    facts = [
        ["namespace", table["namespace"]],
        ["name", table["table_name"]],
        ["rows", str(table["count"])],
        ["partitions", str(table["partition"])],
        ["id", schema.get("sid", "")],
        ["columns", ", ".join(header.split(",")) if header else ""],
    ]
    if table.get("enable") is False:
        facts.append(["disabled", f"enable it with: fateflow table enable {table['namespace']} {table['table_name']}"])
    if table.get("external"):
        facts.append(["file", str((table.get("address") or {}).get("path", ""))])
    if origin := (table.get("origin") or {}).get("job_id"):
        facts.append(["made by", f"{table['origin'].get('component', '')} of job {origin}".strip()])
    session.output.facts(facts)


app.add(fate_commands)
add_table_commands(app, "table")
