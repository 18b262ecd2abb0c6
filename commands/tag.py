"""`fateflow tag`: names by which model versions are found."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.groups import CommandGroup
from fateflow_tui.commands.options import LimitOption, TagOption, required

app = CommandGroup("Group model versions under names.")


@app.command()
def create(
    ctx: typer.Context,
    tag_name: TagOption = None,
    tag_desc: Annotated[str | None, typer.Option("--tag-desc", "-d", metavar="TEXT", help="For people.")] = None,
) -> None:
    """Makes a tag.

    Examples:
    fateflow tag create -t churn -d "models of the churn campaign"
    """
    _change(ctx, "create", {"tag_name": required(tag_name, "-t"), "tag_desc": tag_desc})


@app.command()
def update(
    ctx: typer.Context,
    tag_name: TagOption = None,
    new_tag_name: Annotated[str | None, typer.Option(metavar="NAME", help="Its new name.")] = None,
    new_tag_desc: Annotated[str | None, typer.Option(metavar="TEXT", help="Its new description.")] = None,
) -> None:
    """Gives a tag another name or description.

    Examples:
    fateflow tag update -t churn --new-tag-name churn-2026
    """
    body = {"tag_name": required(tag_name, "-t"), "new_tag_name": new_tag_name, "new_tag_desc": new_tag_desc}
    _change(ctx, "update", body)


@app.command()
def query(
    ctx: typer.Context,
    tag_name: TagOption = None,
    with_model: Annotated[bool, typer.Option("--with-model", help="The models under this very tag.")] = False,
) -> None:
    """Finds tags by a part of their names, or the models under one tag.

    Examples:
    fateflow tag query -t churn
    fateflow tag query -t churn --with-model
    """
    session = context.of(ctx)
    body = {"tag_name": required(tag_name, "-t"), "with_model": with_model}
    table = _models if with_model else _tags
    fate.forward(session, "model/tag/retrieve", body, lambda data: table(session, data))


@app.command()
def delete(ctx: typer.Context, tag_name: TagOption = None) -> None:
    """Deletes a tag; the models under it stay.

    Examples:
    fateflow tag delete -t churn
    """
    _change(ctx, "destroy", {"tag_name": required(tag_name, "-t")})


@app.command("list")
def list_tags(ctx: typer.Context, limit: LimitOption = 10) -> None:
    """Lists tags with the number of their models.

    Examples:
    fateflow tag list
    fateflow tag list -l 3 --json
    """
    session = context.of(ctx)
    fate.forward(session, "model/tag/list", {"limit": limit}, lambda data: _tags(session, data))


def show_tags(session: context.Session, data: dict[str, Any] | None, empty: str = "no tags") -> None:
    """Tags as a table."""
    found = (data or {}).get("tags") or []
    counted = any("model_count" in one for one in found)
    session.output.listing(
        found,
        ("TAG", *(["MODELS"] if counted else []), "DESCRIPTION"),
        lambda one: [one["name"], *([str(one.get("model_count", ""))] if counted else []), one["description"] or ""],
        lambda one: str(one["name"]),
        empty=empty,
    )


def _tags(session: context.Session, data: Any) -> None:
    show_tags(session, data)


def _models(session: context.Session, data: dict[str, Any] | None) -> None:
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


def _change(ctx: typer.Context, what: str, body: dict[str, Any]) -> None:
    fate.forward(context.of(ctx), f"model/tag/{what}", body, name=str(body["tag_name"]))
