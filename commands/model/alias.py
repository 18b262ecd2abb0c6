"""`fateflow model alias`: names for versions that can be moved from one to the next."""

from __future__ import annotations

from typing import Annotated

import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.groups import CommandGroup

app = CommandGroup("Manage aliases of model versions, such as churn@prod.")

AliasArgument = Annotated[str, typer.Argument(metavar="NAME@TAG", help="For example churn@prod.")]


@app.command("set")
def set_alias(
    ctx: typer.Context,
    name: AliasArgument,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="A version, its unique prefix, or @last.")],
) -> None:
    """Point an alias at a version.

    Examples:
    fateflow model alias set churn@prod @last
    """
    session = context.of(ctx)
    whole = session.version(version)
    session.output.record(session.flow.models.set_alias(name, whole), lambda _: [f"{name} → {whole}"], lambda _: whole)


@app.command()
def remove(ctx: typer.Context, name: AliasArgument) -> None:
    """Remove an alias; the version is kept.

    Examples:
    fateflow model alias remove churn@prod
    """
    session = context.of(ctx)
    session.flow.models.remove_alias(name)
    session.output.info(f"removed {name}")


@app.command("list")
def list_aliases(ctx: typer.Context) -> None:
    """List the aliases and their versions.

    Examples:
    fateflow model alias list
    """
    session = context.of(ctx)
    found = session.flow.models.aliases()
    session.output.listing(
        [{"alias": name, "model_version": version} for name, version in found.items()],
        ("ALIAS", "VERSION"),
        lambda one: [one["alias"], one["model_version"]],
        lambda one: str(one["alias"]),
        empty="no aliases; create one with: fateflow model alias set NAME@TAG VERSION",
    )
