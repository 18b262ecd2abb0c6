"""What the parties of other sites may run here; `party` takes these verbs in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, NamedTuple

import typer

from commands import classic, context
from commands.options import listed
from commands.text import columns
from commands.verbs import Noun
from fateflow_tui.core.errors import BadRequest

app = Noun("Say what other parties may run here.")

SourceArgument = Annotated[
    str, typer.Argument(metavar="PARTY", help="As in guest:9999, 9999 for any role, guest:*, or * for all.")
]
_KINDS: Final = ("role", "command", "component", "dataset")


class GrantLists(NamedTuple):
    """What is granted or taken back; comma lists, or `all`."""

    role: Annotated[str | None, typer.Option("--role", "-r", metavar="A,B", help="Roles of this site's parties.")] = (
        None
    )
    command: Annotated[str | None, typer.Option(metavar="A,B", help="create, run or stop.")] = None
    component: Annotated[str | None, typer.Option(metavar="A,B", help="Modules, as in HeteroLR,Reader.")] = None
    dataset: Annotated[str | None, typer.Option(metavar="A,B", help="Tables, as in ns.name or ns/*.")] = None

    def body(self) -> dict[str, list[str]]:
        return {kind: listed(text) for kind, text in zip(_KINDS, self, strict=True) if text}


@app.verb()
def grant(ctx: typer.Context, party: SourceArgument, lists: GrantLists) -> None:
    """Allows a party of another site what is listed, and of these kinds nothing else.

    Before the first grant of a kind everything of it is allowed, unless site.toml says permissions = "required".

    Examples:
    fateflow party grant guest:9998 --component HeteroLR,Reader --dataset demo.breast_host
    fateflow party grant guest:9998 --role host --command create,run --dataset all
    """
    _change(ctx, "grant", party, lists.body())


@app.verb()
def revoke(
    ctx: typer.Context,
    party: SourceArgument,
    lists: GrantLists,
    forget: Annotated[bool, typer.Option("--forget", help="All lists, as if nothing had ever been said.")] = False,
) -> None:
    """Takes back what was granted. A list that becomes empty allows nothing.

    Examples:
    fateflow party revoke guest:9998 --component HeteroLR
    fateflow party revoke guest:9998 --forget
    """
    if forget:
        session = context.of(ctx)
        classic.data(session, "party/revoke", {"party": party, "forget": True})
        session.output.talk(f"nothing is granted to {party}, and nothing is withheld by name")
        return
    _change(ctx, "revoke", party, lists.body())


@app.verb()
def grants(
    ctx: typer.Context, party: Annotated[str | None, typer.Argument(metavar="PARTY", help="Only of this one.")] = None
) -> None:
    """Lists what parties of other sites may run here.

    Examples:
    fateflow party grants
    """
    session = context.of(ctx)
    session.output.listing(
        classic.data(session, "party/grants", {"party": party}) or [],
        ("PARTY", "ROLES", "COMMANDS", "COMPONENTS", "TABLES"),
        lambda one: [one["party"], *(_allowed(one, kind) for kind in _KINDS)],
        lambda one: str(one["party"]),
        empty="nothing was granted by name, so that trusted parties may run all that site.toml does not withhold",
    )


def _change(ctx: typer.Context, what: str, party: str, lists: dict[str, list[str]]) -> None:
    if not lists:
        raise BadRequest("name what: --role, --command, --component, --dataset", hint="comma lists, or `all`")
    session = context.of(ctx)
    now = classic.data(session, f"party/{what}", {"party": party, **lists})
    session.output.record(now, _lines, lambda one: str(one["party"]))


def _lines(grant: dict[str, Any]) -> Iterator[str]:
    yield f"{grant['party']} may now"
    words = {"role": "call on roles", "command": "use commands", "component": "run", "dataset": "read tables"}
    rows = [[f"  {words[kind]}", _allowed(grant, kind)] for kind in _KINDS]
    yield from ("  ".join(row) for row in columns(rows))


def _allowed(grant: dict[str, Any], kind: str) -> str:
    values = grant.get(kind)
    if values is None:
        return f"{grant.get('otherwise', 'all')} (not listed)"
    return ", ".join("all" if value == "*" else value for value in values) or "nothing"
