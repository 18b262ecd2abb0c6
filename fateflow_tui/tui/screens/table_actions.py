"""Actions on tables: uploading, binding, enabling and disabling, downloading, deleting."""

from __future__ import annotations

from fateflow_tui.core.formatting import plural
from fateflow_tui.sdk.types.tables import TableLine
from fateflow_tui.tui.actions import Selection, action, offline
from fateflow_tui.tui.screens.dialog import FormDialog, FormField, Question, Values
from fateflow_tui.tui.screens.table_screen import MarkableTableScreen

_NAMED = 8  # tables that a confirmation lists one by one


def named(selection: Selection) -> str:
    """Return namespace and name for a command line."""
    rows = selection.of("table")
    return f"{rows[0].namespace} {rows[0].table_name}" if rows else "NAMESPACE NAME"


def _no_table(selection: Selection) -> str:
    return "" if selection.of("table") else "no table selected"


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


class TableActions(MarkableTableScreen[TableLine]):
    """The actions on tables; the subclass shows them."""

    @action(
        "table.job",
        key="enter",
        label="job",
        tooltip="Open the job that created this table",
        command=lambda s: f"fateflow job show {_job_of(s) or 'JOB'}",
        disabled_reason=lambda s: (
            _no_table(s) or ("" if _job_of(s) else "no job created this table; it is a bound file")
        ),
        footer=1,
    )
    def table_job(self, selection: Selection) -> None:
        self.dash.open_job(str((selection.of("table")[0].origin or {}).get("job_id", "")))

    @action(
        "table.upload",
        key="U",
        label="upload",
        tooltip="Upload a file of this machine as a table",
        command="fateflow data upload FILE --namespace NAMESPACE --name NAME",
        disabled_reason=offline,
        footer=2,
    )
    async def table_upload(self, selection: Selection) -> None:
        from fateflow_tui.tui.screens.details import FollowDialog
        from fateflow_tui.tui.screens.upload import UploadDialog

        namespace = self.dash.layout.get("data", "namespace", "experiment")
        upload = await self.dash.push_screen_wait(UploadDialog(self.dash.folder("data"), namespace))
        if upload is None:
            return
        self.dash.layout.set("data", "folder", str(upload.file.parent))
        self.dash.layout.set("data", "namespace", upload.namespace)
        self.dash.toast(f"sending {upload.file.name}")
        job = await self.client.data.upload(
            upload.file,
            table_name=upload.name,
            namespace=upload.namespace,
            head=upload.head,
            partition=upload.partitions,
            drop=upload.drop,
            id_delimiter=upload.delimiter,
        )
        title = f"Uploading {upload.namespace}.{upload.name}"
        if await self.dash.push_screen_wait(FollowDialog(job.job_id, title)):
            await self.done(
                f"uploaded {upload.namespace}.{upload.name}",
                cli=upload.cli,
                cursor=f"{upload.namespace}\t{upload.name}",
            )

    @action(
        "table.bind",
        key="b",
        label="bind",
        tooltip="Use a file on the scheduler's machine as a table, without copying it",
        command="fateflow data bind FILE --namespace NAMESPACE --name NAME",
        disabled_reason=offline,
        footer=3,
    )
    async def table_bind(self, selection: Selection) -> None:
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
                return f"enter the {missing[0]}"
            return "" if values["file"].startswith("/") else "enter an absolute path on the scheduler's machine"

        values = await self.dash.push_screen_wait(
            FormDialog(
                "Bind a file as a table?",
                [
                    FormField("file", "file", "", "/data/guest.csv, or .parquet"),
                    FormField(
                        "namespace", "namespace", self.dash.layout.get("data", "namespace", "experiment"), "experiment"
                    ),
                    FormField("name", "name", "", "breast_guest"),
                    FormField("delimiter", "delimiter", "", "a comma, or by the file's suffix"),
                    FormField("id", "id column", "", "the first"),
                    FormField("head", "", True, "the first line names the columns"),
                    FormField("drop", "", False, "replace an existing table"),
                ],
                cli=line,
                problem=problem,
                lines=("The file stays where it is, on the scheduler's machine; nothing is copied.",),
                yes="bind",
            )
        )
        if values is None:
            return
        await self.client.tables.bind(
            values["namespace"],
            values["name"],
            values["file"],
            head=values["head"],
            id_delimiter=values["delimiter"],
            id_column=values["id"],
            drop=values["drop"],
        )
        await self.done(
            f"{values['namespace']}.{values['name']} is bound to {values['file']}",
            cli=line(values),
            cursor=f"{values['namespace']}\t{values['name']}",
        )

    @action(
        "table.turn",
        key="e",
        label="enable/disable",
        tooltip="Disable this table, so that no job can read it, or enable it again",
        command=_turn_line,
        disabled_reason=_not_any,
        footer=4,
    )
    async def table_turn(self, selection: Selection) -> None:
        """Enable or disable all selected tables, as the opposite of the first one's state."""
        rows: tuple[TableLine, ...] = selection.of("table")
        flow, enable = self.client, not rows[0].enable
        for row in rows:
            await (flow.tables.enable if enable else flow.tables.disable)(row.namespace, row.table_name)
        what = _name(rows[0]) if len(rows) == 1 else plural(len(rows), "table")
        words = "is enabled" if enable else "is disabled: no job can read it"
        await self.done(f"{what} {words}", cli=self.command_line("table.turn", selection))

    @action(
        "table.download",
        key="w",
        label="download",
        tooltip="Write this table to a CSV file of the scheduler's machine",
        command=lambda s: f"fateflow data download FILE --namespace {named(s).replace(' ', ' --table-name ')}",
        disabled_reason=_not_one,
        footer=5,
    )
    async def table_download(self, selection: Selection) -> None:
        from fateflow_tui.tui.screens.details import FollowDialog

        row = self.chosen(selection)

        def line(values: Values) -> str:
            named = f"--namespace {row.namespace} --table-name {row.table_name}"
            comma = "" if values["delimiter"] == "," else f" --delimiter '{values['delimiter']}'"
            return f"fateflow data download {values['file'] or 'FILE'} {named}{comma}"

        values = await self.dash.push_screen_wait(
            FormDialog(
                f"Download {_name(row)}?",
                [
                    FormField("file", "file", str(self.dash.folder("data") / f"{row.table_name}.csv"), "/data/out.csv"),
                    FormField("delimiter", "delimiter", ",", "a comma"),
                ],
                cli=line,
                problem=lambda values: "" if values["file"].startswith("/") else "enter an absolute path",
                lines=(f"{row.count} rows, to a file of the scheduler's machine",),
                yes="write",
            )
        )
        if values is None:
            return
        delimiter = values["delimiter"] or ","
        job = await self.client.data.download(row.namespace, row.table_name, values["file"], delimiter)
        if await self.dash.push_screen_wait(FollowDialog(job.job_id, f"Writing {values['file']}")):
            self.dash.toast(f"wrote {values['file']}", cli=line(values))

    @action(
        "table.delete",
        key="D",
        label="delete",
        tooltip="Delete the marked tables, or the one under the cursor; files of bound tables stay",
        command=lambda s: f"fateflow table delete {named(s)}",
        disabled_reason=_not_any,
        footer=6,
    )
    async def table_delete(self, selection: Selection) -> None:
        rows: tuple[TableLine, ...] = selection.of("table")
        cli = self.command_line("table.delete", selection)
        title = f"Delete {_name(rows[0])}?" if len(rows) == 1 else f"Delete {len(rows)} tables?"
        lines = [f"{_name(row)}  {row.count} rows{_stays(row)}" for row in rows[:_NAMED]]
        lines += [f"and {len(rows) - _NAMED} more"] if len(rows) > _NAMED else []
        if not await self.dash.confirm(Question(title, (*lines, "at this site"), cli, "delete", dangerous=True)):
            return
        for row in rows:
            await self.client.tables.delete(row.namespace, row.table_name)
        await self.done(f"deleted {_name(rows[0]) if len(rows) == 1 else plural(len(rows), 'table')}", cli=cli)

    @action(
        "table.outputs",
        key="t",
        label="outputs",
        tooltip="Show or hide the output tables of components",
        command="fateflow data list --outputs",
        footer=7,
    )
    async def table_outputs(self, selection: Selection) -> None:
        wanted = not self.dash.layout.get("data", "outputs", False)
        self.dash.layout.set("data", "outputs", wanted)
        await self.reread()

    @action(
        "table.copy",
        key="y",
        label="copy name",
        tooltip="Copy namespace and name in the format of a conf",
        command="fateflow data list -o name",
        disabled_reason=_no_table,
    )
    async def table_copy(self, selection: Selection) -> None:
        rows: tuple[TableLine, ...] = selection.of("table")
        lines = [f'{{"namespace": "{row.namespace}", "name": "{row.table_name}"}}' for row in rows]
        self.dash.copy_to_clipboard("\n".join(lines))
        self.dash.toast(f"copied {lines[0] if len(lines) == 1 else plural(len(lines), 'name')}")


def _name(row: TableLine) -> str:
    return f"{row.namespace}.{row.table_name}"


def _stays(row: TableLine) -> str:
    return "; its file stays" if row.external else ""
