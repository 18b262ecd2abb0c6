"""`fateflow party`: the other sites, where they are and which key each is known by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commands import context
from commands.party_grants import app as grants
from commands.text import columns
from commands.verbs import Noun

if TYPE_CHECKING:
    from fateflow_tui.sdk.results import PartyRoute

app = Noun("Tell this site where other parties are, whom to trust, and what they may run here.")

PartyArgument = Annotated[str, typer.Argument(metavar="PARTY", help="As in host:10000, or 10000 for any role.")]
KeyOption = Annotated[str, typer.Option(metavar="KEY", help="The party's public key, got by another way.")]


@app.verb()
def add(
    ctx: typer.Context,
    party: PartyArgument,
    url: Annotated[str, typer.Argument(metavar="URL", help="Address of the party's site.")],
    note: Annotated[str, typer.Option(metavar="TEXT", help="For people.")] = "",
    key: KeyOption = "",
) -> None:
    """Adds a party, or gives it another address. Nothing is exchanged with it before it is trusted.

    Examples:
    fateflow party add host:10000 http://10.0.0.7:9380 --note "the bank"
    """
    session = context.of(ctx)
    _show(session, session.flow.add_party(party, url, note, key))


@app.verb("list")
def list_parties(ctx: typer.Context) -> None:
    """Lists the known parties.

    Examples:
    fateflow party list
    """
    session = context.of(ctx)
    session.output.listing(
        session.flow.parties(),
        ("PARTY", "URL", "TRUSTED", "FINGERPRINT", "NOTE"),
        lambda one: [one.party, one.url, "yes" if one.trusted else "no", one.fingerprint, one.note],
        lambda one: one.party,
        empty="no other parties are known",
    )


@app.verb()
def trust(ctx: typer.Context, party: PartyArgument, key: KeyOption = "") -> None:
    """Pins a party's key: the one given, or the one that its site shows now.

    Compare the fingerprint with what that site's owner says.

    Examples:
    fateflow party trust host:10000
    """
    session = context.of(ctx)
    _show(session, session.flow.trust_party(party, key))


@app.verb()
def ping(ctx: typer.Context, party: PartyArgument) -> None:
    """Asks a party's site whether it is there, and how long that takes.

    Examples:
    fateflow party ping host:10000
    """
    session = context.of(ctx)
    session.output.record(
        session.flow.ping_party(party),
        lambda one: [f"{one.party} at {one.url}: {one.name}, version {one.version}, {one.rtt:.1f} ms"],
        lambda one: str(one.party),
    )


@app.verb()
def remove(ctx: typer.Context, party: PartyArgument) -> None:
    """Forgets a party's address and key.

    Examples:
    fateflow party remove host:10000
    """
    session = context.of(ctx)
    session.flow.remove_party(party)
    session.output.talk(f"{party} is forgotten")


def _show(session: context.Session, route: PartyRoute) -> None:
    facts = [
        ["party", route.party],
        ["url", route.url],
        ["trusted", "yes" if route.trusted else f"no; pin its key with: fateflow party trust {route.party}"],
        ["fingerprint", route.fingerprint],
        ["note", route.note],
    ]
    shown = [row for row in facts if row[1]]
    session.output.record(route, lambda _: ["  ".join(row) for row in columns(shown)], lambda one: one.party)


app.takes(grants)
