"""`fateflow party`: the addresses, keys and permissions of other parties."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.groups import CommandGroup, prints
from fateflow_tui.commands.options import listed
from fateflow_tui.commands.output import columns
from fateflow_tui.core.errors import BadRequest

if TYPE_CHECKING:
    from fateflow_tui.sdk.types import Grant, PartyRoute


app = CommandGroup("Manage the addresses, keys and permissions of other parties.")

SourceArgument = Annotated[
    str, typer.Argument(metavar="PARTY", help="For example guest:9999, 9999 for any role, guest:*, or * for all.")
]
_KINDS: Final = ("role", "command", "component", "dataset")


class GrantLists(NamedTuple):
    """Permissions to grant or revoke; comma-separated lists, or `all`."""

    role: Annotated[str | None, typer.Option("--role", "-r", metavar="A,B", help="Roles of this site's parties.")] = (
        None
    )
    command: Annotated[str | None, typer.Option(metavar="A,B", help="create, run or stop.")] = None
    component: Annotated[str | None, typer.Option(metavar="A,B", help="Modules, for example HeteroLR,Reader.")] = None
    dataset: Annotated[str | None, typer.Option(metavar="A,B", help="Tables, for example ns.name or ns/*.")] = None


@app.command()
@prints("Grant")
def grant(ctx: typer.Context, party: SourceArgument, lists: GrantLists) -> None:
    """Grant permissions to a party of another site; for the given kinds, nothing else is allowed.

    Before the first grant of a kind everything is allowed, unless site.toml sets permissions = "required".

    Examples:
    fateflow party grant guest:9998 --component HeteroLR,Reader --dataset demo.breast_host
    fateflow party grant guest:9998 --role host --command create,run --dataset all
    """
    session = context.of(ctx)
    _print_grant(session, session.flow.permissions.grant(party, **_require_lists(lists)))


@app.command()
@prints("Grant")
def revoke(
    ctx: typer.Context,
    party: SourceArgument,
    lists: GrantLists,
    forget: Annotated[bool, typer.Option("--forget", help="Delete all lists of the party.")] = False,
) -> None:
    """Revoke permissions of a party. An empty list allows nothing.

    Examples:
    fateflow party revoke guest:9998 --component HeteroLR
    fateflow party revoke guest:9998 --forget
    """
    session = context.of(ctx)
    if forget:
        session.flow.permissions.forget(party)
        session.output.done(f"deleted all permission lists of {party}", party=party)
        return
    _print_grant(session, session.flow.permissions.revoke(party, **_require_lists(lists)))


@app.command()
@prints("list[Grant]")
def grants(
    ctx: typer.Context,
    party: Annotated[str | None, typer.Argument(metavar="PARTY", help="Party to show.")] = None,
) -> None:
    """List the permissions of parties of other sites.

    Examples:
    fateflow party grants
    """
    session = context.of(ctx)
    session.output.listing(
        session.flow.permissions(party or ""),
        ("PARTY", "ROLES", "COMMANDS", "COMPONENTS", "TABLES"),
        lambda one: [one.party, *(_allowed(one, kind) for kind in _KINDS)],
        lambda one: one.party,
        empty="no grants; trusted parties may run everything that site.toml allows",
    )


def _require_lists(lists: GrantLists) -> dict[str, list[str]]:
    """Return the given lists, by the SDK's names. Raises BadRequest when there are none."""
    given = {f"{kind}s": listed(text) for kind, text in zip(_KINDS, lists, strict=True) if text}
    if not given:
        raise BadRequest("expected --role, --command, --component or --dataset", hint="comma-separated lists, or `all`")
    return given


def _print_grant(session: context.Session, grant: Grant) -> None:
    session.output.record(grant, _lines, lambda one: one.party)


def _lines(grant: Grant) -> Iterator[str]:
    yield f"permissions of {grant.party}"
    words = {"role": "roles", "command": "commands", "component": "components", "dataset": "tables"}
    rows = [[f"  {words[kind]}", _allowed(grant, kind)] for kind in _KINDS]
    yield from ("  ".join(row) for row in columns(rows))


def _allowed(grant: Grant, kind: str) -> str:
    values: list[str] | None = getattr(grant, kind)
    if values is None:
        return f"{grant.otherwise or 'all'} (not listed)"
    return ", ".join("all" if value == "*" else value for value in values) or "nothing"


PartyArgument = Annotated[str, typer.Argument(metavar="PARTY", help="For example host:10000, or 10000 for any role.")]
KeyOption = Annotated[str, typer.Option(metavar="KEY", help="Public key, obtained through another channel.")]


@app.command()
@prints("PartyRoute")
def add(
    ctx: typer.Context,
    party: PartyArgument,
    url: Annotated[str, typer.Argument(metavar="URL", help="URL of the party's site.")],
    note: Annotated[str, typer.Option(metavar="TEXT", help="Note about the party.")] = "",
    key: KeyOption = "",
) -> None:
    """Add a party, or change its URL. It must be trusted before it can take part in jobs.

    Examples:
    fateflow party add host:10000 http://10.0.0.7:9380 --note "the bank"
    """
    session = context.of(ctx)
    _print_route(session, session.flow.add_party(party, url, note, key))


@app.command("list")
@prints("list[PartyRoute]")
def list_parties(ctx: typer.Context) -> None:
    """List the known parties.

    Examples:
    fateflow party list
    """
    session = context.of(ctx)
    session.output.listing(
        session.flow.parties(),
        ("PARTY", "URL", "TRUSTED", "FINGERPRINT", "NOTE"),
        lambda one: [one.party, one.url, "yes" if one.trusted else "no", one.fingerprint, one.note],
        lambda one: one.party,
        empty="no other parties",
    )


@app.command()
@prints("PartyRoute")
def trust(ctx: typer.Context, party: PartyArgument, key: KeyOption = "") -> None:
    """Trust a party: pin the given key, or the one that its site presents now.

    Compare the fingerprint with the one that the site's owner tells you.

    Examples:
    fateflow party trust host:10000
    """
    session = context.of(ctx)
    _print_route(session, session.flow.trust_party(party, key))


@app.command()
@prints("PeerState")
def ping(ctx: typer.Context, party: PartyArgument) -> None:
    """Check that the site of a party answers, and measure the round trip.

    Examples:
    fateflow party ping host:10000
    """
    session = context.of(ctx)
    session.output.record(
        session.flow.ping_party(party),
        lambda one: [f"{one.party} at {one.url}: {one.name}, version {one.version}, {one.rtt:.1f} ms"],
        lambda one: str(one.party),
    )


@app.command()
def remove(ctx: typer.Context, party: PartyArgument) -> None:
    """Remove the URL and the key of a party.

    Examples:
    fateflow party remove host:10000
    """
    session = context.of(ctx)
    session.flow.remove_party(party)
    session.output.done(f"removed {party}", party=party)


def _print_route(session: context.Session, route: PartyRoute) -> None:
    facts = [
        ["party", route.party],
        ["url", route.url],
        ["trusted", "yes" if route.trusted else f"no; pin its key with: fateflow party trust {route.party}"],
        ["fingerprint", route.fingerprint],
        ["note", route.note],
    ]
    given = [row for row in facts if row[1]]
    session.output.record(route, lambda _: ["  ".join(row) for row in columns(given)], lambda one: one.party)
