"""`fateflow data`: tables from files, and files from tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from commands import classic, context
from commands.data_looking import add_looking
from commands.data_outcomes import ended, ended_badly, hints_with_options, upload_ended
from commands.documents import read_conf
from commands.options import ConfOption, JobOption, LimitOption, NamespaceOption, TableOption, required
from commands.verbs import Noun
from fateflow_tui.core.errors import BadRequest

app = Noun("Upload files as tables, look at tables, download tables as files.")

DropOption = Annotated[bool, typer.Option("--drop", help="Replace the table if there is one.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", help="Taken for compatibility.")]


@app.verb()
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
    from fateflow_tui.sdk import calls

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
    call = calls.upload_conf(file or "", conf) if local else calls.raw("data/upload", conf)
    envelope = classic.answered(session, call)
    job_id = str(envelope.get("jobId", ""))
    waits = conf_path is None if wait is None else wait
    with hints_with_options():
        classic.show(session, envelope, lambda data: None if waits else session.output.lines([job_id]), name=job_id)
    return upload_ended(session, job_id, conf) if waits else 0


@app.verb()
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
    envelope = classic.ask(session, "data/download", conf)
    job_id = str(envelope.get("jobId", ""))
    waits = conf_path is None if wait is None else wait
    classic.show(session, envelope, lambda _: None if waits else session.output.lines([job_id]), name=job_id)
    if not waits:
        return 0
    code = ended(session, job_id)
    if code == 0 and session.output.is_table:
        session.output.lines([conf["output_path"]])
    return ended_badly(session, session.flow.job(job_id), "download") if code else code


@app.verb()
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
        made = classic.data(session, "table/bind", body)
    session.output.record(made, lambda one: [f"{one['namespace']} {one['table_name']}"], lambda one: one["table_name"])


@app.verb()
def writer(ctx: typer.Context, conf_path: ConfOption = None) -> None:
    """Writes a table to a store outside, as FATE-Flow's client does since 1.7.2.

    Examples:
    fateflow data writer -c writer_conf.json
    """
    session = context.of(ctx)
    conf = read_conf(Path(required(conf_path, "-c")))
    classic.tell(session, "data/writer", conf, lambda data: session.output.lines([data["job_id"]]))


@app.verb("upload-history")
def upload_history(ctx: typer.Context, limit: LimitOption = 10, job_id: JobOption = None) -> None:
    """Shows what was uploaded, newest first.

    Examples:
    fateflow data upload-history
    fateflow data upload-history -l 2 --json
    """
    session = context.of(ctx)
    envelope = classic.ask(session, "data/upload/history", {"limit": limit, "job_id": session.known_id(job_id)})
    titles = ("JOB", "NAMESPACE", "TABLE", "ROWS", "PARTITIONS", "COLUMNS")
    classic.show(
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


add_looking(app, "data")
