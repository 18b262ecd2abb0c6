"""`fateflow table`: the tables of this site; `table_more` has the verbs that came with FATE-Flow 1.7 and later."""

from __future__ import annotations

from typing import Any

import typer

from commands import classic, context
from commands.data_looking import add_looking
from commands.option_groups import TableName
from commands.options import ComponentOption, JobOption, PartyIdOption, RoleOption, YesOption
from commands.table_more import app as more
from commands.table_schema import app as schemas
from commands.verbs import Noun
from fateflow_tui.core.errors import NotFound

app = Noun("Look at tables, bind files as tables, delete them.")


@app.verb()
def info(ctx: typer.Context, which: TableName) -> None:
    """Shows a table's rows, parts and columns.

    Examples:
    fateflow table info -n demo -t breast_guest
    fateflow table info demo breast_guest --json
    """
    session = context.of(ctx)
    body = which.body()
    envelope = classic.ask(session, "table/table_info", body)
    classic.show(session, envelope, lambda data: _show(session, data), name=body["table_name"])


@app.verb()
def delete(
    ctx: typer.Context,
    which: TableName,
    job_id: JobOption = None,
    role: RoleOption = None,
    party_id: PartyIdOption = None,
    component_name: ComponentOption = None,
    yes: YesOption = False,
) -> None:
    """Deletes a table. The files behind a bound table stay.

    Examples:
    fateflow table delete -n demo -t breast_guest
    """
    session = context.of(ctx)
    body = which.body()
    session.confirm(f"Delete table {body['namespace']} {body['table_name']}?", yes)
    envelope = classic.ask(session, "table/delete", body)
    text = f"deleted {body['namespace']} {body['table_name']}"
    classic.show(session, envelope, lambda _: session.output.talk(text), name=body["table_name"])


def _show(session: context.Session, table: dict[str, Any]) -> None:
    if not table["exist"]:
        raise NotFound(
            f"there is no table {table['table_name']} in namespace {table['namespace']}",
            hint="`fateflow table list` shows the tables of this site",
        )
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
        facts.append(["jobs", f"may not use it; fateflow table enable {table['namespace']} {table['table_name']}"])
    if table.get("external"):
        facts.append(["file", str((table.get("address") or {}).get("path", ""))])
    if origin := (table.get("origin") or {}).get("job_id"):
        facts.append(["made by", f"{table['origin'].get('component', '')} of job {origin}".strip()])
    session.output.facts(facts)


app.takes(schemas)
app.takes(more)
add_looking(app, "table")
