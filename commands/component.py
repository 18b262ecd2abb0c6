"""`fateflow component`: the modules of this version, and the components of jobs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.documents import read_text
from fateflow_tui.commands.groups import CommandGroup
from fateflow_tui.commands.model.versions import fate_body
from fateflow_tui.commands.options import (
    ComponentOption,
    JobOption,
    ModelOptions,
    ModelPartOptions,
    YesOption,
    required,
)
from fateflow_tui.commands.tracking import add_verbs
from fateflow_tui.core.errors import BadRequest

if TYPE_CHECKING:
    from fateflow_tui.sdk.types import Module


app = CommandGroup("List modules, and inspect the outputs of a job's components.")

FileOption = Annotated[Path | None, typer.Option("--output-path", "-o", metavar="FILE", help="File to write.")]
InputOption = Annotated[Path | None, typer.Option("--input-path", "-i", metavar="FILE", help="A JSON file.")]


@app.command("metric-delete")
def metric_delete(
    ctx: typer.Context,
    date: Annotated[str | None, typer.Option("--date", "-d", metavar="YYYYMMDD", help="All jobs of this day.")] = None,
    job_id: JobOption = None,
    yes: YesOption = False,
) -> None:
    """Deletes the metrics of a job, or of all jobs of a day.

    Examples:
    fateflow component metric-delete -d 20200101
    """
    session = context.of(ctx)
    if not (date or job_id):
        raise BadRequest("missing option -j or -d", hint="name a job with -j, or a day with -d as in 20260131")
    known = session.known_id(job_id)
    session.confirm(f"Delete the metrics of {'job ' + known if known else 'all jobs of ' + str(date)}?", yes)
    fate.forward(session, "tracking/component/metric/delete", {"model": date, "job_id": known}, _line(session))


@app.command("hetero-model-merge")
def hetero_model_merge(
    ctx: typer.Context,
    which: ModelOptions,
    guest_party_id: Annotated[
        str | None, typer.Option("--guest-party-id", "-gid", metavar="ID", help="The guest.")
    ] = None,
    host_party_ids: Annotated[
        str | None, typer.Option("--host-party-ids", "-hids", metavar="A,B", help="The hosts.")
    ] = None,
    component_name: ComponentOption = None,
    model_type: Annotated[str | None, typer.Option(metavar="TYPE", help="As in sbt or lr.")] = None,
    output_format: Annotated[str | None, typer.Option(metavar="FORMAT", help="As in lightgbm or pmml.")] = None,
    target_name: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the label.")] = None,
    host_rename: Annotated[bool | None, typer.Option("--host-rename/--no-host-rename")] = None,
    include_guest_coef: Annotated[bool | None, typer.Option("--include-guest-coef/--no-include-guest-coef")] = None,
    output_path: FileOption = None,
) -> None:
    """Merges guest's and hosts' parts of a model into one that any program reads, as FATE-Flow 1.9 and later do.

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
    _into_file(session, "component/hetero/merge", body, Path(required(output_path, "-o")))


@app.command("woe-array-extract")
def woe_array_extract(ctx: typer.Context, which: ModelPartOptions, output_path: FileOption = None) -> None:
    """Writes the weights of evidence of a binning to a file, as FATE-Flow 1.10 and later do.

    Examples:
    fateflow component woe-array-extract -r guest -p 9999 --model-id guest-9999#host-10000#model \\
        --model-version @last -cpn hetero_feature_binning_0 -o woe.json
    """
    session = context.of(ctx)
    _into_file(session, "component/woe_array/extract", which.body(session), Path(required(output_path, "-o")))


@app.command("woe-array-merge")
def woe_array_merge(ctx: typer.Context, which: ModelPartOptions, input_path: InputOption = None) -> None:
    """Puts weights of evidence from a file into a binning, as FATE-Flow 1.10 and later do.

    Examples:
    fateflow component woe-array-merge -r guest -p 9999 --model-id guest-9999#host-10000#model \\
        --model-version @last -cpn hetero_feature_binning_0 -i woe.json
    """
    file = Path(required(input_path, "-i"))
    try:
        woe_array = json.loads(read_text(file))
    except ValueError as error:
        raise BadRequest(f"{file} is no JSON: {error}") from None
    session = context.of(ctx)
    fate.forward(session, "component/woe_array/merge", {**which.body(session), "woe_array": woe_array})


def _line(session: context.Session) -> Callable[[Any], None]:
    return lambda data: session.output.lines([str(data)])


def _into_file(session: context.Session, path: str, body: dict[str, Any], file: Path) -> None:
    envelope = fate.request(session, path, body)
    data = envelope.pop("data", None)
    if envelope["retcode"] == 0 and data is not None:
        file.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
        envelope["file"] = str(file.absolute())
    fate.print_answer(session, envelope, lambda _: session.output.lines([str(file.absolute())]))


@app.command("list")
def list_components(ctx: typer.Context, job_id: JobOption = None) -> None:
    """Lists the components of a job; without a job, the modules that a DSL may use.

    Examples:
    fateflow component list
    fateflow component list -j @last
    """
    session = context.of(ctx)
    if job_id:
        envelope = fate.request(session, "tracking/component/list", {"job_id": session.known_id(job_id)})
        fate.print_answer(session, envelope, lambda data: session.output.lines(data["components"]))
        return
    session.output.listing(
        session.flow.modules(),
        ("MODULE", "ROLES", "PARAMETERS", "RUNS HERE"),
        lambda one: [one.module, ",".join(one.roles), one.parameter_class, _state(one)],
        lambda one: one.module,
    )


def _state(module: Module) -> str:
    if broken := getattr(module, "broken", ""):
        return f"no: {broken}"
    return "yes" if module.built else "not yet"


add_verbs(app, "component")
