"""Verbs of `fateflow table` that fetch a whole table and rename its columns; `table` takes them in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from commands import classic, context
from commands.documents import read_conf
from commands.option_groups import TableName
from commands.options import ConfOption, FolderOption
from commands.verbs import Noun
from fateflow_tui.core.errors import BadRequest, NotFound

app = Noun("Fetch tables, rename their columns.")


@app.verb()
def download(
    ctx: typer.Context,
    which: TableName,
    output_path: FolderOption = None,
    limit: Annotated[int, typer.Option("--limit", "-l", metavar="N", help="How many rows; all unless said.")] = -1,
    no_head: Annotated[bool, typer.Option("--no-head", help="No line with the names of the columns.")] = False,
) -> None:
    """Fetches a table to this machine, into the folder table_NAMESPACE_NAME: table.csv and table.meta.

    Examples:
    fateflow table download demo breast_guest
    fateflow table download demo breast_guest -l 10 -o downloads
    """
    from commands.files import fetch_archive

    body = which.body()
    name = f"table_{body['namespace']}_{body['table_name']}".replace("/", "_")
    folder = (output_path or Path()).expanduser().absolute() / name
    fetch_archive(context.of(ctx), "table/download", {**body, "limit": limit, "head": not no_head}, folder)


@app.verb()
def schema(
    ctx: typer.Context,
    which: TableName,
    rename: Annotated[
        list[str] | None, typer.Option("--rename", metavar="OLD=NEW", help="Rename a column, or the id; repeat.")
    ] = None,
    conf_path: ConfOption = None,
) -> None:
    """Shows the schema of a table, or changes it: names of columns, or whatever the JSON object of -c says.

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
        classic.data(session, "table/schema/update", {**body, "schema": changes})
    found = _schema(session, body)
    session.output.record(found, lambda _: _lines(session, found), lambda _: body["table_name"])


def _schema(session: context.Session, body: dict[str, str]) -> dict[str, Any]:
    about = classic.data(session, "table/table_info", body)
    if not about["exist"]:
        raise NotFound(
            f"there is no table {body['table_name']} in namespace {body['namespace']}",
            hint="`fateflow table list` shows the tables of this site",
        )
    return about.get("schema") or {}


def _renamed(session: context.Session, body: dict[str, str], words: list[str]) -> dict[str, str]:
    """`sid` and `header` with other names. Raises BadRequest for a name that is no column's."""
    if not words:
        return {}
    now = _schema(session, body)
    names = classic.data(session, "table/preview", {**body, "limit": 1})["header"]
    names[0] = now.get("sid") or names[0]  # a preview calls every id `sid`
    separator = str(now.get("header") or "").removeprefix(names[1])[:1] if len(names) > 2 else ","
    fresh = list(names)
    for word in words:
        old, equals, new = word.partition("=")
        if not (equals and new):
            raise BadRequest(f"--rename {word!r} is not OLD=NEW")
        if old not in names:
            raise BadRequest(f"the table has no column {old!r}", hint=f"its columns: {', '.join(names)}")
        fresh[names.index(old)] = new
    return {"sid": fresh[0], "header": separator.join(fresh[1:])}


def _lines(session: context.Session, found: dict[str, Any]) -> list[str]:
    from commands.text import yaml

    return yaml(found).splitlines() if found else ["the table has no names of columns"]
