"""Verbs of `fateflow model` that are FATE's own client's alone; `model` takes them in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.documents import read_conf
from fateflow_tui.commands.groups import FATE_PANEL, CommandGroup
from fateflow_tui.commands.model.versions import fate_body, parties_of
from fateflow_tui.commands.options import (
    ConfOption,
    FolderOption,
    JobOption,
    ModelOptions,
    PartyIdOption,
    RoleOption,
    TagOption,
    required,
)
from fateflow_tui.commands.tag import show_tags

app = CommandGroup("Models as FATE's client has them.", FATE_PANEL)

_FIELDS: Final = [
    "create_date",
    "role",
    "party_id",
    "roles",
    "model_id",
    "model_version",
    "loaded_times",
    "size",
    "description",
    "parent",
    "parent_info",
]
_TITLES: Final = ("VERSION", "PARTY", "KIND", "KIB", "LOADED", "CREATED")


@app.command("get-predict-dsl")
def get_predict_dsl(ctx: typer.Context, which: ModelOptions, output_path: FolderOption = None) -> None:
    """Writes the DSL with which a deployed version predicts to a folder; without -o prints it.

    Examples:
    fateflow model get-predict-dsl --model-id arbiter-10001#guest-9999#host-10000#model --model-version @last -o .
    """
    _document(ctx, which, output_path, "dsl")


@app.command("get-predict-conf")
def get_predict_conf(ctx: typer.Context, which: ModelOptions, output_path: FolderOption = None) -> None:
    """Writes a conf to predict with, in which the tables are to be filled in; without -o prints it.

    With the tables named, and submitted at once: fateflow model predict.

    Examples:
    fateflow model get-predict-conf --model-id arbiter-10001#guest-9999#host-10000#model --model-version @last -o .
    """
    _document(ctx, which, output_path, "conf")


@app.command("get-model-info")
def get_model_info(
    ctx: typer.Context,
    which: ModelOptions,
    role: RoleOption = None,
    party_id: PartyIdOption = None,
    detail: Annotated[bool, typer.Option("--detail", help="With all documents.")] = False,
) -> None:
    """Shows the records of a version, one for each party's part. Also: fateflow model show.

    Examples:
    fateflow model get-model-info --model-version @last
    fateflow model get-model-info --model-version @last -r guest -p 9999 --detail --json
    """
    session = context.of(ctx)
    body: dict[str, Any] = {
        "model_id": which.model_id,
        "model_version": session.known_version(required(which.model_version, "--model-version")),
        "role": role,
        "party_id": party_id,
    }
    if not detail:
        body["query_filters"] = list(_FIELDS)
    table = fate.yaml_table(session) if detail else lambda data: _records(session, data)
    fate.forward(session, "model/query", body, table)


@app.command("tag-model")
def tag_model(
    ctx: typer.Context,
    job_id: JobOption = None,
    tag_name: TagOption = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the tag away.")] = False,
) -> None:
    """Puts a model version under a tag, which is made if there is none.

    Examples:
    fateflow model tag-model -j @last -t churn
    fateflow model tag-model -j @last -t churn --remove
    """
    session = context.of(ctx)
    body = {"job_id": session.known_version(required(job_id, "-j")), "tag_name": required(tag_name, "-t")}
    fate.forward(session, f"model/model_tag/{'remove' if remove else 'create'}", body)


@app.command("tag-list")
def tag_list(ctx: typer.Context, job_id: JobOption = None) -> None:
    """Lists the tags of a model version.

    Examples:
    fateflow model tag-list -j @last
    """
    session = context.of(ctx)
    body = {"job_id": session.known_version(required(job_id, "-j"))}
    fate.forward(
        session, "model/model_tag/retrieve", body, lambda data: show_tags(session, data, "this version has no tags")
    )


@app.command("homo-convert")
def homo_convert(ctx: typer.Context, conf_path: ConfOption = None) -> None:
    """Turns a homogeneous model into one of another framework, as FATE-Flow 1.7 and later do.

    Examples:
    fateflow model homo-convert -c homo_conf.json
    """
    fate.forward(context.of(ctx), "model/homo/convert", read_conf(Path(required(conf_path, "-c"))))


@app.command("homo-deploy")
def homo_deploy(ctx: typer.Context, conf_path: ConfOption = None) -> None:
    """Deploys a converted homogeneous model to a serving system, as FATE-Flow 1.7 and later do.

    Examples:
    fateflow model homo-deploy -c homo_conf.json
    """
    fate.forward(context.of(ctx), "model/homo/deploy", read_conf(Path(required(conf_path, "-c"))))


def _document(ctx: typer.Context, which: ModelOptions, folder: Path | None, kind: str) -> None:
    from fateflow_tui.commands.files import answer_document

    session = context.of(ctx)
    answer_document(session, f"model/get/predict/{kind}", fate_body(session, which), folder, f"predict_{kind}")


def _records(session: context.Session, records: list[dict[str, Any]] | None) -> None:
    session.output.listing(
        records or [],
        _TITLES,
        lambda one: [
            one["f_model_version"],
            f"{one['f_role']}:{one['f_party_id']}",
            "trained" if one["f_parent"] else "deployed",
            str(one["f_size"]),
            f"{one['f_loaded_times']}×" if one["f_loaded_times"] else "",
            str(one["f_create_date"] or ""),
        ],
        lambda one: str(one["f_model_version"]),
    )
    if records:
        session.output.info(f"model {records[0]['f_model_id']} of {parties_of(records[0]['f_roles'])}")
