"""Actions on tables; pure."""

from __future__ import annotations

from fateflow_tui.tui.action import Action, Selection, offline

DATA = ("data",)


def named(selection: Selection) -> str:
    """Namespace and name as a command line takes them."""
    rows = selection.of("table")
    return f"{rows[0].namespace} {rows[0].table_name}" if rows else "NAMESPACE NAME"


def _no_table(selection: Selection) -> str:
    return "" if selection.of("table") else "there is no table to do it with"


def _not_any(selection: Selection) -> str:
    return offline(selection) or _no_table(selection)


def _not_one(selection: Selection) -> str:
    count = len(selection.of("table"))
    return _not_any(selection) or (f"{count} tables are marked; this works on one" if count > 1 else "")


def _job_of(selection: Selection) -> str:
    rows = selection.of("table")
    return str((rows[0].origin or {}).get("job_id", "")) if rows else ""


def _turn_line(selection: Selection) -> str:
    rows = selection.of("table")
    return f"fateflow table {'disable' if not rows or rows[0].enable else 'enable'} {named(selection)}"


ACTIONS = (
    Action(
        id="table.job",
        key="enter",
        label="job",
        tooltip="The job that made this table",
        screens=DATA,
        cli=lambda s: f"fateflow job show {_job_of(s) or 'JOB'}",
        why_not=lambda s: _no_table(s) or ("" if _job_of(s) else "no job made this table; its file was bound"),
        footer=1,
    ),
    Action(
        id="table.upload",
        key="U",
        label="upload",
        tooltip="Make a table of a file on this machine",
        screens=DATA,
        cli=lambda s: "fateflow data upload FILE --namespace NAMESPACE --name NAME",
        why_not=offline,
        footer=2,
    ),
    Action(
        id="table.bind",
        key="b",
        label="bind",
        tooltip="Make a table of a file on the scheduler's machine that stays where it is",
        screens=DATA,
        cli=lambda s: "fateflow data bind FILE --namespace NAMESPACE --name NAME",
        why_not=offline,
        footer=3,
    ),
    Action(
        id="table.turn",
        key="e",
        label="enable/disable",
        tooltip="No job may read a disabled table until it is enabled again",
        screens=DATA,
        cli=_turn_line,
        why_not=_not_any,
        footer=4,
    ),
    Action(
        id="table.download",
        key="w",
        label="download",
        tooltip="Write this table to a CSV file of the scheduler's machine",
        screens=DATA,
        cli=lambda s: f"fateflow data download FILE --namespace {named(s).replace(' ', ' --table-name ')}",
        why_not=_not_one,
        footer=5,
    ),
    Action(
        id="table.delete",
        key="D",
        label="delete",
        tooltip="Delete the marked tables, or the one under the cursor; files behind bound ones stay",
        screens=DATA,
        cli=lambda s: f"fateflow table delete {named(s)}",
        why_not=_not_any,
        footer=6,
    ),
    Action(
        id="table.outputs",
        key="t",
        label="outputs too",
        tooltip="Show also the tables that components of jobs have left, or only the others again",
        screens=DATA,
        cli=lambda s: "fateflow data list --outputs",
        footer=7,
    ),
    Action(
        id="table.copy",
        key="y",
        label="copy name",
        tooltip="Copy namespace and name as a conf has them",
        screens=DATA,
        cli=lambda s: "fateflow data list -o name",
        why_not=_no_table,
    ),
)
