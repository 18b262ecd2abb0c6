"""`fateflow model alias`: names that stand for versions and can be moved from one to the next."""

from __future__ import annotations

from typing import Annotated

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.groups import CommandGroup

app = CommandGroup("Let names such as churn@prod stand for model versions.")

AliasArgument = Annotated[str, typer.Argument(metavar="NAME@TAG", help="As in churn@prod.")]


@app.command("set")
def set_alias(
    ctx: typer.Context,
    name: AliasArgument,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="A version, its unique beginning, or @last.")],
) -> None:
    """Lets a name stand for a version from now on, whatever it stood for before.

    Examples:
    fateflow model alias set churn@prod @last
    """
    session = context.of(ctx)
    whole = session.version(version)
    made = fate.request_data(session, "model/alias/set", {"alias": name, "model_version": whole})
    session.output.record(made or {}, lambda _: [f"{name} is {whole}"], lambda _: whole)


@app.command()
def remove(ctx: typer.Context, name: AliasArgument) -> None:
    """Forgets a name; the version stays.

    Examples:
    fateflow model alias remove churn@prod
    """
    session = context.of(ctx)
    fate.request_data(session, "model/alias/remove", {"alias": name})
    session.output.info(f"{name} is forgotten")


@app.command("list")
def list_aliases(ctx: typer.Context) -> None:
    """Lists the names and the versions that they stand for.

    Examples:
    fateflow model alias list
    """
    session = context.of(ctx)
    found = fate.request_data(session, "model/alias/list", {}) or {}
    session.output.listing(
        [{"alias": name, "model_version": version} for name, version in found.items()],
        ("NAME", "VERSION"),
        lambda one: [one["alias"], one["model_version"]],
        lambda one: str(one["alias"]),
        empty="no names; make one with: fateflow model alias set NAME@TAG VERSION",
    )
