"""The table of other parties' sites."""

from __future__ import annotations

import pytest

from fateflow_tui.core.errors import BadRequest, Conflict, NotFound
from fateflow_tui.core.ids import Party
from fateflow_tui.runtime.peers.keys import SiteKey
from fateflow_tui.runtime.peers.routes import Identity, PeerRoute, RouteTable
from fateflow_tui.store.memory import MemoryCollection

KEY = SiteKey.generate().public


@pytest.fixture
def routes() -> RouteTable:
    return RouteTable(MemoryCollection("parties"))


def test_the_more_specific_pattern_counts(routes: RouteTable) -> None:
    routes.add("10000", "http://any:1/")
    routes.add("guest:10000", "http://guest:1")
    assert routes.find(Party("guest", "10000")) == PeerRoute("guest:10000", "http://guest:1")
    assert routes.find(Party("host", "10000")) == PeerRoute("10000", "http://any:1")
    assert routes.find(Party("host", "1000")) is None
    assert [route.party for route in routes.list()] == ["10000", "guest:10000"]


def test_a_party_that_moves_keeps_its_key_and_note(routes: RouteTable) -> None:
    routes.add("10000", "http://old:1", KEY, note="bank b")
    assert routes.add("10000", "http://new:1") == PeerRoute("10000", "http://new:1", KEY, "bank b")


def test_trust_pins_the_key_of_a_site_that_plays_the_party(routes: RouteTable) -> None:
    routes.add("guest:10000", "http://b:1")

    def identity(*parties: str) -> Identity:
        return Identity("site-b", list(parties), KEY, "0.1.0", 0)

    with pytest.raises(Conflict, match=r"guest:10000.*host:10000"):
        routes.trust("guest:10000", identity("host:10000"))
    with pytest.raises(Conflict, match="it is standalone"):
        routes.trust("guest:10000", identity())
    assert routes.trust("guest:10000", identity("9999", "10000")).public_key == KEY
    with pytest.raises(NotFound, match="host:1"):
        routes.trust("host:1", identity("1"))


def test_a_party_id_is_distinguished_from_its_roles(routes: RouteTable) -> None:
    routes.add("10000", "http://b:1")
    with pytest.raises(Conflict, match=r"10000.*host:10000") as refused:
        routes.trust("10000", Identity("site-b", ["host:10000"], KEY, "0.1.0", 0))
    assert "fateflow party add host:10000 http://b:1" in refused.value.hint
    with pytest.raises(NotFound, match=r"host:10000.* 10000") as missing:
        routes.require("host:10000")
    assert missing.value.hint == "name 10000 instead"
    assert routes.party("10000") == Party("guest", "10000")
    assert routes.party("arbiter:10000") == Party("arbiter", "10000")
    routes.remove("10000")
    routes.add("host:10000", "http://b:1")
    assert routes.party("10000") == Party("host", "10000")
    with pytest.raises(NotFound, match=r"10000.*host:10000"):
        routes.require("10000")
    with pytest.raises(BadRequest):
        routes.party("king:1")


def test_removing_and_mistakes(routes: RouteTable) -> None:
    routes.add("10000", "https://b.example/fate/")
    routes.remove("10000")
    assert routes.list() == []
    with pytest.raises(NotFound):
        routes.remove("10000")
    for url in ("b:1", "ftp://b", "http://", "http://b?x", "http://user@b", "http://b:x", "http://[b"):
        with pytest.raises(BadRequest):
            routes.add("10000", url)
    for party in ("", "guest", "guest:", "king:1", "0", "guest:1 "):
        with pytest.raises(BadRequest):
            routes.add(party, "http://b:1")
    routes.add("10000", "http://b:1")
    with pytest.raises(BadRequest):
        routes.pin("10000", "ed25519:x")
