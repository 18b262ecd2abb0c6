"""Commands of `fateflow model` about versions: list, show, verify, diff, delete, and their aliases."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.errors import FAILED, OK
from fateflow_tui.commands.groups import CommandGroup, prints
from fateflow_tui.commands.model.versions import VERSION_TITLES, named, state_lines, version_row, view_lines
from fateflow_tui.commands.options import LimitOption, PartyOption, VersionArgument, YesOption
from fateflow_tui.commands.output import styled

app = CommandGroup("Inspect, deploy, export and predict with trained models.")


@app.command("list")
@prints("list[ModelLine]")
def list_versions(
    ctx: typer.Context,
    limit: LimitOption = 20,
    deployed: Annotated[
        bool | None, typer.Option("--deployed/--trained", help="Only deployed or only trained versions.")
    ] = None,
) -> None:
    """List the model versions with a part at this site, newest first.

    Examples:
    fateflow model list
    fateflow model list --deployed -l 5
    fateflow model list -o name
    """
    session = context.of(ctx)
    session.output.listing(
        session.flow.models(limit, deployed=deployed),
        VERSION_TITLES,
        version_row,
        lambda one: one.model_version,
        empty="no models; a successful training job creates one",
    )


@app.command()
@prints("ModelView")
def show(ctx: typer.Context, version: VersionArgument = None) -> None:
    """Show a version in detail: parties, components, aliases, and the state of every party's part.

    Examples:
    fateflow model show @last
    fateflow model show @last --json
    """
    session = context.of(ctx)
    view = session.flow.models.show(named(version))
    session.output.record(view, view_lines, lambda one: one.model_version)


@app.command()
@prints("ModelVerification")
def verify(ctx: typer.Context, version: VersionArgument = None) -> int:
    """Verify every party's part against the manifest; exit code 1 when something is missing or was changed.

    Examples:
    fateflow model verify @last
    """
    session = context.of(ctx)
    found = session.flow.models.verify(named(version))
    word = "valid" if found.ok else "corrupt"
    text = f"{found.model_version or named(version)} is {word}"
    session.output.record(found, lambda one: [text, *state_lines(one.parties)], lambda _: word)
    return OK if found.ok else FAILED


@app.command()
@prints("ModelDiff")
def diff(
    ctx: typer.Context,
    a: Annotated[str, typer.Argument(metavar="A", help="A version, its unique prefix or suffix, @last, or an alias.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The version to compare with.")],
    party: PartyOption = None,
) -> None:
    """Show how two versions differ at one party: documents, parameters, and model weights.

    Examples:
    fateflow model diff @last @last
    """
    import msgspec

    from fateflow_tui.sdk.types.models import ModelDiff
    from fateflow_tui.views.diff import model_diff_lines

    session = context.of(ctx)
    body: dict[str, Any] = {"a": a, "b": b, "party": party}
    if party:
        body["role"], _, body["party_id"] = party.partition(":")
    found = fate.request_data(session, "model/diff", body)
    diff = msgspec.convert(found, ModelDiff)
    names = [_version_name(found.get(key), word) for key, word in (("a", a), ("b", b))]
    session.output.record(found, lambda _: styled(model_diff_lines(diff, *names)), lambda _: "")
    if found["same"]:
        session.output.info("no differences")


@app.command()
def delete(ctx: typer.Context, version: VersionArgument = None, yes: YesOption = False) -> None:
    """Delete this site's parts of a version; parts at other sites are kept.

    Examples:
    fateflow model delete @last --yes
    """
    session = context.of(ctx)
    whole = session.version(named(version))
    session.confirm(f"Delete this site's parts of model version {whole}?", yes)
    deleted = fate.request_data(session, "model/delete", {"model_version": whole})
    parties = ", ".join((deleted or {}).get("parties") or ())
    session.output.record(
        deleted or {}, lambda _: [f"deleted {whole} of {parties}" if parties else whole], lambda _: whole
    )


alias = CommandGroup("Manage aliases of model versions, such as churn@prod.")

AliasArgument = Annotated[str, typer.Argument(metavar="NAME@TAG", help="For example churn@prod.")]


@alias.command("set")
def set_alias(
    ctx: typer.Context,
    name: AliasArgument,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="A version, its unique prefix or suffix or @last.")],
) -> None:
    """Point an alias at a version.

    Examples:
    fateflow model alias set churn@prod @last
    """
    session = context.of(ctx)
    whole = session.version(version)
    session.output.record(session.flow.models.set_alias(name, whole), lambda _: [f"{name} → {whole}"], lambda _: whole)


@alias.command("remove")
def remove_alias(ctx: typer.Context, name: AliasArgument) -> None:
    """Remove an alias; the version is kept.

    Examples:
    fateflow model alias remove churn@prod
    """
    session = context.of(ctx)
    session.flow.models.remove_alias(name)
    session.output.done(f"removed {name}", alias=name)


@alias.command("list")
@prints("list[Alias]")
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


app.add(alias, "alias")


def _version_name(version: Any, word: str) -> str:
    """Return `VERSION at PARTY` as the server names it, else the word of the command line."""
    if not isinstance(version, dict):
        return word
    party = version.get("party")
    if isinstance(party, dict):
        party = f"{party.get('role')}:{party.get('party_id')}"
    name = str(version.get("model_version", word))
    return f"{name} at {party}" if party else name
