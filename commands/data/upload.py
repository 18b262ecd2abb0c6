"""`fateflow data`: upload files as tables, and download tables as files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.context import Session
from fateflow_tui.commands.data.views import add_table_commands
from fateflow_tui.commands.documents import read_conf
from fateflow_tui.commands.errors import of_status
from fateflow_tui.commands.groups import CommandGroup, prints
from fateflow_tui.commands.options import ConfOption, JobOption, LimitOption, NamespaceOption, TableOption, required
from fateflow_tui.core.errors import BadRequest, ComponentFailed, FateFlowError
from fateflow_tui.core.formatting import plural

if TYPE_CHECKING:
    from fateflow_tui.sdk.types.jobs import JobView


# Members of a configuration, as the scheduler's hints name them, and the options that set them.
_OPTIONS: Final = {r"\bdrop ?= ?1": "--drop", r"\bid_delimiter\b": "--id-delimiter", r"\bhead ?=? ?0\b": "--no-head"}


@contextmanager
def hints_with_options() -> Iterator[None]:
    """Name options instead of configuration members in the hints of errors."""
    try:
        yield
    except FateFlowError as error:
        error.hint = _with_options(error.hint)
        raise


def wait_for(session: Session, job_id: str) -> int:
    """Wait for a job and return the exit code of its outcome."""
    return of_status(session.flow.wait(job_id).status)


def finish_upload(session: Session, job_id: str, conf: dict[str, Any]) -> int:
    """Wait for an upload, print the table and what was rejected, and return the exit code. Raises ComponentFailed."""
    code = wait_for(session, job_id)
    if code:
        return report_failure(session, session.flow.job(job_id), "upload")
    output = session.output
    table = session.flow.table_info(str(conf["namespace"]), str(conf["table_name"]))
    if output.is_table:
        rows = plural(table.count or 0, "row")
        output.lines([f"{table.namespace} {table.table_name}: {rows}"])
    rejected = _rejected(session.flow.summary(job_id, "upload_0", "local:0"))
    if rejected:
        output.warn(rejected)
    schema = table.schema or {}
    names = [str(schema.get("sid", "")), *filter(None, str(schema.get("header", "")).split(","))]
    if len(names) > 1 and all(map(_is_number, names)):
        output.warn(f"the first line was read as column names: {', '.join(names):.60}")
        output.warn("if it is a row, add a line of names above it, or upload with --no-head")
    return code


def report_failure(session: Session, job: JobView, what: str) -> int:
    """Print why an upload or a download failed, and return the exit code.

    Raises ComponentFailed with the component's own message, if there is one.
    """
    from fateflow_tui.commands.progress import print_failure_cards

    card = next(iter(job.cards), None)
    if card is not None and card.kind == "component":
        raise ComponentFailed(
            f"{what} failed: {card.cause}",
            hint=_with_options(card.hint) or f"fateflow job why {job.job_id}",
            data={"job_id": job.job_id},
        )
    session.output.warn(f"{what} {job.job_id} ended with status {job.status}")
    print_failure_cards(session, job)
    return of_status(job.status)


def _with_options(hint: str) -> str:
    for member, option in _OPTIONS.items():
        hint = re.sub(member, option, hint)
    return hint


def _rejected(counts: dict[str, Any]) -> str:
    """Return how many rows of the file are not in the table and why; '' for none."""
    reasons = {
        "duplicate_ids": "with a duplicate id",
        "malformed": "with too few or too many fields",
        "without_id": "without an id",
    }
    found = [f"{counts[name]} {reason}" for name, reason in reasons.items() if counts.get(name)]
    return f"{counts['rows_rejected']} of {counts['rows_read']} rows were rejected: {', '.join(found)}" if found else ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


app = CommandGroup("Upload files as tables, inspect tables, download tables as files.")

DropOption = Annotated[bool, typer.Option("--drop", help="Replace an existing table.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", help="Accepted for compatibility; no effect.")]


@app.command()
@prints("Submission")
def upload(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="CSV file whose first column is the id.")] = None,
    conf_path: ConfOption = None,
    namespace: NamespaceOption = None,
    name: Annotated[
        str | None, typer.Option("--name", "--table-name", "-t", metavar="NAME", help="Name of the table.")
    ] = None,
    partition: Annotated[int, typer.Option(min=1, metavar="N", help="Number of partitions.")] = 4,
    id_delimiter: Annotated[
        str, typer.Option(metavar="CHAR", help="Column separator; by default a comma, a tab for .tsv.")
    ] = "",
    no_head: Annotated[bool, typer.Option("--no-head", help="The first line is data, not column names.")] = False,
    drop: DropOption = False,
    verbose: VerboseOption = False,
    wait: Annotated[
        bool | None, typer.Option("--wait/--no-wait", help="Wait until the table exists; default with FILE.")
    ] = None,
) -> int:
    """Upload a CSV file as a table, from FILE or a configuration file of FATE's client.

    Examples:
    fateflow data upload demo/data/guest.csv --namespace demo --name breast_guest --drop
    fateflow data upload -c upload_conf.json --drop
    """
    from fateflow_tui.sdk.operations import Call, whole
    from fateflow_tui.sdk.operations.tables import Data

    session = context.of(ctx)
    if (file is None) == (conf_path is None):
        raise BadRequest("expected either FILE or a configuration with -c")
    if conf_path is not None:
        conf = read_conf(conf_path)
        file = _file_of(conf, conf_path)
    else:
        conf = {
            "file": str(file),
            "head": int(not no_head),
            "partition": partition,
            "id_delimiter": _delimiter(id_delimiter) or _default_delimiter(file),
            "namespace": required(namespace, "--namespace"),
            "table_name": required(name, "--name"),
        }
    if drop:
        conf["drop"] = 1
    local = str(conf.get("use_local_data", 1)) != "0"
    call: Any = Data.upload_conf.call(file or "", conf) if local else Call("/v1/data/upload", conf, whole)
    envelope = fate.execute(session, call)
    job_id = str(envelope.get("jobId", ""))
    waits = conf_path is None if wait is None else wait
    with hints_with_options():
        fate.print_answer(
            session, envelope, lambda data: None if waits else session.output.lines([job_id]), name=job_id
        )
    return finish_upload(session, job_id, conf) if waits else 0


@app.command()
def download(
    ctx: typer.Context,
    conf_path: ConfOption = None,
    namespace: NamespaceOption = None,
    table_name: TableOption = None,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="CSV file to write.")] = None,
    delimiter: Annotated[str, typer.Option(metavar="CHAR", help="Column separator.")] = ",",
    no_head: Annotated[bool, typer.Option("--no-head", help="Write no line with the column names.")] = False,
    wait: Annotated[
        bool | None, typer.Option("--wait/--no-wait", help="Wait until the file exists; default with FILE.")
    ] = None,
) -> int:
    """Write a table to a CSV file on the scheduler's machine.

    Examples:
    fateflow data download guest.csv --namespace demo --table-name breast_guest
    """
    session = context.of(ctx)
    if (file is None) == (conf_path is None):
        raise BadRequest("expected either FILE or a configuration with -c")
    conf: dict[str, Any] = (
        read_conf(conf_path) if conf_path else {"delimiter": _delimiter(delimiter), "output_path": str(file)}
    )
    if not conf_path:
        conf |= {
            "head": int(not no_head),
            "quoted": 1,
            "namespace": required(namespace, "-n"),
            "table_name": required(table_name, "-t"),
        }
    conf["output_path"] = str(Path(conf.get("output_path", "")).absolute())
    envelope = fate.request(session, "data/download", conf)
    job_id = str(envelope.get("jobId", ""))
    waits = conf_path is None if wait is None else wait
    fate.print_answer(session, envelope, lambda _: None if waits else session.output.lines([job_id]), name=job_id)
    if not waits:
        return 0
    code = wait_for(session, job_id)
    if code == 0 and session.output.is_table:
        session.output.lines([conf["output_path"]])
    return report_failure(session, session.flow.job(job_id), "download") if code else code


@app.command()
def bind(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or Parquet file on the scheduler's machine.")],
    namespace: NamespaceOption = None,
    name: Annotated[
        str | None, typer.Option("--name", "--table-name", "-t", metavar="NAME", help="Name of the table.")
    ] = None,
    id_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column with the ids; by default the first.")
    ] = None,
    id_delimiter: Annotated[
        str, typer.Option(metavar="CHAR", help="Column separator; by default a comma, a tab for .tsv.")
    ] = "",
    no_head: Annotated[bool, typer.Option("--no-head", help="The first line is data, not column names.")] = False,
    drop: DropOption = False,
) -> None:
    """Bind a file as a table without copying it.

    Examples:
    fateflow data bind demo/data/guest.csv -n demo --name bound_guest --drop
    """
    session = context.of(ctx)
    body = {
        "engine": "PATH",
        "address": {"path": str(file.expanduser().absolute())},
        "namespace": required(namespace, "-n"),
        "name": required(name, "--name"),
        "head": int(not no_head),
        "id_delimiter": _delimiter(id_delimiter) or _default_delimiter(file),
        "id_column": id_column,
        "drop": int(drop),
    }
    with hints_with_options():
        made = fate.request_data(session, "table/bind", body)
    session.output.record(made, lambda one: [f"{one['namespace']} {one['table_name']}"], lambda one: one["table_name"])


fate.add_rows(
    app,
    "data",
    [
        fate.FateCommand(
            "writer",
            "data/writer",
            "Write a table to an external store, as in FATE-Flow 1.7.2 and later.",
            ("-c writer_conf.json",),
            {"conf_path": ConfOption},
            show=lambda session, data: session.output.lines([data["job_id"]]),
        )
    ],
)


@app.command("upload-history")
@prints("list[dict[str, Any]]")
def upload_history(ctx: typer.Context, limit: LimitOption = 10, job_id: JobOption = None) -> None:
    """List uploads, newest first.

    Examples:
    fateflow data upload-history
    fateflow data upload-history -l 2 --json
    """
    session = context.of(ctx)
    envelope = fate.request(session, "data/upload/history", {"limit": limit, "job_id": session.known_id(job_id)})
    titles = ("JOB", "NAMESPACE", "TABLE", "ROWS", "PARTITIONS", "COLUMNS")
    fate.print_answer(
        session,
        envelope,
        lambda data: session.output.listing(
            [{"job_id": job, **facts} for entry in data for job, facts in entry.items()],
            titles,
            _history_row,
            lambda one: str(one["job_id"]),
            empty="no uploads",
        ),
        listing=True,
    )


def _history_row(entry: dict[str, Any]) -> list[str]:
    info, schema = entry["upload_info"], entry["schema"] or {}
    columns = len(schema["header"].split(",")) if schema.get("header") else 0
    return [
        entry["job_id"],
        info["namespace"],
        info["table_name"],
        str(info["upload_count"]),
        str(info["partition"]),
        str(columns),
    ]


def _file_of(conf: dict[str, Any], conf_path: Path) -> Path:
    """Return the file that a configuration names, if need be relative to the configuration. Raises BadRequest."""
    if not conf.get("file"):
        raise BadRequest(f"{conf_path} lacks the member 'file'", hint='for example {"file": "data/guest.csv", ...}')
    named = Path(str(conf["file"])).expanduser()
    beside = conf_path.parent / named
    return beside if not named.exists() and beside.exists() else named


def _delimiter(text: str) -> str:
    """Return a delimiter; a tab can be written as `tab`."""
    return "\t" if text in ("\\t", "tab") else text


def _default_delimiter(file: Path | None) -> str:
    return "\t" if file is not None and file.suffix.lower() in (".tsv", ".tab") else ","


add_table_commands(app, "data")
