"""Adding, trusting and forgetting parties, and what they may use here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fateflow_tui.tui.action import Selection
from fateflow_tui.tui.actions import ACTIONS
from fateflow_tui.tui.readings import PartyRow, reread

if TYPE_CHECKING:
    from fateflow_tui.tui.app import DashApp
    from fateflow_tui.tui.screens.dialog import Values

_LISTS = ("role", "command", "component", "dataset")
_LABELS = {"role": "roles", "command": "commands", "component": "modules", "dataset": "tables"}
_EXAMPLES = {
    "role": "host",
    "command": "create,run",
    "component": "HeteroLR,Reader, or all",
    "dataset": "demo.breast_host, ns/*, or all",
}


async def add(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.dialog import Field, FormDialog

    row = _row(selection)
    known = row is not None and bool(row.url) and not row.here

    def line(values: Values) -> str:
        note = f' --note "{values["note"]}"' if values["note"] else ""
        return f"fateflow party add {values['party'] or 'PARTY'} {values['url'] or 'URL'}{note}"

    def problem(values: Values) -> str:
        if not values["party"]:
            return "a party is like host:10000, or 10000 for any role"
        return "" if values["url"].startswith(("http://", "https://")) else "an address is like http://10.0.0.7:9380"

    values = await app.push_screen_wait(
        FormDialog(
            "Add a party",
            [
                Field("party", "party", "", "host:10000, or 10000 for any role"),
                Field("url", "address", "", row.url if known and row else "http://10.0.0.7:9380"),
                Field("note", "note", "", "for people"),
            ],
            cli=line,
            problem=problem,
            lines=("Nothing is exchanged with it before it is trusted.",),
            yes="add",
        )
    )
    if values is not None:
        route = await app.feed.flow.parties.add(values["party"], values["url"], values["note"])
        app.tell(f"{route.party} is at {route.url}; t trusts it", cli=line(values))
        await reread(app, "party", route.party)


async def trust(app: DashApp, selection: Selection) -> None:
    """Pins the very key whose fingerprint was confirmed."""
    from fateflow_tui.tui.screens.dialog import Question

    row: PartyRow = selection.of("party")[0]
    cli = ACTIONS["party.trust"].cli(selection)
    shown = await app.feed.flow.parties.identity(row.party)
    lines = [f"its site at {shown.url} shows the key", "", f"  {shown.fingerprint}", ""]
    if row.trusted and row.fingerprint == shown.fingerprint:
        lines.append("which is the one that is trusted already")
    elif row.trusted:
        lines += ["OTHER than the trusted one", "", f"  {row.fingerprint}"]
    lines.append("Compare it with what that site's owner says.")
    if await app.ask(Question(f"Trust {row.party}?", tuple(lines), cli, "trust", dangerous=True)):
        route = await app.feed.flow.parties.trust(row.party, shown.public_key or "")
        app.tell(f"{route.party} is trusted as {route.fingerprint}", cli=cli)
        await reread(app, "party")


async def grant(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.dialog import Field, FormDialog

    row = _row(selection)
    values = await app.push_screen_wait(
        FormDialog(
            "Grant a party of another site",
            [
                Field("party", "party", row.party if row and not row.here else "", "guest:9999, 9999, guest:*, or *"),
                *(Field(name, _LABELS[name], "", _EXAMPLES[name]) for name in _LISTS),
            ],
            cli=lambda values: _line("grant", values),
            problem=_nothing_said,
            lines=("It may use what is listed and, of these kinds, nothing else.",),
            yes="grant",
        )
    )
    if values is not None:
        await app.feed.flow.permissions.grant(values["party"], **_wanted(values))
        app.tell(f"granted to {values['party']}", cli=_line("grant", values))
        await reread(app, "party")


async def revoke(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.dialog import Field, FormDialog

    row: PartyRow = selection.of("party")[0]
    granted = [] if row.grant is None else [n for n in _LISTS if getattr(row.grant, n)]
    values = await app.push_screen_wait(
        FormDialog(
            f"Take back from {row.party}?",
            [
                *(Field(name, _LABELS[name], "", ",".join(getattr(row.grant, name))) for name in granted),
                Field("forget", "", not granted, "forget all that was granted or restricted"),
            ],
            cli=lambda values: _line("revoke", {"party": row.party, **values}),
            problem=lambda values: "" if values["forget"] else _nothing_said({"party": row.party, **values}),
            lines=("A list that becomes empty allows nothing.",),
            yes="take back",
            dangerous=True,
        )
    )
    if values is None:
        return
    if values["forget"]:
        await app.feed.flow.permissions.forget(row.party)
    else:
        await app.feed.flow.permissions.revoke(row.party, **_wanted(values))
    app.tell(f"taken back from {row.party}", cli=_line("revoke", {"party": row.party, **values}))
    await reread(app, "party")


async def remove(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.dialog import Question

    row: PartyRow = selection.of("party")[0]
    cli = ACTIONS["party.remove"].cli(selection)
    lines = (f"forgets its address {row.url}", "and its key" if row.trusted else "it is not trusted")
    if await app.ask(Question(f"Remove {row.party}?", lines, cli, "remove", dangerous=True)):
        await app.feed.flow.parties.remove(row.party)
        app.tell(f"removed {row.party}", cli=cli)
        await reread(app, "party")


async def copy(app: DashApp, selection: Selection) -> None:
    row: PartyRow = selection.of("party")[0]
    app.copy_to_clipboard(" ".join(filter(None, [row.party, row.url, row.fingerprint])))
    app.tell(f"copied {row.party}")


def _row(selection: Selection) -> PartyRow | None:
    rows = selection.of("party")
    return rows[0] if rows else None


def _wanted(values: Values) -> dict[str, Any]:
    return {f"{name}s": [w.strip() for w in values.get(name, "").split(",") if w.strip()] for name in _LISTS}


def _line(verb: str, values: Values) -> str:
    party = values["party"] or "PARTY"
    if values.get("forget"):
        return f"fateflow party {verb} {party} --forget"
    given = [f"--{name} {values[name].replace(' ', '')}" for name in _LISTS if values.get(name)]
    return " ".join([f"fateflow party {verb} {party}", *given])


def _nothing_said(values: Values) -> str:
    if not values["party"]:
        return "a party is like guest:9999, 9999 for any role, guest:*, or *"
    return "" if any(values.get(name) for name in _LISTS) else "say at least one of roles, commands, modules, tables"


DEEDS = {
    "party.add": add,
    "party.trust": trust,
    "party.grant": grant,
    "party.revoke": revoke,
    "party.remove": remove,
    "party.copy": copy,
}
