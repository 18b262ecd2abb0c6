"""Uploading and binding tables, turning them on and off, writing and deleting them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fateflow_tui.core.formatting import plural
from fateflow_tui.sdk.types.tables import TableLine
from fateflow_tui.tui.action import Selection
from fateflow_tui.tui.actions import ACTIONS
from fateflow_tui.tui.readings import reread

if TYPE_CHECKING:
    from fateflow_tui.tui.app import DashApp

_NAMED = 8  # tables that a question names one by one


async def upload(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.progress import FollowDialog
    from fateflow_tui.tui.screens.upload import UploadDialog

    namespace = app.layout.get("data", "namespace", "experiment")
    wish = await app.push_screen_wait(UploadDialog(app.folder("data"), namespace))
    if wish is None:
        return
    app.layout.set("data", "folder", str(wish.file.parent))
    app.layout.set("data", "namespace", wish.namespace)
    app.tell(f"sending {wish.file.name}")
    job = await app.feed.flow.data.upload(
        wish.file,
        table_name=wish.name,
        namespace=wish.namespace,
        head=wish.head,
        partition=wish.partitions,
        drop=wish.drop,
        id_delimiter=wish.delimiter,
    )
    title = f"Uploading {wish.namespace}.{wish.name}"
    if await app.push_screen_wait(FollowDialog(job.job_id, title)):
        app.tell(f"{wish.namespace}.{wish.name} is there", cli=wish.cli)
        await reread(app, "table", f"{wish.namespace}\t{wish.name}")


async def bind(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.dialog import Field, FormDialog, Values

    def line(values: Values) -> str:
        more = f" --id-delimiter '{values['delimiter']}'" if values["delimiter"] else ""
        more += f" --id-column {values['id']}" if values["id"] else ""
        more += " --no-head" if not values["head"] else ""
        more += " --drop" if values["drop"] else ""
        file, name = values["file"] or "FILE", values["name"] or "NAME"
        return f"fateflow data bind {file} --namespace {values['namespace'] or 'NAMESPACE'} --name {name}{more}"

    def problem(values: Values) -> str:
        missing = [name for name in ("file", "namespace", "name") if not values[name]]
        if missing:
            return f"say the {missing[0]}"
        return "" if values["file"].startswith("/") else "the path is one on the scheduler's machine, from / on"

    values = await app.push_screen_wait(
        FormDialog(
            "Bind a file as a table?",
            [
                Field("file", "file", "", "/data/guest.csv, or .parquet"),
                Field("namespace", "namespace", app.layout.get("data", "namespace", "experiment"), "experiment"),
                Field("name", "name", "", "breast_guest"),
                Field("delimiter", "delimiter", "", "a comma, or what the file's name says"),
                Field("id", "id column", "", "the first"),
                Field("head", "", True, "the first line names the columns"),
                Field("drop", "", False, "replace a table of this name"),
            ],
            cli=line,
            problem=problem,
            lines=("The file stays where it is, on the scheduler's machine; nothing is copied.",),
            yes="bind",
        )
    )
    if values is None:
        return
    await app.feed.flow.tables.bind(
        values["namespace"],
        values["name"],
        values["file"],
        head=values["head"],
        id_delimiter=values["delimiter"],
        id_column=values["id"],
        drop=values["drop"],
    )
    app.tell(f"{values['namespace']}.{values['name']} is bound to {values['file']}", cli=line(values))
    await reread(app, "table", f"{values['namespace']}\t{values['name']}")


async def turn(app: DashApp, selection: Selection) -> None:
    """All of them the way that the first is not."""
    rows: tuple[TableLine, ...] = selection.of("table")
    flow, enable = app.feed.flow, not rows[0].enable
    for row in rows:
        await (flow.tables.enable if enable else flow.tables.disable)(row.namespace, row.table_name)
    what = _name(rows[0]) if len(rows) == 1 else plural(len(rows), "table")
    words = "may be read again" if enable else "may be read by no job"
    app.tell(f"{what} {words}", cli=ACTIONS["table.turn"].cli(selection))
    await reread(app, "table")


async def download(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.dialog import Field, FormDialog, Values
    from fateflow_tui.tui.screens.progress import FollowDialog

    row: TableLine = selection.of("table")[0]

    def line(values: Values) -> str:
        named = f"--namespace {row.namespace} --table-name {row.table_name}"
        comma = "" if values["delimiter"] == "," else f" --delimiter '{values['delimiter']}'"
        return f"fateflow data download {values['file'] or 'FILE'} {named}{comma}"

    values = await app.push_screen_wait(
        FormDialog(
            f"Download {_name(row)}?",
            [
                Field("file", "file", str(app.folder("data") / f"{row.table_name}.csv"), "/data/out.csv"),
                Field("delimiter", "delimiter", ",", "a comma"),
            ],
            cli=line,
            problem=lambda values: "" if values["file"].startswith("/") else "say the whole path, from / on",
            lines=(f"{row.count} rows, to a file of the scheduler's machine",),
            yes="write",
        )
    )
    if values is None:
        return
    delimiter = values["delimiter"] or ","
    job = await app.feed.flow.data.download(row.namespace, row.table_name, values["file"], delimiter)
    if await app.push_screen_wait(FollowDialog(job.job_id, f"Writing {values['file']}")):
        app.tell(f"wrote {values['file']}", cli=line(values))


async def delete(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.dialog import Question

    rows: tuple[TableLine, ...] = selection.of("table")
    cli = ACTIONS["table.delete"].cli(selection)
    title = f"Delete {_name(rows[0])}?" if len(rows) == 1 else f"Delete {len(rows)} tables?"
    lines = [f"{_name(row)}  {row.count} rows{_stays(row)}" for row in rows[:_NAMED]]
    lines += [f"and {len(rows) - _NAMED} more"] if len(rows) > _NAMED else []
    if not await app.ask(Question(title, (*lines, "at this site"), cli, "delete", dangerous=True)):
        return
    for row in rows:
        await app.feed.flow.tables.delete(row.namespace, row.table_name)
    app.tell(f"deleted {_name(rows[0]) if len(rows) == 1 else plural(len(rows), 'table')}", cli=cli)
    await reread(app, "table")


async def outputs(app: DashApp, selection: Selection) -> None:
    wanted = not app.layout.get("data", "outputs", False)
    app.layout.set("data", "outputs", wanted)
    await reread(app, "table")


async def copy(app: DashApp, selection: Selection) -> None:
    rows: tuple[TableLine, ...] = selection.of("table")
    lines = [f'{{"namespace": "{row.namespace}", "name": "{row.table_name}"}}' for row in rows]
    app.copy_to_clipboard("\n".join(lines))
    app.tell(f"copied {lines[0] if len(lines) == 1 else plural(len(lines), 'name')}")


def _name(row: TableLine) -> str:
    return f"{row.namespace}.{row.table_name}"


def _stays(row: TableLine) -> str:
    return "; its file stays" if row.external else ""


DEEDS = {
    "table.upload": upload,
    "table.bind": bind,
    "table.turn": turn,
    "table.download": download,
    "table.delete": delete,
    "table.outputs": outputs,
    "table.copy": copy,
}
