"""Which parties a line of configuration means: ``guest:10000`` one party, ``10000`` every role of that party id."""

from __future__ import annotations

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import OWN_PARTY_ID, ROLES, Party


def checked_pattern(text: str) -> str:
    """`text` when it is a party id or ``role:id`` with one of FATE's roles; raises BadRequest otherwise."""
    role, colon, party_id = text.partition(":")
    if not colon:
        role, party_id = "", text
    if (colon and role not in ROLES) or not (party_id.isascii() and party_id.isdecimal()) or party_id == OWN_PARTY_ID:
        raise BadRequest(
            f"{text!r} names no party",
            hint=f"write a party id such as 10000, or role:id such as guest:10000 (roles: {', '.join(ROLES)})",
        )
    return text


def covers(pattern: str, party: Party) -> bool:
    return pattern in patterns_for(party)


def patterns_for(party: Party) -> tuple[str, str]:
    """The patterns that cover a party, the more specific first."""
    return str(party), party.party_id


def party_of(pattern: str) -> Party:
    """A party that the pattern covers; of a bare id, its guest."""
    return Party.parse(pattern) if ":" in pattern else Party(ROLES[0], pattern)
