"""Commands of FATE's client about models: tag, checkpoint, and its own commands of `model`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.context import Session
from fateflow_tui.commands.fate import FateCommand, add_rows
from fateflow_tui.commands.groups import FATE_PANEL, CommandGroup, prints
from fateflow_tui.commands.model.versions import fate_body
from fateflow_tui.commands.options import (
    ComponentOption,
    ConfOption,
    FolderOption,
    JobOption,
    LimitOption,
    ModelIdOption,
    ModelOptions,
    ModelPartOptions,
    ModelVersionOption,
    PartyIdOption,
    RoleOption,
    TagOption,
    required,
)
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.views.models import grouped_parties

app = CommandGroup("Models as FATE's client has them.", FATE_PANEL)
tag = CommandGroup("Group model versions under names.")
checkpoint = CommandGroup("Inspect the checkpoints of models.")

PART: Final = {
    "role": RoleOption,
    "party_id": PartyIdOption,
    "model_id": ModelIdOption,
    "model_version": ModelVersionOption,
    "component_name": ComponentOption,
}
_PART_EXAMPLE: Final = "-r guest -p 9999 --model-id guest-9999#host-10000#model --model-version @last -cpn hetero_lr_0"
_RECORD_FIELDS: Final = [
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
_RECORD_TITLES: Final = ("VERSION", "PARTY", "KIND", "KIB", "LOADED", "CREATED")


def _text(help: str, *names: str) -> Any:
    return Annotated[str | None, typer.Option(*names, metavar="TEXT", help=help)]


def show_tags(session: Session, data: dict[str, Any] | None, empty: str = "no tags") -> None:
    """Print tags as a table."""
    found = (data or {}).get("tags") or []
    counted = any("model_count" in one for one in found)
    session.output.listing(
        found,
        ("TAG", *(["MODELS"] if counted else []), "DESCRIPTION"),
        lambda one: [one["name"], *([str(one.get("model_count", ""))] if counted else []), one["description"] or ""],
        lambda one: str(one["name"]),
        empty=empty,
    )


def _show_tagged(session: Session, data: dict[str, Any] | None) -> None:
    session.output.listing(
        (data or {}).get("models") or [],
        ("VERSION", "PARTY", "KIB", "MODEL"),
        lambda one: [
            one["model_version"],
            f"{one['role']}:{one['party_id']}",
            str(one["model_size"]),
            one["model_id"],
        ],
        lambda one: str(one["model_version"]),
        empty="no models under this tag",
    )


add_rows(
    tag,
    "tag",
    [
        FateCommand(
            "create",
            "model/tag/create",
            "Create a tag.",
            ('-t churn -d "models of the churn campaign"',),
            {"tag_name": TagOption},
            {"tag_desc": _text("Description of the tag.", "--tag-desc", "-d")},
            name="tag_name",
        ),
        FateCommand(
            "update",
            "model/tag/update",
            "Change the name or the description of a tag.",
            ("-t churn --new-tag-name churn-2026",),
            {"tag_name": TagOption},
            {"new_tag_name": _text("New name."), "new_tag_desc": _text("New description.")},
            name="tag_name",
        ),
        FateCommand(
            "delete",
            "model/tag/destroy",
            "Delete a tag; its models are kept.",
            ("-t churn",),
            {"tag_name": TagOption},
            name="tag_name",
        ),
        FateCommand(
            "list",
            "model/tag/list",
            "List tags with the number of their models.",
            ("", "-l 3 --json"),
            optional={"limit": LimitOption},
            defaults={"limit": 10},
            show=show_tags,
            listing=True,
            prints="list[Tag]",
        ),
    ],
)
add_rows(
    checkpoint,
    "checkpoint",
    [
        FateCommand(
            "list",
            "checkpoint/list",
            "List the checkpoints of a component's model.",
            (_PART_EXAMPLE,),
            PART,
            empty="no checkpoints",
            prints="list[dict[str, Any]]",
        )
    ],
)
add_rows(
    app,
    "model",
    [
        FateCommand(
            "tag-list",
            "model/model_tag/retrieve",
            "List the tags of a model version.",
            ("-j @last",),
            {"job_id": JobOption},
            show=lambda session, data: show_tags(session, data, "this version has no tags"),
            resolve={"job_id": Session.known_version},
            listing=True,
            prints="list[Tag]",
        ),
        FateCommand(
            "homo-convert",
            "model/homo/convert",
            "Convert a homogeneous model to another framework, as in FATE-Flow 1.7 and later.",
            ("-c homo_conf.json",),
            {"conf_path": ConfOption},
        ),
        FateCommand(
            "homo-deploy",
            "model/homo/deploy",
            "Deploy a converted homogeneous model to a serving system, as in FATE-Flow 1.7 and later.",
            ("-c homo_conf.json",),
            {"conf_path": ConfOption},
        ),
    ],
)


@tag.command("query")
@prints("list[dict[str, Any]]")
def query_tags(
    ctx: typer.Context,
    tag_name: TagOption = None,
    with_model: Annotated[bool, typer.Option("--with-model", help="List the models under exactly this tag.")] = False,
) -> None:
    """Find tags by a part of their names, or the models under one tag.

    Examples:
    fateflow tag query -t churn
    fateflow tag query -t churn --with-model
    """
    session = context.of(ctx)
    body = {"tag_name": required(tag_name, "-t"), "with_model": with_model}
    show = _show_tagged if with_model else show_tags
    fate.forward(session, "model/tag/retrieve", body, lambda data: show(session, data), listing=True)


@checkpoint.command("get")
def get_checkpoint(
    ctx: typer.Context,
    which: ModelPartOptions,
    step_index: Annotated[int | None, typer.Option(metavar="N", help="Number of the step.")] = None,
    step_name: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the step.")] = None,
) -> None:
    """Show one checkpoint, named by --step-index or by --step-name.

    Examples:
    fateflow checkpoint get -r guest -p 9999 --model-id guest-9999#host-10000#model \\
        --model-version @last -cpn hetero_lr_0 --step-index 0
    """
    if (step_index is None) == (step_name is None):
        raise BadRequest("expected either --step-index or --step-name")
    session = context.of(ctx)
    fate.forward(session, "checkpoint/get", {**which.body(session), "step_index": step_index, "step_name": step_name})


@app.command("get-predict-dsl")
def get_predict_dsl(ctx: typer.Context, which: ModelOptions, output_path: FolderOption = None) -> None:
    """Write the prediction DSL of a deployed version to a directory; without -o, print it.

    Examples:
    fateflow model get-predict-dsl --model-id arbiter-10001#guest-9999#host-10000#model --model-version @last -o .
    """
    _document(ctx, which, output_path, "dsl")


@app.command("get-predict-conf")
def get_predict_conf(ctx: typer.Context, which: ModelOptions, output_path: FolderOption = None) -> None:
    """Write a prediction conf with placeholders for the tables to a directory; without -o, print it.

    To fill in the tables and submit the job at once: fateflow model predict.

    Examples:
    fateflow model get-predict-conf --model-id arbiter-10001#guest-9999#host-10000#model --model-version @last -o .
    """
    _document(ctx, which, output_path, "conf")


@app.command("get-model-info")
@prints("list[ModelRecord]")
def get_model_info(
    ctx: typer.Context,
    which: ModelOptions,
    role: RoleOption = None,
    party_id: PartyIdOption = None,
    detail: Annotated[bool, typer.Option("--detail", help="Include all documents.")] = False,
) -> None:
    """Show the records of a version, one for each party's part; see also `model show`.

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
        body["query_filters"] = list(_RECORD_FIELDS)
    table = fate.yaml_table(session) if detail else lambda data: _show_records(session, data)
    fate.forward(session, "model/query", body, table, listing=not detail)


@app.command("tag-model")
def tag_model(
    ctx: typer.Context,
    job_id: JobOption = None,
    tag_name: TagOption = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the tag.")] = False,
) -> None:
    """Tag a model version; the tag is created if it does not exist.

    Examples:
    fateflow model tag-model -j @last -t churn
    fateflow model tag-model -j @last -t churn --remove
    """
    session = context.of(ctx)
    body = {"job_id": session.known_version(required(job_id, "-j")), "tag_name": required(tag_name, "-t")}
    fate.forward(session, f"model/model_tag/{'remove' if remove else 'create'}", body)


def _document(ctx: typer.Context, which: ModelOptions, folder: Path | None, kind: str) -> None:
    from fateflow_tui.commands.files import answer_document

    session = context.of(ctx)
    answer_document(session, f"model/get/predict/{kind}", fate_body(session, which), folder, f"predict_{kind}")


def _show_records(session: Session, records: list[dict[str, Any]] | None) -> None:
    session.output.listing(
        records or [],
        _RECORD_TITLES,
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
        session.output.info(f"model {records[0]['f_model_id']} of {grouped_parties(records[0]['f_roles'])}")
