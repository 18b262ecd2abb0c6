"""Parties: where their sites are, and which key each is known by."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fateflow_tui.sdk.operations.call import Call, as_, given, list_of, nothing
from fateflow_tui.sdk.types import PartyRoute, PeerState


def listed() -> Call[list[PartyRoute]]:
    """The parties that the site knows."""
    return Call("/v1/party/list", {}, list_of(PartyRoute))


def add(party: str, url: str, note: str = "", key: str = "") -> Call[PartyRoute]:
    """Adds or moves a party: `guest:10000`, or `10000` for any role. key: its public key, if it is known already."""
    return Call("/v1/party/add", given({"party": party, "url": url, "note": note, "key": key}), as_(PartyRoute))


def identity(party: str) -> Call[PartyRoute]:
    """The key that a party's site shows now, with its fingerprint; it is not pinned by that. trusted: some key is.

    Raises Conflict when that site does not play the party.
    """
    return Call("/v1/party/identity", {"party": party}, as_(PartyRoute), patience=10)


def trust(party: str, key: str = "") -> Call[PartyRoute]:
    """Pins a party's public key: `key`, or the one that its site shows now, whose fingerprint is then to be compared
    with what that site's owner says.
    """
    return Call("/v1/party/trust", given({"party": party, "key": key}), as_(PartyRoute))


def remove(party: str) -> Call[None]:
    """Forgets a party's address and key."""
    return Call("/v1/party/remove", {"party": party}, nothing)


def keys(party_id: str) -> Call[dict[str, dict[str, str]]]:
    """The keys by which a party id is known, of this site or pinned: party -> {algorithm, public_key, fingerprint}."""
    return Call("/v1/key/query", {"party_id": party_id}, as_(dict[str, dict[str, str]]))


def info(party_id: str) -> Call[dict[str, Any]]:
    """Version and place of a party's site, which is asked now: {version, party_id, host, http_port}."""
    return Call(f"/v1/info/party/{quote(party_id, safe='')}", {}, as_(dict[str, Any]), patience=10)


def ping(party: str) -> Call[PeerState]:
    """Asks a party's site whether it is there."""
    return Call("/v1/party/ping", {"party": party}, as_(PeerState), patience=10)
