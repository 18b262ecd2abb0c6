"""Actions on parties: adding, trusting, granting, revoking and removing."""

from __future__ import annotations

from typing import Any

from fateflow_tui.tui.actions import Selection, action, offline
from fateflow_tui.tui.queries import PartyRow
from fateflow_tui.tui.screens.dialog import FormDialog, FormField, Question, Values
from fateflow_tui.tui.screens.table_screen import TableScreen

_LISTS = ("role", "command", "component", "dataset")
_LABELS = {"role": "roles", "command": "commands", "component": "modules", "dataset": "tables"}
_EXAMPLES = {
    "role": "host",
    "command": "create,run",
    "component": "HeteroLR,Reader, or all",
    "dataset": "demo.breast_host, ns/*, or all",
}


def party(selection: Selection) -> str:
    rows = selection.of("party")
    return rows[0].party if rows else "PARTY"


def _no_party(selection: Selection) -> str:
    rows = selection.of("party")
    if not rows:
        return "no party selected"
    return offline(selection) or (f"{rows[0].party} is played by this site" if rows[0].here else "")


def _no_peer(selection: Selection) -> str:
    """Why there is no site to contact. Grants can be for patterns, which have no address."""
    reason = _no_party(selection)
    if not reason and not selection.of("party")[0].url:
        reason = f"{party(selection)} has no address; press a to add one"
    return reason


def not_one_peer(selection: Selection) -> str:
    reason = _no_peer(selection)
    if not reason and selection.of("party")[0].is_pattern:
        reason = f"{party(selection)} is a pattern for several parties; choose one, such as host:10000"
    return reason


class PartyActions(TableScreen[PartyRow]):
    """The actions on parties; the subclass shows them."""

    @action(
        "party.add",
        key="a",
        label="add",
        tooltip="Add a party, or change its address",
        command="fateflow party add PARTY URL",
        disabled_reason=offline,
        footer=2,
    )
    async def party_add(self, selection: Selection) -> None:
        row = _row(selection)
        known = row is not None and bool(row.url) and not row.here

        def line(values: Values) -> str:
            note = f' --note "{values["note"]}"' if values["note"] else ""
            return f"fateflow party add {values['party'] or 'PARTY'} {values['url'] or 'URL'}{note}"

        def problem(values: Values) -> str:
            if not values["party"]:
                return "enter a party such as host:10000, or 10000 for any role"
            return (
                ""
                if values["url"].startswith(("http://", "https://"))
                else "enter an address such as http://10.0.0.7:9380"
            )

        values = await self.dash.push_screen_wait(
            FormDialog(
                "Add a party",
                [
                    FormField("party", "party", "", "host:10000, or 10000 for any role"),
                    FormField("url", "address", "", row.url if known and row else "http://10.0.0.7:9380"),
                    FormField("note", "note", "", "optional"),
                ],
                cli=line,
                problem=problem,
                lines=("Jobs can use this party once it is trusted.",),
                yes="add",
            )
        )
        if values is not None:
            route = await self.client.parties.add(values["party"], values["url"], values["note"])
            text = f"added {route.party} at {route.url}; press t to trust it"
            await self.done(text, cli=line(values), cursor=route.party)

    @action(
        "party.trust",
        key="t",
        label="trust",
        tooltip="Trust the key of this party's site, after checking its fingerprint",
        command=lambda s: f"fateflow party trust {party(s)}",
        disabled_reason=_no_peer,
        footer=3,
    )
    async def party_trust(self, selection: Selection) -> None:
        """Pin exactly the key whose fingerprint was confirmed."""
        row = self.chosen(selection)
        cli = self.command_line("party.trust", selection)
        shown = await self.client.parties.identity(row.party)
        lines = [f"its site at {shown.url} presents the key", "", f"  {shown.fingerprint}", ""]
        if row.trusted and row.fingerprint == shown.fingerprint:
            lines.append("This key is trusted already.")
        elif row.trusted:
            lines += ["This DIFFERS from the trusted key:", "", f"  {row.fingerprint}"]
        lines.append("Compare the fingerprint with the one that the site's owner gives you.")
        if await self.dash.confirm(Question(f"Trust {row.party}?", tuple(lines), cli, "trust", dangerous=True)):
            route = await self.client.parties.trust(row.party, shown.public_key or "")
            await self.done(f"trusted {route.party} with key {route.fingerprint}", cli=cli)

    @action(
        "party.grant",
        key="m",
        label="grant",
        tooltip="Restrict what a party of another site may use: roles, commands, modules, tables",
        command=lambda s: f"fateflow party grant {party(s)}",
        disabled_reason=offline,
        footer=4,
    )
    async def party_grant(self, selection: Selection) -> None:
        row = _row(selection)
        values = await self.dash.push_screen_wait(
            FormDialog(
                "Grant permissions to a party",
                [
                    FormField(
                        "party", "party", row.party if row and not row.here else "", "guest:9999, 9999, guest:*, or *"
                    ),
                    *(FormField(name, _LABELS[name], "", _EXAMPLES[name]) for name in _LISTS),
                ],
                cli=lambda values: _line("grant", values),
                problem=_missing_input,
                lines=("The party may use only what is listed; kinds left empty do not change.",),
                yes="grant",
            )
        )
        if values is not None:
            await self.client.permissions.grant(values["party"], **_lists_of(values))
            await self.done(f"granted to {values['party']}", cli=_line("grant", values))

    @action(
        "party.revoke",
        key="M",
        label="revoke",
        tooltip="Revoke grants of a party, or remove all of them",
        command=lambda s: f"fateflow party revoke {party(s)}",
        disabled_reason=_no_party,
        footer=5,
    )
    async def party_revoke(self, selection: Selection) -> None:
        row = self.chosen(selection)
        granted = [] if row.grant is None else [n for n in _LISTS if getattr(row.grant, n)]
        values = await self.dash.push_screen_wait(
            FormDialog(
                f"Revoke from {row.party}?",
                [
                    *(FormField(name, _LABELS[name], "", ",".join(getattr(row.grant, name))) for name in granted),
                    FormField("forget", "", not granted, "remove all grants and restrictions"),
                ],
                cli=lambda values: _line("revoke", {"party": row.party, **values}),
                problem=lambda values: "" if values["forget"] else _missing_input({"party": row.party, **values}),
                lines=("An empty list allows nothing.",),
                yes="revoke",
                dangerous=True,
            )
        )
        if values is None:
            return
        if values["forget"]:
            await self.client.permissions.forget(row.party)
        else:
            await self.client.permissions.revoke(row.party, **_lists_of(values))
        await self.done(f"revoked from {row.party}", cli=_line("revoke", {"party": row.party, **values}))

    @action(
        "party.remove",
        key="D",
        label="remove",
        tooltip="Remove a party's address and key",
        command=lambda s: f"fateflow party remove {party(s)}",
        disabled_reason=_no_peer,
    )
    async def party_remove(self, selection: Selection) -> None:
        row = self.chosen(selection)
        cli = self.command_line("party.remove", selection)
        lines = (f"removes its address {row.url}", "and its trusted key" if row.trusted else "it is not trusted")
        if await self.dash.confirm(Question(f"Remove {row.party}?", lines, cli, "remove", dangerous=True)):
            await self.client.parties.remove(row.party)
            await self.done(f"removed {row.party}", cli=cli)

    @action(
        "party.copy",
        key="y",
        label="copy party",
        tooltip="Copy the party, its address and its fingerprint",
        disabled_reason=lambda s: "" if s.of("party") else "no party selected",
    )
    async def party_copy(self, selection: Selection) -> None:
        row = self.chosen(selection)
        self.dash.copy_to_clipboard(" ".join(filter(None, [row.party, row.url, row.fingerprint])))
        self.dash.toast(f"copied {row.party}")


def _row(selection: Selection) -> PartyRow | None:
    rows = selection.of("party")
    return rows[0] if rows else None


def _lists_of(values: Values) -> dict[str, Any]:
    return {f"{name}s": [w.strip() for w in values.get(name, "").split(",") if w.strip()] for name in _LISTS}


def _line(verb: str, values: Values) -> str:
    party = values["party"] or "PARTY"
    if values.get("forget"):
        return f"fateflow party {verb} {party} --forget"
    given = [f"--{name} {values[name].replace(' ', '')}" for name in _LISTS if values.get(name)]
    return " ".join([f"fateflow party {verb} {party}", *given])


def _missing_input(values: Values) -> str:
    if not values["party"]:
        return "enter a party such as guest:9999, 9999 for any role, guest:*, or *"
    return "" if any(values.get(name) for name in _LISTS) else "enter at least one of roles, commands, modules, tables"
