"""Commands of `fateflow job` about documents, logs, notes and outputs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.documents import read_conf, read_text
from fateflow_tui.commands.groups import CommandGroup, prints
from fateflow_tui.commands.options import (
    ComponentsFileOption,
    ConfOption,
    FolderOption,
    JobName,
    JobOption,
    JobPartyOptions,
    PartyOption,
    TaskRecordOptions,
    YesOption,
    component_list,
    required,
)
from fateflow_tui.commands.output import cell, columns
from fateflow_tui.core.errors import NotFound
from fateflow_tui.core.ids import Party

if TYPE_CHECKING:
    from fateflow_tui.sdk.types.jobs import Lineage

app = CommandGroup("Documents and files of jobs.")


@app.command()
def config(ctx: typer.Context, which: JobPartyOptions, output_path: FolderOption = None) -> None:
    """Write the documents of a job to a directory: dsl.json, runtime_conf.json and more.

    Examples:
    fateflow job config -j @last -r guest -p 9999 -o .
    """
    from fateflow_tui.commands.files import write_documents

    session = context.of(ctx)
    folder = Path(required(output_path, "-o"))
    envelope = fate.request(session, "job/config", which.body(session))
    if envelope["retcode"] == 0:
        data = envelope["data"]
        target = folder.absolute() / f"job_{data['job_id']}_config"
        write_documents(target, {name: value for name, value in data.items() if name != "job_id"})
        for name in ("dsl", "runtime_conf"):
            data.pop(name, None)
        envelope |= {"directory": str(target), "retmsg": f"download successfully, please check {target} directory"}
    fate.print_answer(session, envelope, lambda _: session.output.lines([envelope["directory"]]))


@app.command()
def log(ctx: typer.Context, job_id: JobOption = None, output_path: FolderOption = None) -> None:
    """Download all logs of a job into a directory; to read them, see `log show`.

    Examples:
    fateflow job log -j @last -o .
    """
    from fateflow_tui.commands.files import fetch_archive

    session = context.of(ctx)
    folder = Path(required(output_path, "-o"))
    [one] = session.resolve([required(job_id, "-j")])
    target = folder.absolute() / f"job_{one}_log"
    fetch_archive(session, "job/log", {"job_id": one}, target)


@app.command()
def dsl(
    ctx: typer.Context,
    train_dsl_path: Annotated[
        Path | None, typer.Option("--train-dsl-path", metavar="FILE", help="DSL of the training job.")
    ] = None,
    cpn_list: Annotated[str | None, typer.Option("--cpn-list", metavar="A,B", help="Components that predict.")] = None,
    cpn_path: ComponentsFileOption = None,
    output_path: FolderOption = None,
) -> None:
    """Derive a prediction DSL from a training DSL; with -o, write it to a file in that directory.

    Examples:
    fateflow job dsl --train-dsl-path demo/hetero_lr_dsl.json --cpn-list reader_0,dataio_0,intersection_0,hetero_lr_0
    fateflow job dsl --train-dsl-path demo/hetero_lr_dsl.json --cpn-list reader_0,dataio_0 -o .
    """
    from fateflow_tui.commands.files import answer_document

    session = context.of(ctx)
    body = {
        "train_dsl": read_text(Path(required(train_dsl_path, "--train-dsl-path"))),
        "cpn_str": component_list(cpn_list, cpn_path),
        "version": "2",
    }
    answer_document(session, "job/dsl/generate", body, output_path, "predict_dsl")


@app.command("parameter-update")
def parameter_update(ctx: typer.Context, job_id: JobOption = None, conf_path: ConfOption = None) -> None:
    """Change parameters of a job, for components that have not run yet and for reruns.

    The file contains job_parameters, component_parameters or both.

    Examples:
    fateflow job parameter-update -j @last -c changed_parameters.json
    """
    session = context.of(ctx)
    changes = read_conf(Path(required(conf_path, "-c")))
    body = {**changes, "job_id": session.known_id(required(job_id, "-j"))}
    fate.forward(session, "job/parameter/update", body)


@app.command()
def clean(ctx: typer.Context, which: TaskRecordOptions, yes: YesOption = False) -> None:
    """Delete the output tables and metrics of a job, or of one of its components.

    Examples:
    fateflow job clean -j @last -cpn evaluation_0
    """
    session = context.of(ctx)
    body = which.body(session)
    target = f"{which.component_name} of job" if which.component_name else "job"
    required(which.job_id, "-j")
    session.confirm(f"Delete the output tables and metrics of {target} {body['job_id']}?", yes)
    fate.forward(session, "job/clean", body)


@app.command()
def notes(
    ctx: typer.Context,
    which: JobName,
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="New notes; '' deletes them.")] = None,
    party: PartyOption = None,
) -> None:
    """Show or set the notes of a job, at one party or at all parties of this site.

    Examples:
    fateflow job notes @last "first try with the new hosts"
    fateflow job notes @last "bad labels, do not use" --party guest:9999
    fateflow job notes @last
    """
    session = context.of(ctx)
    job_id = which.id(session)
    chosen = Party.parse(party) if party else None
    filters = {"role": chosen.role, "party_id": chosen.party_id} if chosen else {}
    records = session.flow.jobs.query(job_id=job_id, **filters)
    if not records:
        raise NotFound(f"job {job_id} has no such party at this site", hint="`fateflow job show` lists its parties")
    found = {f"{one['f_role']}:{one['f_party_id']}": one.get("f_description") or "" for one in records}
    if text is not None:
        for one in found:
            session.flow.jobs.update_notes(job_id, one, text)
        found = dict.fromkeys(found, text)
    session.output.record({"job_id": job_id, "notes": found}, lambda _: _notes(found), lambda _: job_id)


@app.command()
@prints("Lineage")
def lineage(ctx: typer.Context, which: JobName) -> None:
    """Show the tables that a job read and created, and its model, as far as known at this site.

    Examples:
    fateflow job lineage @last
    fateflow job lineage @last --json
    """
    session = context.of(ctx)
    job_id = which.id(session)
    found = session.flow.jobs.lineage(job_id)
    session.output.record(found, _lineage, lambda _: job_id)


def _notes(found: dict[str, str]) -> Iterator[str]:
    rows = [[party, cell(text) or "(none)"] for party, text in found.items()]
    yield from ("  ".join(row) for row in columns(rows))


def _lineage(found: Lineage) -> Iterator[str]:
    for title, uses in (("read", found.tables_read), ("created", found.tables_made)):
        yield title if uses else f"{title} no tables"
        rows = [[f"  {one['party']}", one["component"], *_table(one)] for one in uses]
        if uses:
            yield from ("  ".join(row).rstrip() for row in columns(rows))
    if model := found.model:
        yield "trained" if model["made"] else "predicted with"
        yield f"  {model['model_id']} {model['model_version']}"


def _table(use: dict[str, Any]) -> list[str]:
    rows = f"{use['count']} rows" if use["exists"] else "deleted"
    maker = f"created by {use['job_id']}" if use.get("job_id") and not use["port"] else ""
    return [f"{use['namespace']} {use['name']}", rows, maker]
