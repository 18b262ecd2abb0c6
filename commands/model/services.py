"""`fateflow serving`: the models, services and feature tables of online inference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.groups import CommandGroup, prints
from fateflow_tui.commands.model.versions import find_version, party_of_part
from fateflow_tui.commands.options import (
    ModelIdOption,
    NamespaceOption,
    PartyIdOption,
    PartyOption,
    RoleOption,
    VersionArgument,
    required,
)
from fateflow_tui.views.text import timestamp

if TYPE_CHECKING:
    from fateflow_tui.sdk.types.models import LoadedModel, Service

app = CommandGroup("Manage the models and services of online inference.")
features = CommandGroup("Manage the tables in which hosts find features for inference.")

NameOption = Annotated[
    str | None, typer.Option("--name", "--table-name", "-t", metavar="NAME", help="Name of the table.")
]


@app.command("list")
@prints("ServingStatus")
def list_served(ctx: typer.Context) -> None:
    """List the services and the loaded versions of this site.

    Examples:
    fateflow serving list
    """
    session = context.of(ctx)
    found = session.flow.serving()
    by_model: dict[tuple[str, ...], list[str]] = {}
    for service in found.services:
        by_model.setdefault(_model_of(service), []).append(service.service_id)
    if session.output.format not in ("table", "csv"):
        session.output.record(found, lambda _: (), lambda _: "\n".join(one.service_id for one in found.services))
        return
    session.output.listing(
        found.models,
        ("VERSION", "PARTY", "SERVICES", "LOADED"),
        lambda one: [
            one.model_version,
            f"{one.role}:{one.party_id}",
            ", ".join(by_model.get(_model_of(one), ())),
            timestamp(one.loaded_at),
        ],
        lambda one: one.model_version,
        empty="no loaded versions; load a deployed one with: fateflow model load VERSION",
    )


@app.command()
def unload(ctx: typer.Context, version: VersionArgument = None, party: PartyOption = None) -> None:
    """Unload a version at one party of this site; without --party, at all of them.

    Examples:
    fateflow serving unload @last
    """
    session = context.of(ctx)
    chosen = find_version(session, required(version, "VERSION"))
    loaded = session.flow.serving().models
    here = [f"{one.role}:{one.party_id}" for one in loaded if one.model_version == chosen.model_version]
    for one in [party] if party else here:
        session.flow.serving.unload(chosen.model_id, chosen.model_version, party_of_part(chosen, one))
    parties = [party] if party else here
    text = f"{', '.join(parties)} no longer serves" if len(parties) == 1 else f"{', '.join(parties)} no longer serve"
    session.output.done(
        f"{text} {chosen.model_version}" if parties else f"{chosen.model_version} is not loaded here",
        model_version=chosen.model_version,
        parties=parties,
    )


@app.command()
def unbind(
    ctx: typer.Context, service: Annotated[str, typer.Argument(metavar="SERVICE", help="Name of the service.")]
) -> None:
    """Unbind a service; the version stays loaded.

    Examples:
    fateflow serving unbind churn
    """
    session = context.of(ctx)
    session.flow.serving.unbind(service)
    session.output.done(f"unbound {service}", service_id=service)


@features.command("bind")
@prints("FeatureTable")
def bind_features(
    ctx: typer.Context,
    role: RoleOption = "host",
    party_id: PartyIdOption = None,
    namespace: NamespaceOption = None,
    name: NameOption = None,
    model_id: ModelIdOption = None,
) -> None:
    """Bind the table in which a host of this site finds features for inference.

    Examples:
    fateflow serving features bind -r host -p 10000 --namespace demo --name breast_host
    """
    session = context.of(ctx)
    found = session.flow.serving.bind_features(
        f"{required(role, '-r')}:{required(party_id, '-p')}",
        required(namespace, "-n"),
        required(name, "--name"),
        model_id or "",
    )
    rows = f", {found.rows} rows" if found.rows is not None else ""
    text = f"{found.role}:{found.party_id} finds its features in {found.namespace} {found.name}{rows}"
    session.output.record(found, lambda _: [text], lambda one: one.name)


@features.command("unbind")
def unbind_features(
    ctx: typer.Context,
    role: RoleOption = "host",
    party_id: PartyIdOption = None,
    model_id: ModelIdOption = None,
) -> None:
    """Unbind the feature table of a host.

    Examples:
    fateflow serving features unbind -r host -p 10000
    """
    session = context.of(ctx)
    party = f"{required(role, '-r')}:{required(party_id, '-p')}"
    session.flow.serving.unbind_features(party, model_id or "")
    session.output.done(f"unbound the feature table of {party}", party=party)


@features.command("list")
@prints("list[FeatureTable]")
def list_features(ctx: typer.Context) -> None:
    """List the feature tables of hosts.

    Examples:
    fateflow serving features list
    """
    session = context.of(ctx)
    session.output.listing(
        session.flow.serving.features(),
        ("PARTY", "NAMESPACE", "TABLE", "MODEL", "SINCE"),
        lambda one: [
            f"{one.role}:{one.party_id}",
            one.namespace,
            one.name,
            one.model_id or "any",
            timestamp(one.bound_at),
        ],
        lambda one: one.name,
        empty="no feature tables; bind one with: fateflow serving features bind",
    )


def _model_of(one: Service | LoadedModel) -> tuple[str, ...]:
    return one.role, one.party_id, one.model_id, one.model_version


app.add(features, "features")
