"""`fateflow key`: public keys of other sites, as FATE-Flow 1.9 and later name them; see also `party trust`."""

from __future__ import annotations

from pathlib import Path

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.documents import read_conf
from fateflow_tui.commands.groups import CommandGroup
from fateflow_tui.commands.options import ConfOption, PartyIdOption, YesOption, required

app = CommandGroup("Manage the public keys of other sites; see also `party trust`.")


@app.command()
def save(ctx: typer.Context, conf_path: ConfOption = None) -> None:
    """Keeps a party's public key: a file with party_id and key.

    Examples:
    fateflow key save -c key_conf.json
    """
    fate.forward(context.of(ctx), "key/public/save", read_conf(Path(required(conf_path, "-c"))))


@app.command()
def query(ctx: typer.Context, party_id: PartyIdOption = None) -> None:
    """Shows the public key of a party.

    Examples:
    fateflow key query -p 9998
    """
    fate.forward(context.of(ctx), "key/query", {"party_id": required(party_id, "-p")})


@app.command()
def delete(ctx: typer.Context, party_id: PartyIdOption = None, yes: YesOption = False) -> None:
    """Forgets the public key of a party.

    Examples:
    fateflow key delete -p 9998
    """
    session = context.of(ctx)
    known = required(party_id, "-p")
    session.confirm(f"Forget the public key of party {known}?", yes)
    fate.forward(session, "key/public/delete", {"party_id": known})
