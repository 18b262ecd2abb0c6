"""Actions on parties and on the trace of messages; pure."""

from __future__ import annotations

from fateflow_tui.tui.action import Action, Selection, offline

PARTIES = ("parties",)


def party(selection: Selection) -> str:
    rows = selection.of("party")
    return rows[0].party if rows else "PARTY"


def _no_party(selection: Selection) -> str:
    rows = selection.of("party")
    if not rows:
        return "there is no party to do it with"
    return offline(selection) or (f"{rows[0].party} is played by this site" if rows[0].here else "")


def _no_peer(selection: Selection) -> str:
    """Grants may be of patterns, for which no site is known."""
    reason = _no_party(selection)
    if not reason and not selection.of("party")[0].url:
        reason = f"{party(selection)} has no address; a adds one"
    return reason


def _not_one_peer(selection: Selection) -> str:
    reason = _no_peer(selection)
    if not reason and selection.of("party")[0].is_pattern:
        reason = f"{party(selection)} stands for several parties; ask one, as host:10000"
    return reason


ACTIONS = (
    Action(
        id="party.ping",
        key="p",
        label="ping",
        tooltip="Ask this party's site now whether it is there",
        screens=PARTIES,
        cli=lambda s: f"fateflow party ping {party(s)}",
        why_not=_not_one_peer,
        footer=1,
    ),
    Action(
        id="party.add",
        key="a",
        label="add",
        tooltip="Add a party, or give it another address",
        screens=PARTIES,
        cli=lambda s: "fateflow party add PARTY URL",
        why_not=offline,
        footer=2,
    ),
    Action(
        id="party.trust",
        key="t",
        label="trust",
        tooltip="Pin the key that this party's site shows; its fingerprint is shown first",
        screens=PARTIES,
        cli=lambda s: f"fateflow party trust {party(s)}",
        why_not=_no_peer,
        footer=3,
    ),
    Action(
        id="party.grant",
        key="m",
        label="grant",
        tooltip="Allow a party of another site roles, commands, modules, tables, and nothing else",
        screens=PARTIES,
        cli=lambda s: f"fateflow party grant {party(s)}",
        why_not=offline,
        footer=4,
    ),
    Action(
        id="party.revoke",
        key="M",
        label="revoke",
        tooltip="Take back what was granted to a party, or forget all that was said of it",
        screens=PARTIES,
        cli=lambda s: f"fateflow party revoke {party(s)}",
        why_not=_no_party,
        footer=5,
    ),
    Action(
        id="party.remove",
        key="D",
        label="remove",
        tooltip="Forget a party's address and key",
        screens=PARTIES,
        cli=lambda s: f"fateflow party remove {party(s)}",
        why_not=_no_peer,
    ),
    Action(
        id="party.copy",
        key="y",
        label="copy party",
        tooltip="Copy the party, its address and its fingerprint",
        screens=PARTIES,
        why_not=lambda s: "" if s.of("party") else "there is no party to do it with",
    ),
    Action(
        id="trace.pause",
        key="space",
        label="pause trace",
        tooltip="Let the trace of messages stand still, or go on",
        screens=PARTIES,
        footer=6,
    ),
    Action(
        id="trace.job",
        key="f",
        label="trace job",
        tooltip="Show only messages of the job that the newest one shown belongs to, then of the next, then all",
        screens=PARTIES,
        footer=7,
    ),
)
