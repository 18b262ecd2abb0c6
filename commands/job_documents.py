"""The verbs of `fateflow job` about its documents, its logs as files, and what it left; `job` takes them in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands import classic, context
from commands.documents import read_conf, read_text
from commands.option_groups import JobPartyOptions, TaskRecordOptions
from commands.options import (
    ComponentsFileOption,
    ConfOption,
    FolderOption,
    JobOption,
    YesOption,
    component_list,
    required,
)
from commands.verbs import Noun

app = Noun("Documents and files of jobs.")


@app.verb()
def config(ctx: typer.Context, which: JobPartyOptions, output_path: FolderOption = None) -> None:
    """Writes a job's documents to a folder: dsl.json, runtime_conf.json and more.

    Examples:
    fateflow job config -j @last -r guest -p 9999 -o .
    """
    from commands.files import write_documents

    session = context.of(ctx)
    folder = Path(required(output_path, "-o"))
    envelope = classic.ask(session, "job/config", which.body(session))
    if envelope["retcode"] == 0:
        data = envelope["data"]
        target = folder.absolute() / f"job_{data['job_id']}_config"
        write_documents(target, {name: value for name, value in data.items() if name != "job_id"})
        for name in ("dsl", "runtime_conf"):
            data.pop(name, None)
        envelope |= {"directory": str(target), "retmsg": f"download successfully, please check {target} directory"}
    classic.show(session, envelope, lambda _: session.output.lines([envelope["directory"]]))


@app.verb()
def log(ctx: typer.Context, job_id: JobOption = None, output_path: FolderOption = None) -> None:
    """Fetches all logs of a job into a folder. To read them here: fateflow log show.

    Examples:
    fateflow job log -j @last -o .
    """
    from commands.files import fetch_archive

    session = context.of(ctx)
    folder = Path(required(output_path, "-o"))
    [one] = session.resolve([required(job_id, "-j")])
    target = folder.absolute() / f"job_{one}_log"
    fetch_archive(session, "job/log", {"job_id": one}, target)


@app.verb()
def dsl(
    ctx: typer.Context,
    train_dsl_path: Annotated[
        Path | None, typer.Option("--train-dsl-path", metavar="FILE", help="The DSL of the training.")
    ] = None,
    cpn_list: Annotated[
        str | None, typer.Option("--cpn-list", metavar="A,B", help="The components that are to predict.")
    ] = None,
    cpn_path: ComponentsFileOption = None,
    output_path: FolderOption = None,
) -> None:
    """Makes the DSL to predict with out of one to train with; with -o as a file in that folder.

    Examples:
    fateflow job dsl --train-dsl-path demo/hetero_lr_dsl.json --cpn-list reader_0,dataio_0,intersection_0,hetero_lr_0
    fateflow job dsl --train-dsl-path demo/hetero_lr_dsl.json --cpn-list reader_0,dataio_0 -o .
    """
    from commands.files import answer_document

    session = context.of(ctx)
    body = {
        "train_dsl": read_text(Path(required(train_dsl_path, "--train-dsl-path"))),
        "cpn_str": component_list(cpn_list, cpn_path),
        "version": "2",
    }
    answer_document(session, "job/dsl/generate", body, output_path, "predict_dsl")


@app.verb("parameter-update")
def parameter_update(ctx: typer.Context, job_id: JobOption = None, conf_path: ConfOption = None) -> None:
    """Changes parameters of a job, for components that have not run yet and for reruns.

    The file holds job_parameters, component_parameters or both.

    Examples:
    fateflow job parameter-update -j @last -c changed_parameters.json
    """
    session = context.of(ctx)
    changes = read_conf(Path(required(conf_path, "-c")))
    body = {**changes, "job_id": session.known_id(required(job_id, "-j"))}
    classic.tell(session, "job/parameter/update", body)


@app.verb()
def clean(ctx: typer.Context, which: TaskRecordOptions, yes: YesOption = False) -> None:
    """Drops the output tables and metrics of a job, or of one of its components.

    Examples:
    fateflow job clean -j @last -cpn evaluation_0
    """
    session = context.of(ctx)
    body = which.body(session)
    what = f"{which.component_name} of job" if which.component_name else "job"
    required(which.job_id, "-j")
    session.confirm(f"Drop the output tables and metrics of {what} {body['job_id']}?", yes)
    classic.tell(session, "job/clean", body)
