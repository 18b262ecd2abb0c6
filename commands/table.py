"""`fateflow table`: the tables of this site."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from commands import classic, context
from commands.options import (
    ComponentOption,
    JobOption,
    NamespaceOption,
    PartyIdOption,
    RoleOption,
    TableOption,
    required,
)
from commands.text import columns
from commands.verbs import Noun
from fateflow_tui.core.errors import NotFound

app = Noun("Look at tables and delete them.")

NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[NAMESPACE NAME]", help="The table, in place of -n and -t.")
]


@app.verb()
def info(
    ctx: typer.Context,
    names: NamesArgument = None,
    namespace: NamespaceOption = None,
    table_name: TableOption = None,
) -> None:
    """Shows a table's rows, parts and columns.

    Examples:
    fateflow table info -n demo -t breast_guest
    fateflow table info demo breast_guest --json
    """
    session = context.of(ctx)
    body = _named(names, namespace, table_name)
    envelope = classic.ask(session, "table/table_info", body)
    classic.show(session, envelope, lambda data: _show(session, data), name=body["table_name"])


@app.verb()
def delete(
    ctx: typer.Context,
    names: NamesArgument = None,
    namespace: NamespaceOption = None,
    table_name: TableOption = None,
    job_id: JobOption = None,
    role: RoleOption = None,
    party_id: PartyIdOption = None,
    component_name: ComponentOption = None,
) -> None:
    """Deletes a table. The files behind a bound table stay.

    Examples:
    fateflow table delete -n demo -t breast_guest
    """
    session = context.of(ctx)
    body = _named(names, namespace, table_name)
    envelope = classic.ask(session, "table/delete", body)
    text = f"deleted {body['namespace']} {body['table_name']}"
    classic.show(session, envelope, lambda _: session.output.talk(text), name=body["table_name"])


def _named(names: list[str] | None, namespace: str | None, table_name: str | None) -> dict[str, str]:
    first, second, *_ = [*(names or []), None, None]
    return {
        "namespace": required(namespace or first, "-n (namespace)"),
        "table_name": required(table_name or second, "-t (table name)"),
    }


def _show(session: context.Session, table: dict[str, Any]) -> None:
    if not table["exist"]:
        raise NotFound(
            f"there is no table {table['table_name']} in namespace {table['namespace']}",
            hint="`fateflow data upload-history` shows what was uploaded",
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
    session.output.lines("  ".join(row).rstrip() for row in columns(facts))
