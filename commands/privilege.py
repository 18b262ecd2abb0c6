"""`fateflow privilege`: what the parties of other sites may run here, as FATE's client says it; see also `party`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.documents import read_conf
from fateflow_tui.commands.groups import CommandGroup
from fateflow_tui.commands.options import ConfOption, PartyIdOption
from fateflow_tui.core.errors import BadRequest

app = CommandGroup("Manage what other parties may run here; see also `party grant`.")


class Source(NamedTuple):
    """A party of another site, as FATE-Flow 1.6 names it."""

    source: Annotated[
        list[str] | None, typer.Argument(metavar="[PARTY_ID ROLE]", help="The other party, as FATE-Flow 1.6 has it.")
    ] = None
    src_party_id: Annotated[str | None, typer.Option(metavar="ID", help="In place of the first argument.")] = None
    src_role: Annotated[str | None, typer.Option(metavar="ROLE", help="In place of the second.")] = None

    @property
    def is_given(self) -> bool:
        return bool(self.source or self.src_party_id or self.src_role)

    def body(self) -> dict[str, Any]:
        """Raises BadRequest when it is no party."""
        first, second, *_ = [*(self.source or []), None, None]
        party_id, role = self.src_party_id or first, self.src_role or second
        if not (party_id and role):
            raise BadRequest(
                "a party is named by its id and its role", hint="as in: fateflow privilege query 9999 guest"
            )
        return {"src_party_id": party_id, "src_role": role}


class Lists(NamedTuple):
    """Privileges as FATE-Flow 1.6 has them."""

    privilege_role: Annotated[str | None, typer.Option(metavar="A,B", help="guest, host, arbiter or all.")] = None
    privilege_command: Annotated[str | None, typer.Option(metavar="A,B", help="create, stop, run or all.")] = None
    privilege_component: Annotated[str | None, typer.Option(metavar="A,B", help="Module names, or all.")] = None


@app.command()
def query(ctx: typer.Context, source: Source, party_id: PartyIdOption = None) -> None:
    """Shows what a party may run here: by `-p ID` as since 1.9, or by id and role as in 1.6.

    Examples:
    fateflow privilege query -p 9998
    fateflow privilege query 9998 guest
    """
    session = context.of(ctx)
    if source.is_given:
        fate.forward(session, "permission/query/privilege", source.body())
    elif party_id:
        fate.forward(session, "permission/query", {"party_id": party_id})
    else:
        raise BadRequest("missing option -p", hint="or name the party as in: fateflow privilege query 9998 guest")


@app.command()
def grant(ctx: typer.Context, source: Source, lists: Lists, conf_path: ConfOption = None) -> None:
    """Allows a party more: a file with party_id, component and dataset as since 1.9, or lists as in 1.6.

    Examples:
    fateflow privilege grant -c privilege_conf.json
    fateflow privilege grant 9998 guest --privilege-component intersection,reader
    """
    _change(ctx, "grant", source, lists, conf_path)


@app.command()
def delete(ctx: typer.Context, source: Source, lists: Lists, conf_path: ConfOption = None) -> None:
    """Takes back what was granted.

    Examples:
    fateflow privilege delete -c privilege_conf.json
    fateflow privilege delete 9998 guest --privilege-component intersection
    """
    _change(ctx, "delete", source, lists, conf_path)


def _change(ctx: typer.Context, what: str, source: Source, lists: Lists, conf_path: Path | None) -> None:
    body = read_conf(conf_path) if conf_path else {}
    if source.is_given or not conf_path:
        body |= source.body()
    body |= {name: value for name, value in lists._asdict().items() if value}
    is_old = "src_party_id" in body or "src_role" in body
    fate.forward(context.of(ctx), f"permission/{what}/privilege" if is_old else f"permission/{what}", body)
