"""What peers may run: lists that open, restrict and empty again, patterns of parties, and the refusal that helps."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.components.catalog import load_catalog
from fateflow_tui.core.errors import BadRequest, Conflict, NotFound
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Refusal
from fateflow_tui.core.plan import JobOptions, PartyDocument, Resources, TaskPlan
from fateflow_tui.registry import Registry
from fateflow_tui.runtime.jobs.admission import Admission
from fateflow_tui.runtime.peers.grants import (
    Grants,
    PeerPermissions,
    Permits,
    checked_lists,
    checked_source,
    not_granted,
    shown_dataset,
)
from fateflow_tui.store.audit import AuditTrail
from fateflow_tui.store.memory import MemoryCollection

GUEST, HOST = Party("guest", "9999"), Party("host", "10000")
MODULES = ("Reader", "Intersection", "HeteroLR")
NEEDS = {"role": ["host"], "command": ["create", "run"], "component": ["reader", "heterolr"], "dataset": ["ns/t"]}


@pytest.fixture
def grants() -> Grants:
    return Grants(MemoryCollection("grants"))


def _give(grants: Grants, party: str, **lists: str) -> None:
    grants.add(party, checked_lists({kind: text.split(",") for kind, text in lists.items()}, MODULES))


def test_a_peer_that_was_granted_nothing_may_do_everything(grants: Grants) -> None:
    assert grants.lacks(GUEST, NEEDS) == {}


def test_a_first_grant_restricts_its_kind_and_no_other(grants: Grants) -> None:
    _give(grants, "guest:9999", component="Reader")
    assert grants.lacks(GUEST, NEEDS) == {"component": ["heterolr"]}
    _give(grants, "guest:9999", component="HeteroLR")
    assert grants.lacks(GUEST, NEEDS) == {}
    assert grants.lacks(Party("guest", "8888"), NEEDS) == {}


@pytest.mark.parametrize("pattern", ["guest:9999", "9999", "guest:*", "*"])
def test_a_pattern_covers_its_parties(grants: Grants, pattern: str) -> None:
    _give(grants, pattern, role="guest")
    assert grants.lacks(GUEST, NEEDS) == {"role": ["host"]}


@pytest.mark.parametrize("pattern", ["host:9999", "9998", "host:*", "arbiter:9999"])
def test_a_pattern_matches_no_other_party(grants: Grants, pattern: str) -> None:
    _give(grants, pattern, role="guest")
    assert grants.lacks(GUEST, NEEDS) == {}


def test_what_several_patterns_grant_adds_up(grants: Grants) -> None:
    _give(grants, "*", component="Reader", dataset="ns.other")
    _give(grants, "guest:9999", component="HeteroLR", dataset="ns.*")
    assert grants.lacks(GUEST, NEEDS) == {}
    assert grants.lacks(HOST, NEEDS) == {"component": ["heterolr"], "dataset": ["ns/t"]}


def test_required_grants_deny_everything_else() -> None:
    grants = Grants(MemoryCollection("grants"), required=True)
    assert grants.lacks(GUEST, NEEDS) == NEEDS
    _give(grants, "*", role="all", command="all", component="all", dataset="all")
    assert grants.lacks(GUEST, NEEDS) == {}


def test_a_list_that_is_emptied_allows_nothing_until_it_is_forgotten(grants: Grants) -> None:
    _give(grants, "guest:9999", component="Reader,HeteroLR")
    grants.revoke("guest:9999", {"component": ["heterolr"]})
    assert grants.lacks(GUEST, NEEDS) == {"component": ["heterolr"]}
    grants.revoke("guest:9999", {"component": ["*"]})
    assert grants.lacks(GUEST, NEEDS) == {"component": ["reader", "heterolr"]}
    grants.forget("guest:9999")
    assert grants.lacks(GUEST, NEEDS) == {}
    assert grants.all() == []


def test_only_what_was_granted_can_be_taken_back(grants: Grants) -> None:
    with pytest.raises(NotFound, match="guest:9999"):
        grants.revoke("guest:9999", {"component": ["reader"]})
    with pytest.raises(NotFound):
        grants.forget("guest:9999")
    _give(grants, "guest:9999", component="all")
    with pytest.raises(Conflict, match="has a grant for every component"):
        grants.revoke("guest:9999", {"component": ["reader"]})
    with pytest.raises(Conflict, match="ns/t"):
        grants.revoke("guest:9999", {"dataset": ["ns/t"]})
    with pytest.raises(Conflict, match="was not granted"):
        grants.revoke("guest:9999", {"dataset": ["*"]})


@pytest.mark.parametrize("text", ["", "guest", "king:1", "guest:", ":1", "0", "guest:0", "-1", "1\n", "٣", "guest:1:2"])
def test_what_is_no_party_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        checked_source(text)


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ({"component": ["HeteroLRR"]}, "there is no component 'heterolrr'"),
        ({"role": ["king"]}, "there is no role 'king'"),
        ({"command": ["fly"]}, "there is no command 'fly'"),
        ({"dataset": ["table"]}, "invalid table 'table'"),
        ({"dataset": ["a.b.c"]}, "invalid table 'a.b.c'"),
        ({"dataset": ["a/b/c"]}, "invalid table 'a/b/c'"),
        ({"dataset": ["/b"]}, "invalid table"),
    ],
)
def test_unknown_values_are_refused(lists: dict[str, list[str]], message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        checked_lists(lists, MODULES)


def test_tables_with_dots_in_their_names_are_distinguished() -> None:
    lists = checked_lists({"dataset": ["a.b", "a.b/c", "a/b.c", "a/*"]}, MODULES)
    assert lists == {"dataset": ["a/b", "a.b/c", "a/b.c", "a/*"]}
    assert [shown_dataset(text) for text in lists["dataset"]] == ["a.b", "a.b/c", "a/b.c", "a.*"]


@pytest.mark.parametrize("table", ["ns/t", "a.b/c d", "it's/$x"])
def test_the_refusal_has_the_command_that_helps(grants: Grants, table: str) -> None:
    _give(grants, "guest:9999", role="arbiter", command="stop", component="Intersection", dataset="ns.other")
    needs = {**NEEDS, "dataset": [table]}
    refusal = not_granted(GUEST, grants.lacks(GUEST, needs), {"reader": "Reader", "heterolr": "HeteroLR"})
    assert "it may not run Reader, HeteroLR" in refusal.message
    assert refusal.data["codes"] == [1, 2, 3]
    words = shlex.split(refusal.hint.partition("at the refusing site: ")[2])
    assert words[:4] == ["fateflow", "party", "grant", "guest:9999"]
    options = dict(zip(words[4::2], words[5::2], strict=True))
    _give(grants, words[3], **{name.removeprefix("--"): value for name, value in options.items()})
    assert grants.lacks(GUEST, needs) == {}


def _document(party: Party = HOST, module: str = "HeteroLR", **table: Any) -> PartyDocument:
    reader = TaskPlan("reader_0", "Reader", [], {"table": {"namespace": "ns", "name": "absent", **table}})
    return PartyDocument(
        job_id="1",
        party=party,
        initiator=GUEST,
        roles={"guest": [9999], "host": [10000]},
        dsl={},
        conf={},
        job_parameters={},
        tasks=[reader, TaskPlan("x_0", module, ["reader_0"], {})],
        need=Resources(),
        task_need=Resources(),
        options=JobOptions(),
    )


@pytest.fixture
def desk(grants: Grants, tmp_path: Path) -> PeerPermissions:
    return PeerPermissions(grants, load_catalog(), AuditTrail(tmp_path), lambda party: party == HOST)


def _audited(folder: Path) -> list[dict[str, Any]]:
    trail = AuditTrail(folder)
    return [entry for day in trail.days() for entry in trail.entries(day)]


def test_what_is_given_and_denied_is_noted_once(desk: PeerPermissions, tmp_path: Path) -> None:
    desk.grant("guest:9999", {"component": ["Reader"]}, by="ann")
    permits = desk.of(GUEST)
    assert permits is not None
    assert permits(_document()) is not None
    assert permits(_document()) is not None
    desk.revoke("guest:9999", {"component": ["all"]}, by="bob")
    desk.forget("guest:9999", by="bob")
    assert permits(_document()) is None
    whats = [(entry["what"], entry["party"], entry.get("by")) for entry in _audited(tmp_path)]
    assert whats == [
        ("grant", "guest:9999", "ann"),
        ("denied", "guest:9999", None),
        ("revoke", "guest:9999", "bob"),
        ("forget_grants", "guest:9999", "bob"),
    ]
    denial = _audited(tmp_path)[1]
    assert denial["lacks"] == {"component": ["HeteroLR"]}
    assert (denial["job_id"], denial["at_party"]) == ("1", "host:10000")


def test_own_parties_need_no_grant(desk: PeerPermissions) -> None:
    desk.grant("*", {"component": ["Reader"]}, by="ann")
    assert desk.of(HOST) is None


def _refusal(folder: Path, document: PartyDocument, permits: Permits | None) -> Refusal:
    admission = Admission(load_catalog(), Tables(folder / "tables"), Registry(folder), lambda party: None)
    refusal = admission.refusal(document, permits)
    assert refusal is not None
    return refusal


def test_a_denied_peer_cannot_probe_whether_a_table_exists(desk: PeerPermissions, tmp_path: Path) -> None:
    assert "does not exist" in _refusal(tmp_path, _document(), desk.of(GUEST)).message
    desk.grant("guest:9999", {"dataset": ["ns.other"]}, by="ann")
    refusal = _refusal(tmp_path, _document(), desk.of(GUEST))
    assert "does not exist" not in refusal.message
    assert refusal.lacks["dataset"] == ["ns.absent"]
    assert (refusal.code, refusal.retcode) == ("not_granted", 108)


def test_no_peer_runs_what_reads_and_writes_files_here(desk: PeerPermissions, tmp_path: Path) -> None:
    desk.grant("*", {"role": ["all"], "component": ["all"]}, by="ann")
    refusal = _refusal(tmp_path, _document(Party("local", "10000"), "Download"), desk.of(GUEST))
    assert "only the owner of this site" in refusal.message
