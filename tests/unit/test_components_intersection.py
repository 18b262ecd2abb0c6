"""Intersection: every method finds the same rows and reveals no other ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fateflow_tui.components.intersection import ecdh, exchange
from fateflow_tui.components.intersection.exchange import encoded, full_domain
from fateflow_tui.core.errors import ComponentFailed, NotBuilt
from fateflow_tui.core.ids import Party
from fateflow_tui.worker.testing import Given, MemoryExchange, Result, run_module
from tests.unit.component_tables import GUEST, HOST, SECOND_HOST, raw, raw_file

METHODS: list[dict[str, Any]] = [
    {"intersect_method": "raw"},
    {"intersect_method": "raw", "join_role": "host"},
    {
        "intersect_method": "raw",
        "with_encode": True,
        "encode_params": {"encode_method": "sm3", "salt": "12345", "base64": True},
    },
    {"intersect_method": "rsa"},
    {"intersect_method": "rsa", "rsa_params": {"final_hash_method": "md5", "hash_method": "sha512", "salt": "s"}},
    {"intersect_method": "ecdh"},
]


def numbered(ids: list[str], column: str, **facts: Any) -> Given:
    return Given(pl.DataFrame({"id": ids, column: [float(len(one)) for one in ids]}), **facts)


def intersect(parties: dict[Party, Given], **parameters: Any) -> dict[Party, Result]:
    return run_module(
        "Intersection",
        {party: {"parameters": parameters, "tables": {"data": [table]}} for party, table in parties.items()},
    )


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_both_parties_get_the_same_rows_in_the_same_order(method: dict[str, Any]) -> None:
    guest = numbered(["g1", "both10", "both2", "é", "g2"], "x")
    host = numbered(["é", "h1", "both2", "both10"], "z")
    results = intersect({GUEST: guest, HOST: host}, **method)
    assert results[GUEST].tables["0"]["id"].to_list() == ["é", "both2", "both10"]
    assert results[HOST].tables["0"]["id"].to_list() == ["é", "both2", "both10"]
    assert results[GUEST].tables["0"].columns == ["id", "x"]
    assert results[HOST].tables["0"].columns == ["id", "z"]
    assert results[GUEST].summary == {"intersect_num": 3, "intersect_rate": 0.6}
    assert results[HOST].summary == {"intersect_num": 3, "intersect_rate": 0.75}
    series = results[GUEST].metrics["train"]["intersection"]
    assert series["data"] == [["intersect_count", 3], ["intersect_rate", 0.6]]
    assert series["meta"] == {"metric_type": "INTERSECTION", "name": "intersection"}


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_with_several_hosts_an_id_must_be_everywhere(method: dict[str, Any]) -> None:
    tables = {
        GUEST: numbered(["a", "b", "c", "d"], "x"),
        HOST: numbered(["d", "b", "a"], "z"),
        SECOND_HOST: numbered(["e", "d", "a"], "w"),
    }
    results = intersect(tables, **method)
    assert [result.tables["0"]["id"].to_list() for result in results.values()] == [["a", "d"]] * 3


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_nothing_in_common_is_an_empty_table(method: dict[str, Any]) -> None:
    results = intersect({GUEST: numbered(["a"], "x"), HOST: numbered(["b"], "z")}, **method)
    assert results[GUEST].tables["0"].height == results[HOST].tables["0"].height == 0
    assert results[GUEST].summary == {"intersect_num": 0, "intersect_rate": 0.0}


@pytest.mark.parametrize("method", ["raw", "rsa", "ecdh"])
def test_the_host_gets_the_intersection_only_with_sync(method: str) -> None:
    tables = {GUEST: numbered(["a", "b"], "x"), HOST: numbered(["b"], "z")}
    results = intersect(tables, intersect_method=method, sync_intersect_ids=False)
    assert results[GUEST].tables["0"]["id"].to_list() == ["b"]
    assert results[HOST].tables == {}
    assert results[HOST].summary is None


def test_only_output_key_outputs_ids() -> None:
    tables = {GUEST: numbered(["a", "b"], "x"), HOST: numbered(["b"], "z")}
    results = intersect(tables, only_output_key=True)
    assert results[GUEST].tables["0"].rows() == [("b",)]
    assert results[HOST].metas["0"].header == []


def test_the_output_keeps_the_facts_of_its_table() -> None:
    labelled = Given(pl.DataFrame({"id": ["a", "b"], "y": [0, 1], "x": [0.5, 0.25]}), label="y", partitions=7)
    uploaded = raw({"id": ["b"], "z": ["word"]})
    results = intersect({GUEST: labelled, HOST: uploaded})
    assert results[GUEST].metas["0"].label == "y"
    assert results[GUEST].metas["0"].partitions == 7
    assert results[HOST].metas["0"].kind == "raw"
    assert results[HOST].tables["0"].rows() == [("b", "word")]


@pytest.mark.parametrize("method", ["raw", "rsa", "ecdh"])
def test_repeated_ids_spread_over_the_guests_rows(method: str, shared: Path) -> None:
    data = shared / "fate/data"
    read = run_module(
        "DataIO",
        {
            GUEST: {
                "parameters": {"with_label": False, "exclusive_data_type": {"id": "str"}},
                "tables": {"data": [raw_file(data / "breast_hetero_guest_repeated_id.csv")]},
            },
            HOST: {"tables": {"data": [raw_file(data / "breast_hetero_host.csv")]}},
        },
    )
    guest, host = (read[party].tables["0"] for party in (GUEST, HOST))
    some = host.head(20)
    results = intersect({GUEST: Given(guest), HOST: Given(some)}, intersect_method=method, repeated_id_process=True)
    ours, theirs = results[GUEST].tables["0"], results[HOST].tables["0"]
    expected = guest.filter(pl.col("id").is_in(some["id"].to_list()))
    assert ours.height == expected.height > some.height
    assert ours["mock_id"].to_list() == theirs["id"].to_list()
    assert "id" not in ours.columns
    values = dict(zip(some["id"], some["x0"], strict=True))
    real = dict(zip(expected["mock_id"], expected["id"], strict=True))
    assert theirs["x0"].to_list() == [values[real[row]] for row in ours["mock_id"]]


def test_whole_numbers_can_be_repeated_ids() -> None:
    guest = Given(pl.DataFrame({"sid": ["r0", "r1", "r2"], "id": [7.0, 7.0, 8.0], "x": [1.0, 2.0, 3.0]}))
    results = intersect({GUEST: guest, HOST: numbered(["7"], "z")}, repeated_id_process=True)
    assert results[GUEST].tables["0"].rows() == [("r0", 1.0), ("r1", 2.0)]
    assert results[HOST].tables["0"]["id"].to_list() == ["r0", "r1"]


class _Wire:
    """Everything that is sent, as bytes, by sender and variable."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[tuple[str, str, bytes]] = []
        original = MemoryExchange.send
        wire = self

        def send(self: MemoryExchange, to: list[Party], name: str, tag: str, payload: Any) -> None:
            wire.sent.append((self._party.role, name, bytes(payload.joined())))
            original(self, to, name, tag, payload)

        monkeypatch.setattr(MemoryExchange, "send", send)


@pytest.mark.parametrize("method", ["rsa", "ecdh"])
def test_no_id_and_no_hash_of_an_id_crosses(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = _Wire(monkeypatch)
    guest = numbered(["guest-only-id", "shared-identity"], "x")
    host = numbered(["host-only-id", "shared-identity"], "z")
    intersect({GUEST: guest, HOST: host}, intersect_method=method)
    everything = b"".join(payload for _, _, payload in wire.sent)
    assert wire.sent
    for one in ("guest-only-id", "host-only-id", "shared-identity"):
        assert one.encode() not in everything
        assert bytes.fromhex(encoded([one], "sha256", "", False)[0]) not in everything
        assert encoded([one], "sha256", "", False)[0].encode() not in everything


def test_with_raw_the_joining_role_sees_ids_and_the_other_only_the_intersection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wire = _Wire(monkeypatch)
    guest = numbered(["guest-only-id", "shared-identity"], "x")
    host = numbered(["host-only-id", "shared-identity"], "z")
    intersect({GUEST: guest, HOST: host})
    from_guest = b"".join(payload for role, _, payload in wire.sent if role == "guest")
    assert b"shared-identity" in from_guest
    assert b"guest-only-id" not in from_guest


@pytest.mark.parametrize("method", ["rsa", "ecdh"])
def test_two_runs_send_different_values(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = _Wire(monkeypatch)
    for _ in range(2):
        intersect({GUEST: numbered(["a", "b"], "x"), HOST: numbered(["b"], "z")}, intersect_method=method)
    blinded = [payload for role, name, payload in wire.sent if role == "guest" and "positions" not in name]
    assert len(blinded) == len(set(blinded)) == 2


def test_encodings_are_the_known_hashes() -> None:
    assert encoded(["a"], "md5", "bc", False) == ["900150983cd24fb0d6963f7d28e17f72"]
    assert encoded(["abc"], "sm3", "", False) == ["66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"]
    assert encoded(["abc"], "md5", "", True) == ["kAFQmDzST7DWlj99KOF/cg=="]
    assert encoded(["abc"], "none", "salt", True) == ["abc"]


def test_hashes_cover_the_whole_range_below_the_modulus() -> None:
    modulus = (1 << 1023) + 9
    values = [full_domain(str(n), "sha256", "", modulus) for n in range(50)]
    assert all(0 <= value < modulus for value in values)
    assert max(value.bit_length() for value in values) > 1015
    assert full_domain("1", "sha256", "salt", modulus) != full_domain("1", "sha256", "", modulus)


@pytest.mark.parametrize(
    "check",
    [
        lambda: exchange.texts([1], "ids", HOST),
        lambda: exchange.numbers([5], "ids", HOST, 5, 1),
        lambda: exchange.numbers([1], "ids", HOST, 5, 2),
        lambda: exchange.pieces(b"12345", "ids", HOST, 2),
        lambda: exchange.pieces(b"1234", "ids", HOST, 2, 3),
        lambda: exchange.pieces("text", "ids", HOST, 2),
        lambda: exchange.positions([3], "ids", HOST, 3),
        lambda: ecdh._blind(ecdh._factor(), [bytes(32)], HOST),
    ],
)
def test_values_that_no_honest_party_sends_are_refused(check: Any) -> None:
    with pytest.raises(ComponentFailed, match="host:10000"):
        check()


def test_unsupported_options_are_rejected() -> None:
    with pytest.raises(NotBuilt, match="allow_info_share"):
        intersect({GUEST: numbered(["a"], "x"), HOST: numbered(["a"], "z")}, allow_info_share=True)
