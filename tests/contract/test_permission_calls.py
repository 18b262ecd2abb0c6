"""The app `permission` in the forms of FATE-Flow 1.6 and of 1.9, and our own, about the same grants."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fateflow_tui.sdk import local
from fateflow_tui.store.audit import AuditTrail


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("home")
    local.start(directory, port=0)
    yield directory
    assert local.stop(directory)


@pytest.fixture
def http(home: Path) -> Iterator[httpx.Client]:
    status = local.status(home)
    assert status is not None
    with httpx.Client(base_url=f"{status.url}/v1/", trust_env=False, headers={"X-FateFlow-User": "ann"}) as client:
        yield client
        for grant in client.post("party/grants").json()["data"]:
            client.post("party/revoke", json={"party": grant["party"], "forget": True})


def _ask(http: httpx.Client, path: str, **body: Any) -> Any:
    answer = http.post(path, json=body).json()
    assert answer["retcode"] == 0, answer
    return answer.get("data")


def test_privileges_as_in_1_6(http: httpx.Client) -> None:
    party = {"src_party_id": "9999", "src_role": "guest"}
    everything = {
        "src_party_id": "9999",
        "role": "guest",
        "privilege_role": ["all"],
        "privilege_command": ["all"],
        "privilege_component": ["all"],
    }
    assert _ask(http, "permission/query/privilege", **party) == everything
    _ask(http, "permission/grant/privilege", **party, privilege_component="Intersection, heterolr")
    granted = {**everything, "privilege_component": ["heterolr", "intersection"]}
    assert _ask(http, "permission/query/privilege", **party) == granted
    taken = _ask(http, "permission/delete/privilege", **party, privilege_component="heterolr")
    assert taken["privilege_component"] == ["intersection"]
    assert _ask(http, "permission/delete/privilege", **party, privilege_component="all")["privilege_component"] == []
    assert _ask(http, "permission/query/privilege", src_party_id=9999, src_role="host")["role"] == "host"


def test_components_and_datasets_as_in_1_9(http: httpx.Client) -> None:
    table = {"namespace": "experiment.1", "name": "breast"}
    assert _ask(http, "permission/query", party_id=9999) == {"party_id": "9999", "component": ["*"], "dataset": ["*"]}
    _ask(http, "permission/grant", party_id=9999, component="reader,intersection", dataset=table)
    _ask(http, "permission/grant", party_id="9999", component="*", dataset=[{**table, "name": "x"}])
    shown = {"party_id": "9999", "component": ["*"], "dataset": [table, {**table, "name": "x"}]}
    assert _ask(http, "permission/query", party_id=9999) == shown
    assert _ask(http, "permission/delete", party_id=9999, dataset=table)["dataset"] == [{**table, "name": "x"}]
    assert _ask(http, "permission/delete", party_id=9999, component="*")["component"] == []


def test_our_own_form_shows_what_the_others_granted(http: httpx.Client) -> None:
    _ask(http, "permission/grant/privilege", src_party_id="all", src_role="guest", privilege_role="host")
    _ask(http, "party/grant", party="9999", component=["HeteroLR"], dataset=["ns.t", "a.b/c"])
    assert _ask(http, "party/grants") == [
        {
            "party": "9999",
            "role": None,
            "command": None,
            "component": ["heterolr"],
            "dataset": ["a.b/c", "ns.t"],
            "otherwise": "all",
        },
        {
            "party": "guest:*",
            "role": ["host"],
            "command": None,
            "component": None,
            "dataset": None,
            "otherwise": "all",
        },
    ]
    assert [grant["party"] for grant in _ask(http, "party/grants", party="guest:*")] == ["guest:*"]
    assert _ask(http, "party/revoke", party="9999", dataset="ns.t")["dataset"] == ["a.b/c"]
    _ask(http, "party/revoke", party="9999", forget=True)
    assert _ask(http, "party/grants", party="9999") == []


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("permission/grant/privilege", {"src_party_id": 1, "src_role": "guest", "privilege_role": "king"}, "king"),
        ("permission/grant/privilege", {"src_party_id": 1, "src_role": "king", "privilege_role": "host"}, "king:1"),
        ("permission/grant/privilege", {"src_party_id": 1, "src_role": "guest"}, "privilege_role"),
        ("permission/grant/privilege", {"src_role": "guest", "privilege_role": "host"}, "party_id"),
        ("permission/delete/privilege", {"src_party_id": 1, "src_role": "guest", "privilege_role": "host"}, "guest:1"),
        ("permission/grant", {"party_id": 1, "component": "nosuch"}, "nosuch"),
        ("permission/grant", {"party_id": 1, "dataset": {"namespace": "x"}}, "name"),
        ("permission/grant", {"party_id": 1, "dataset": [[1]]}, "dataset"),
        ("permission/grant", {"party_id": {}, "dataset": "*"}, "party_id"),
        ("permission/query", {}, "party_id"),
        ("permission/query", {"party_id": "../x"}, "../x"),
        ("party/grant", {"party": "guest:9999"}, "none of"),
        ("party/revoke", {"party": "guest:7", "component": "reader"}, "guest:7"),
    ],
)
def test_what_cannot_be_granted_or_taken_is_told(http: httpx.Client, path: str, body: Any, text: str) -> None:
    answer = http.post(path, json=body).json()
    assert answer["retcode"] in (100, 101)
    assert text in answer["retmsg"]
    assert _ask(http, "party/grants") == []


def test_who_granted_what_is_kept(http: httpx.Client, home: Path) -> None:
    _ask(http, "party/grant", party="arbiter:77", component="all")
    trail = AuditTrail(home)
    entries = [entry for day in trail.days() for entry in trail.entries(day) if entry.get("party") == "arbiter:77"]
    assert [(entry["what"], entry["by"], entry["lists"]) for entry in entries] == [
        ("grant", "ann", {"component": ["*"]})
    ]
