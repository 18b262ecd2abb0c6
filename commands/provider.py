"""`fateflow provider`: where modules come from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.documents import read_conf
from fateflow_tui.commands.groups import CommandGroup
from fateflow_tui.commands.options import ConfOption, required

app = CommandGroup("Inspect the providers of modules.")


@app.command("list")
def list_providers(
    ctx: typer.Context,
    provider_name: Annotated[
        str | None, typer.Option("--provider-name", "-n", metavar="NAME", help="Only this one.")
    ] = None,
) -> None:
    """Lists the providers of modules and their versions.

    Examples:
    fateflow provider list
    """
    session = context.of(ctx)
    path = f"provider/{provider_name}/get" if provider_name else "provider/get"
    fate.forward(session, path, {"provider_name": provider_name}, lambda data: _providers(session, data))


@app.command()
def register(ctx: typer.Context, conf_path: ConfOption = None) -> None:
    """Registers a provider: name, version, path.

    Examples:
    fateflow provider register -c provider_conf.json
    """
    conf = read_conf(Path(required(conf_path, "-c")))
    if conf.get("path"):
        conf["path"] = str(Path(conf["path"]).expanduser().absolute())
    fate.forward(context.of(ctx), "provider/register", conf)


@app.command("list-components")
def list_components(ctx: typer.Context) -> None:
    """Lists the modules that jobs may use. Also: fateflow component list.

    Examples:
    fateflow provider list-components
    """
    session = context.of(ctx)
    fate.forward(session, "component/get", {}, lambda data: _components(session, data))


def _providers(session: context.Session, data: dict[str, Any]) -> None:
    session.output.listing(
        [
            {"name": name, "version": version, "components": facts["components"]}
            for name, versions in data.items()
            for version, facts in versions.items()
            if "components" in facts
        ],
        ("PROVIDER", "VERSION", "MODULES"),
        lambda one: [one["name"], one["version"], ", ".join(one["components"])],
        lambda one: str(one["name"]),
        empty="no providers",
    )


def _components(session: context.Session, data: dict[str, Any]) -> None:
    session.output.listing(
        [{"module": module, **facts} for module, facts in data.items()],
        ("MODULE", "PROVIDERS"),
        lambda one: [one["module"], ", ".join(one["support_provider"])],
        lambda one: str(one["module"]),
    )
