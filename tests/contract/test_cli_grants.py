"""Grants of other parties, in three ways: our own, and those of FATE-Flow 1.6 and 1.9."""

from __future__ import annotations

from tests.contract.command_line import CommandLine


def test_grants_are_granted_listed_and_revoked(cli: CommandLine) -> None:
    lists = ("--component", "HeteroLR,Reader", "--dataset", "demo.breast_host,a.b/c.d")
    made = cli("party", "grant", "guest:9001", *lists, "--json").data
    assert made["component"] == ["heterolr", "reader"]
    assert sorted(made["dataset"]) == ["a.b/c.d", "demo.breast_host"]
    assert (made["role"], made["otherwise"]) == (None, "all")
    [line] = [line for line in cli("party", "grants").out.splitlines() if line.startswith("guest:9001")]
    assert "all (not listed)" in line
    text = cli("party", "revoke", "guest:9001", "--component", "all").out
    assert "nothing" in text
    cli("party", "revoke", "guest:9001", "--forget")
    assert cli("party", "grants", "guest:9001", "--json").data == []


def test_a_grant_needs_at_least_one_list(cli: CommandLine) -> None:
    assert "--component" in cli("party", "grant", "guest:9001", code=2).err
    assert "there is no component" in cli("party", "grant", "guest:9001", "--component", "Nope", code=2).err
    assert "nothing was granted" in cli("party", "revoke", "guest:9002", "--component", "Reader", code=5).err


def test_privileges_of_1_6(cli: CommandLine) -> None:
    answer = cli("privilege", "grant", "9003", "guest", "--privilege-component", "intersection", "--json").data
    assert answer["privilege_component"] == ["intersection"]
    asked = ("privilege", "query", "--src-party-id", "9003", "--src-role", "guest", "--json")
    assert cli(*asked).data["privilege_role"] == ["all"]
    cli("privilege", "delete", "9003", "guest", "--privilege-component", "intersection")
    assert cli(*asked).data["privilege_component"] == []
    cli("party", "revoke", "guest:9003", "--forget")


def test_privileges_of_1_9(cli: CommandLine) -> None:
    cli("privilege", "grant", "-c", "privilege_conf.json")
    assert cli("privilege", "query", "-p", "9998", "--json").data["component"] == ["intersection", "reader"]
    cli("privilege", "delete", "-c", "privilege_conf.json")
    assert cli("privilege", "query", "-p", "9998", "--json").data["component"] == []
    cli("party", "revoke", "9998", "--forget")
    assert "missing option -p" in cli("privilege", "query", code=2).err
    assert "the id and the role" in cli("privilege", "query", "9003", code=2).err
