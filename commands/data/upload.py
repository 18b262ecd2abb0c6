"""`fateflow data`: tables from files, and files from tables."""

from __future__ import annotations

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
from fateflow_tui.commands.groups import CommandGroup
from fateflow_tui.commands.options import ConfOption, JobOption, LimitOption, NamespaceOption, TableOption, required
from fateflow_tui.core.errors import BadRequest, ComponentFailed, FateFlowError

if TYPE_CHECKING:
    from fateflow_tui.sdk.types.jobs import JobView


# What hints say to who writes a configuration, and the same as options.
_OPTIONS: Final = {
    "add drop=1 to": "add --drop to",
    "say id_delimiter": "say --id-delimiter",
    "say head 0": "say --no-head",
}


@contextmanager
def hints_with_options() -> Iterator[None]:
    """Hints of what fails within name options in place of a configuration's members."""
    try:
        yield
    except FateFlowError as error:
        error.hint = _with_options(error.hint)
        raise


def ended(session: Session, job_id: str) -> int:
    """Waits for a job and gives its exit code."""
    return of_status(session.flow.wait(job_id).status)


def upload_ended(session: Session, job_id: str, conf: dict[str, Any]) -> int:
    """Waits for an upload and says what the table has become. Raises ComponentFailed."""
    code = ended(session, job_id)
    if code:
        return ended_badly(session, session.flow.job(job_id), "upload")
    output = session.output
    table = session.flow.table_info(str(conf["namespace"]), str(conf["table_name"]))
    if output.is_table:
        rows = f"{table.count} row{'' if table.count == 1 else 's'}"
        output.lines([f"{table.namespace} {table.table_name}: {rows}"])
    rejected = _rejected(session.flow.summary(job_id, "upload_0", "local:0"))
    if rejected:
        output.warn(rejected)
    schema = table.schema or {}
    names = [str(schema.get("sid", "")), *filter(None, str(schema.get("header", "")).split(","))]
    if len(names) > 1 and all(map(_is_number, names)):
        output.warn(f"the first line was taken for the names of the columns: {', '.join(names):.60}")
        output.warn("if it is a row, put a line of names above it, or upload it with --no-head")
    return code


def ended_badly(session: Session, job: JobView, what: str) -> int:
    """The exit code of an upload or a download that did not succeed. Raises ComponentFailed where the component itself
    says what is wrong; anything else is told with its failure card.
    """
    from fateflow_tui.commands.progress import print_failure_cards

    card = next(iter(job.cards), None)
    if card is not None and card.kind == "component":
        raise ComponentFailed(
            f"the {what} has failed: {card.cause}",
            hint=_with_options(card.fix) or f"fateflow job why {job.job_id}",
            data={"job_id": job.job_id},
        )
    session.output.warn(f"the {what} {job.job_id} has ended: {job.status}")
    print_failure_cards(session, job)
    return of_status(job.status)


def _with_options(hint: str) -> str:
    for word, option in _OPTIONS.items():
        hint = hint.replace(word, option)
    return hint


def _rejected(counts: dict[str, Any]) -> str:
    """Which rows of the file are not in the table, and why; '' if all are."""
    reasons = {
        "duplicate_ids": "with an id that was there before",
        "malformed": "with too few or too many fields",
        "without_id": "without an id",
    }
    found = [f"{counts[name]} {reason}" for name, reason in reasons.items() if counts.get(name)]
    return f"{counts['rows_rejected']} of {counts['rows_read']} rows were left out: {', '.join(found)}" if found else ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


app = CommandGroup("Upload files as tables, inspect tables, download tables as files.")

DropOption = Annotated[bool, typer.Option("--drop", help="Replace the table if there is one.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", help="Taken for compatibility.")]


@app.command()
def upload(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="A CSV file; its first column is the id.")] = None,
    conf_path: ConfOption = None,
    namespace: NamespaceOption = None,
    name: Annotated[
        str | None, typer.Option("--name", "--table-name", "-t", metavar="NAME", help="Name of the table.")
    ] = None,
    partition: Annotated[int, typer.Option(min=1, metavar="N", help="Parts of the table.")] = 4,
    id_delimiter: Annotated[
        str, typer.Option(metavar="SIGN", help="What separates the columns; else a comma, a tab in a .tsv.")
    ] = "",
    no_head: Annotated[bool, typer.Option("--no-head", help="The first line is data already.")] = False,
    drop: DropOption = False,
    verbose: VerboseOption = False,
    wait: Annotated[
        bool | None, typer.Option("--wait/--no-wait", help="Wait until the table is there; with FILE it does.")
    ] = None,
) -> int:
    """Makes a table of a CSV file, named here or in a configuration file of FATE's client.

    Examples:
    fateflow data upload demo/data/guest.csv --namespace demo --name breast_guest --drop
    fateflow data upload -c upload_conf.json --drop
    """
    from fateflow_tui.sdk import operations

    session = context.of(ctx)
    if (file is None) == (conf_path is None):
        raise BadRequest("name either a FILE or a configuration with -c")
    if conf_path is not None:
        conf = read_conf(conf_path)
        file = _file_of(conf, conf_path)
    else:
        conf = {
            "file": str(file),
            "head": int(not no_head),
            "partition": partition,
            "id_delimiter": _sign(id_delimiter) or _usual_sign(file),
            "namespace": required(namespace, "--namespace"),
            "table_name": required(name, "--name"),
        }
    if drop:
        conf["drop"] = 1
    local = str(conf.get("use_local_data", 1)) != "0"
    call = operations.upload_conf(file or "", conf) if local else operations.raw("data/upload", conf)
    envelope = fate.execute(session, call)
    job_id = str(envelope.get("jobId", ""))
    waits = conf_path is None if wait is None else wait
    with hints_with_options():
        fate.print_answer(
            session, envelope, lambda data: None if waits else session.output.lines([job_id]), name=job_id
        )
    return upload_ended(session, job_id, conf) if waits else 0


@app.command()
def download(
    ctx: typer.Context,
    conf_path: ConfOption = None,
    namespace: NamespaceOption = None,
    table_name: TableOption = None,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to write the CSV.")] = None,
    delimiter: Annotated[str, typer.Option(metavar="SIGN", help="What is to separate the columns.")] = ",",
    no_head: Annotated[bool, typer.Option("--no-head", help="No first line with the names of the columns.")] = False,
    wait: Annotated[
        bool | None, typer.Option("--wait/--no-wait", help="Wait until the file is there; with FILE it does.")
    ] = None,
) -> int:
    """Writes a table to a CSV file on the scheduler's machine.

    Examples:
    fateflow data download guest.csv --namespace demo --table-name breast_guest
    """
    session = context.of(ctx)
    if (file is None) == (conf_path is None):
        raise BadRequest("name either a FILE or a configuration with -c")
    conf: dict[str, Any] = (
        read_conf(conf_path) if conf_path else {"delimiter": _sign(delimiter), "output_path": str(file)}
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
    code = ended(session, job_id)
    if code == 0 and session.output.is_table:
        session.output.lines([conf["output_path"]])
    return ended_badly(session, session.flow.job(job_id), "download") if code else code


@app.command()
def bind(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or Parquet file on the scheduler's machine.")],
    namespace: NamespaceOption = None,
    name: Annotated[
        str | None, typer.Option("--name", "--table-name", "-t", metavar="NAME", help="Name of the table.")
    ] = None,
    id_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="The column that is the id; else the first.")
    ] = None,
    id_delimiter: Annotated[
        str, typer.Option(metavar="SIGN", help="What separates the columns; else a comma, a tab in a .tsv.")
    ] = "",
    no_head: Annotated[bool, typer.Option("--no-head", help="The first line is data already.")] = False,
    drop: DropOption = False,
) -> None:
    """Makes a table of a file that stays where it is; nothing is copied.

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
        "id_delimiter": _sign(id_delimiter) or _usual_sign(file),
        "id_column": id_column,
        "drop": int(drop),
    }
    with hints_with_options():
        made = fate.request_data(session, "table/bind", body)
    session.output.record(made, lambda one: [f"{one['namespace']} {one['table_name']}"], lambda one: one["table_name"])


@app.command()
def writer(ctx: typer.Context, conf_path: ConfOption = None) -> None:
    """Writes a table to a store outside, as FATE-Flow's client does since 1.7.2.

    Examples:
    fateflow data writer -c writer_conf.json
    """
    session = context.of(ctx)
    conf = read_conf(Path(required(conf_path, "-c")))
    fate.forward(session, "data/writer", conf, lambda data: session.output.lines([data["job_id"]]))


@app.command("upload-history")
def upload_history(ctx: typer.Context, limit: LimitOption = 10, job_id: JobOption = None) -> None:
    """Shows what was uploaded, newest first.

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
            empty="nothing was uploaded",
        ),
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
    """The file that a configuration names: as it is, or beside the configuration. Raises BadRequest."""
    if not conf.get("file"):
        raise BadRequest(f"{conf_path} names no file", hint='as in {"file": "data/guest.csv", ...}')
    named = Path(str(conf["file"])).expanduser()
    beside = conf_path.parent / named
    return beside if not named.exists() and beside.exists() else named


def _sign(text: str) -> str:
    """A delimiter as it is written on a command line, where a tab is hard to type."""
    return "\t" if text in ("\\t", "tab") else text


def _usual_sign(file: Path | None) -> str:
    return "\t" if file is not None and file.suffix.lower() in (".tsv", ".tab") else ","


add_table_commands(app, "data")
