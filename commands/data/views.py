"""Commands that `data` and `table` share: list, peek, lineage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.groups import CommandGroup, prints
from fateflow_tui.commands.options import LimitOption, NamespaceOption, TableName
from fateflow_tui.commands.output import cell, fitted, number
from fateflow_tui.core.errors import NotFound
from fateflow_tui.views.text import timestamp

if TYPE_CHECKING:
    from fateflow_tui.sdk.types.tables import TablePreview

_VALUE_WIDTH: Final = 40  # characters of a cell
_TITLES: Final = ("NAMESPACE", "TABLE", "ROWS", "COLUMNS", "KIND", "CREATED", "STATE")


def add_table_commands(group: CommandGroup, word: str) -> None:
    """Add the commands to a group. word: the group's name, for the examples."""
    for name, function, examples in (
        ("list", list_tables, ("", " -l 3 --json", " -n demo")),
        ("peek", peek, (" demo breast_guest", " -n demo -t breast_guest -l 5")),
        ("lineage", lineage, (" demo breast_guest",)),
    ):
        lines = "\n".join(f"fateflow {word} {name}{example}" for example in examples)
        group.command(name, help=f"{function.__doc__}\n\nExamples:\n{lines}")(function)


@prints("list[TableLine]")
def list_tables(
    ctx: typer.Context,
    namespace: NamespaceOption = None,
    limit: LimitOption = 20,
    outputs: Annotated[bool, typer.Option("--outputs", help="Include the output tables of jobs.")] = False,
) -> None:
    """List the tables of this site, newest first."""
    session = context.of(ctx)
    session.output.listing(
        session.flow.tables(namespace or "", limit, outputs),
        _TITLES,
        lambda one: [
            one.namespace,
            one.table_name,
            str(one.count),
            str(one.columns),
            "bound file" if one.external else one.kind,
            timestamp(one.create_time or 0),
            "" if one.enable else "disabled",
        ],
        lambda one: f"{one.namespace} {one.table_name}",
        empty="no tables; upload one with: fateflow data upload FILE -n NAMESPACE --name NAME",
    )


@prints("TablePreview")
def peek(
    ctx: typer.Context,
    which: TableName,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, metavar="N", help="Number of rows.")] = 10,
) -> None:
    """Show the first rows of a table, as many columns as fit the terminal."""
    session = context.of(ctx)
    found = session.flow.tables.preview(**which.body(), limit=limit)
    if session.output.format == "csv":
        session.output.listing(found.data, _header(found), lambda row: [cell(value) for value in row], lambda _: "")
        return
    session.output.record(found, lambda one: _rows(one, session.output.width), lambda _: which.body()["table_name"])


def lineage(ctx: typer.Context, which: TableName) -> None:
    """Show where a table comes from, and which jobs have used it."""
    session = context.of(ctx)
    body = which.body()
    about = fate.request_data(session, "table/table_info", body)
    try:
        parents = session.flow.tables.source(**body)
    except NotFound:  # a deleted table can still have been used
        parents = []
    used = session.flow.tables.jobs(**body)
    if not (about["exist"] or parents or used.count):
        raise NotFound(
            f"table {body['table_name']} in namespace {body['namespace']} does not exist and was used by no job",
            hint="`fateflow data list` lists the tables of this site",
        )
    found = {
        **body,
        "exist": about["exist"],
        "made_by": about.get("origin") or {},
        "made_of": msgspec.to_builtins(parents),
        "used_by": msgspec.to_builtins(used),
    }
    session.output.record(found, _lineage_lines, lambda _: body["table_name"])


def _header(found: TablePreview) -> list[str]:
    """Return a name for each column; a table without a header line has one for its id only."""
    unnamed = max(map(len, found.data), default=0) - len(found.header)
    return [*found.header, *[""] * unnamed]


def _rows(found: TablePreview, width: int) -> Iterator[str]:
    table = [[number(value)[:_VALUE_WIDTH] for value in row] for row in (_header(found), *found.data)]
    yield from fitted(table, width)
    more = (found.count or 0) - len(found.data)
    if more > 0:
        yield f"… {more} more rows"


def _lineage_lines(found: dict[str, Any]) -> Iterator[str]:
    deleted = "" if found["exist"] else "  (deleted)"
    yield f"{found['namespace']} {found['table_name']}{deleted}"
    maker = found["made_by"]
    if maker.get("job_id"):
        yield f"  made by   {maker.get('component', '')} of job {maker['job_id']}"
    for index, parent in enumerate(found["made_of"]):
        names = f"{parent['parent_table_namespace']} {parent['parent_table_name']}"
        source = f"{parent['source_table_namespace']} {parent['source_table_name']}"
        yield f"  {'' if index else 'made from':9} {names}{'' if source == names else f'  ← {source}'}"
    jobs = [str(one["job_id"] if isinstance(one, dict) else one) for one in found["used_by"]["job"]]
    if not jobs:
        yield "  used by   no jobs"
    for index, job_id in enumerate(jobs):
        yield f"  {'' if index else 'used by':9} {job_id}"
