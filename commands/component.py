"""`fateflow component` and `fateflow tracking`: modules, and the outputs of a job's components."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.context import Session
from fateflow_tui.commands.documents import read_text
from fateflow_tui.commands.fate import FateCommand, add_rows
from fateflow_tui.commands.groups import CommandGroup, prints
from fateflow_tui.commands.model.versions import fate_body
from fateflow_tui.commands.options import (
    ComponentOption,
    FolderOption,
    JobOption,
    ModelOptions,
    ModelPartOptions,
    PartyIdOption,
    RoleOption,
    TaskOptions,
    YesOption,
    required,
)
from fateflow_tui.core.errors import BadRequest

if TYPE_CHECKING:
    from fateflow_tui.sdk.types import Module


app = CommandGroup("List modules, and inspect the outputs of a job's components.")
tracking = CommandGroup("Inspect the outputs of components; see also `component`.")

FileOption = Annotated[Path | None, typer.Option("--output-path", "-o", metavar="FILE", help="File to write.")]
InputOption = Annotated[Path | None, typer.Option("--input-path", "-i", metavar="FILE", help="JSON file to read.")]

_TASK: Final = {
    "job_id": JobOption,
    "role": RoleOption,
    "party_id": PartyIdOption,
    "component_name": ComponentOption,
}
_TASK_EXAMPLE: Final = "-j @last -r guest -p 9999 -cpn hetero_lr_0"
_ROWS: Final = [
    FateCommand(command, f"tracking/component/{endpoint}", help, (_TASK_EXAMPLE,), _TASK, prints=kind)
    for command, endpoint, kind, help in (
        ("metrics", "metrics", "dict[str, list[str]]", "List the metrics of a component."),
        (
            "metric-all",
            "metric/all",
            "dict[str, dict[str, Series]]",
            "Show all metrics of a component with their points.",
        ),
        ("parameters", "parameters", "dict[str, Any]", "Show the parameters that a component ran with."),
        ("output-model", "output/model", "OutputModel", "Show the model that a component has trained."),
        ("output-data-table", "output/data/table", "list[OutputTable]", "List the output tables of a component."),
    )
]


def output_data(
    ctx: typer.Context,
    which: TaskOptions,
    output_path: FolderOption = None,
    limit: Annotated[int, typer.Option("--limit", "-l", metavar="N", help="Rows of each table; -1 for all.")] = -1,
) -> None:
    """Download the output tables of a component as CSV files into a directory."""
    from fateflow_tui.commands.files import fetch_archive

    session = context.of(ctx)
    folder = Path(required(output_path, "-o"))
    body = which.body(session)
    name = f"job_{body['job_id']}_{body['component_name']}_{body['role']}_{body['party_id']}_output_data"
    path = "tracking/component/output/data/download"
    fetch_archive(session, path, {**body, "limit": limit}, folder.absolute() / name)


def get_summary(ctx: typer.Context, which: TaskOptions, output_path: FolderOption = None) -> None:
    """Show the summary of a component; with -o, write it to a file in that directory."""
    from fateflow_tui.commands.files import answer_document

    session = context.of(ctx)
    path, body = "tracking/component/summary/download", which.body(session)
    if output_path is None:
        fate.forward(session, path, body)
    else:
        answer_document(session, path, body, output_path, f"summary_{body['component_name']}")


for _group, _words in ((tracking, "tracking"), (app, "component")):
    add_rows(_group, _words, _ROWS)
    for _name, _function, _more in (("output-data", output_data, " -o ."), ("get-summary", get_summary, "")):
        _example = f"fateflow {_words} {_name} {_TASK_EXAMPLE}{_more}"
        _group.command(_name, help=f"{_function.__doc__}\n\nExamples:\n{_example}")(_function)


@app.command("metric-delete")
def metric_delete(
    ctx: typer.Context,
    date: Annotated[str | None, typer.Option("--date", "-d", metavar="YYYYMMDD", help="All jobs of this day.")] = None,
    job_id: JobOption = None,
    yes: YesOption = False,
) -> None:
    """Delete the metrics of a job, or of all jobs of a day.

    Examples:
    fateflow component metric-delete -d 20200101
    """
    session = context.of(ctx)
    if not (date or job_id):
        raise BadRequest("missing option -j or -d", hint="name a job with -j, or a day with -d as in 20260131")
    job = session.known_id(job_id)
    session.confirm(f"Delete the metrics of {f'job {job}' if job else f'all jobs of {date}'}?", yes)
    body = {"model": date, "job_id": job}
    fate.forward(session, "tracking/component/metric/delete", body, lambda data: session.output.lines([str(data)]))


@app.command("hetero-model-merge")
def hetero_model_merge(
    ctx: typer.Context,
    which: ModelOptions,
    guest_party_id: Annotated[
        str | None, typer.Option("--guest-party-id", "-gid", metavar="ID", help="Party id of the guest.")
    ] = None,
    host_party_ids: Annotated[
        str | None, typer.Option("--host-party-ids", "-hids", metavar="A,B", help="Party ids of the hosts.")
    ] = None,
    component_name: ComponentOption = None,
    model_type: Annotated[str | None, typer.Option(metavar="TYPE", help="For example sbt or lr.")] = None,
    output_format: Annotated[str | None, typer.Option(metavar="FORMAT", help="For example lightgbm or pmml.")] = None,
    target_name: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the label.")] = None,
    host_rename: Annotated[bool | None, typer.Option("--host-rename/--no-host-rename")] = None,
    include_guest_coef: Annotated[bool | None, typer.Option("--include-guest-coef/--no-include-guest-coef")] = None,
    output_path: FileOption = None,
) -> None:
    """Merge the guest's and the hosts' parts of a model into one file, as in FATE-Flow 1.9 and later.

    Examples:
    fateflow component hetero-model-merge --model-id guest-9999#host-10000#model --model-version @last \\
        -gid 9999 -hids 10000 -cpn hetero_lr_0 --model-type lr --output-format pmml -o model.pmml
    """
    session = context.of(ctx)
    body = {
        **fate_body(session, which),
        "guest_party_id": required(guest_party_id, "-gid"),
        "host_party_ids": required(host_party_ids, "-hids").split(","),
        "component_name": required(component_name, "-cpn"),
        "model_type": required(model_type, "--model-type"),
        "output_format": required(output_format, "--output-format"),
        "target_name": target_name,
        "host_rename": host_rename,
        "include_guest_coef": include_guest_coef,
    }
    _download(session, "component/hetero/merge", body, Path(required(output_path, "-o")))


@app.command("woe-array-extract")
def woe_array_extract(ctx: typer.Context, which: ModelPartOptions, output_path: FileOption = None) -> None:
    """Write the weights of evidence of a binning to a file, as in FATE-Flow 1.10 and later.

    Examples:
    fateflow component woe-array-extract -r guest -p 9999 --model-id guest-9999#host-10000#model \\
        --model-version @last -cpn hetero_feature_binning_0 -o woe.json
    """
    session = context.of(ctx)
    _download(session, "component/woe_array/extract", which.body(session), Path(required(output_path, "-o")))


@app.command("woe-array-merge")
def woe_array_merge(ctx: typer.Context, which: ModelPartOptions, input_path: InputOption = None) -> None:
    """Merge weights of evidence from a file into a binning, as in FATE-Flow 1.10 and later.

    Examples:
    fateflow component woe-array-merge -r guest -p 9999 --model-id guest-9999#host-10000#model \\
        --model-version @last -cpn hetero_feature_binning_0 -i woe.json
    """
    file = Path(required(input_path, "-i"))
    try:
        woe_array = json.loads(read_text(file))
    except ValueError as error:
        raise BadRequest(f"{file} is not valid JSON: {error}") from None
    session = context.of(ctx)
    fate.forward(session, "component/woe_array/merge", {**which.body(session), "woe_array": woe_array})


def _download(session: Session, path: str, body: dict[str, Any], file: Path) -> None:
    envelope = fate.request(session, path, body)
    data = envelope.pop("data", None)
    if envelope["retcode"] == 0 and data is not None:
        file.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
        envelope["file"] = str(file.absolute())
    fate.print_answer(session, envelope, lambda _: session.output.lines([str(file.absolute())]))


@app.command("list")
@prints("list[Module] | dict[str, Any]")
def list_components(ctx: typer.Context, job_id: JobOption = None) -> None:
    """List the components of a job; without a job, the modules that a DSL can use.

    Examples:
    fateflow component list
    fateflow component list -j @last
    """
    session = context.of(ctx)
    if job_id:
        body = {"job_id": session.known_id(job_id)}
        fate.forward(session, "tracking/component/list", body, lambda data: session.output.lines(data["components"]))
        return
    session.output.listing(
        session.flow.modules(),
        ("MODULE", "ROLES", "PARAMETERS", "AVAILABLE"),
        lambda one: [one.module, ",".join(one.roles), one.parameter_class, _availability(one)],
        lambda one: one.module,
    )


def _availability(module: Module) -> str:
    if broken := getattr(module, "broken", ""):
        return f"no: {broken}"
    return "yes" if module.built else "not yet"
