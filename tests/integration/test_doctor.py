"""The doctor on real homes: each problem is provoked, found and reported with a hint."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest

from fateflow_tui.runtime.home.checks import DoctorCheck, mounted_as
from fateflow_tui.runtime.home.doctor import checks_of_stopped, network_checks
from fateflow_tui.runtime.site_config import Capacity, SiteConfig
from fateflow_tui.sdk.types import Check as Found
from tests.contract.command_line import CommandLine
from tests.integration.clusters import RunningSite, standalone, three_sites

DATA = Path(__file__).parents[2] / "demo" / "data" / "guest.csv"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Of a site that has run and holds a table."""
    with standalone(tmp_path / "home") as site:
        site.upload("rows", DATA)
    return tmp_path / "home"


def stopped(home: Path) -> dict[str, DoctorCheck]:
    return {check.name: check for check in checks_of_stopped(home)}


def of(config: SiteConfig) -> dict[str, DoctorCheck]:
    return {check.name: check for check in network_checks(config)}


def running(site: RunningSite) -> dict[str, Found]:
    return {check.name: check for check in site.flow.doctor()}


def test_a_sound_home_has_nothing_to_mend(home: Path, tmp_path: Path) -> None:
    found = stopped(home)
    assert [check for check in found.values() if not check.ok] == []
    assert set(found) >= {
        "scheduler",
        "configuration",
        "bind address",
        "port",
        "address for peers",
        "open files",
        "disk",
    }
    assert set(found) >= {
        "file system",
        "state files",
        "keys",
        "tables",
        "models",
        "clock",
        "cores",
        "memory",
        "modules",
    }
    before = sorted(home.rglob("*"))
    said = CommandLine(home, tmp_path)("doctor")
    assert "✓ scheduler" in said.out
    assert said.err == ""
    assert not (home / "run.json").exists(), "the doctor has started a scheduler"
    assert sorted(home.rglob("*")) == before
    assert CommandLine(tmp_path / "nowhere", tmp_path)("doctor").out.startswith("✓ home")


def test_each_flaw_of_a_home_is_found(home: Path, tmp_path: Path) -> None:
    (home / "keys" / "site.pem").chmod(0o644)
    damaged = home / "db" / "parties.json.damaged-20260101T000000.000000Z"
    damaged.write_text("{")
    for path in (home / "tables" / "experiment" / "rows").glob("*.parquet"):
        path.unlink()
    part = home / "models" / "guest#9999#guest-9999#model" / "202601010000000000001"
    part.mkdir(parents=True)
    (part / "manifest.json").write_text("{")
    (home / "db" / "jobs" / "29990101").mkdir()
    (home / "components").mkdir(exist_ok=True)
    (home / "components" / "mine.py").write_text("import no_such_package\n")
    (home / "site.toml").write_text("capasity = 3\n")
    (home / "run.json").write_text('{"pid": 999999, "url": "http://127.0.0.1:1", "token": ""}')
    found = stopped(home)
    flaws = {name: check for name, check in found.items() if not check.ok}
    assert set(flaws) == {"configuration", "keys", "state files", "tables", "models", "clock", "modules"}
    assert flaws["keys"].hint == f"chmod 600 {home}/keys/site.pem {home}/run.json"
    assert str(damaged) in flaws["state files"].text
    assert "experiment.rows" in flaws["tables"].text
    assert "guest#9999#guest-9999#model" in flaws["models"].text
    assert "2999" in flaws["clock"].text
    assert "no_such_package" in flaws["modules"].text
    assert "did you mean capacity?" in flaws["configuration"].hint
    assert {"999999", "run.json"} <= set(re.findall(r"\w+\.json|\d+", found["scheduler"].text))
    assert all(check.hint for check in flaws.values())
    said = CommandLine(home, tmp_path)("doctor", code=1)
    assert all(check.fix == check.hint for check in flaws.values()), "scripts read the earlier name"
    assert f"→ chmod 600 {home}/keys/site.pem" in said.out
    assert {
        one["name"] for one in CommandLine(home, tmp_path)("doctor", "--json", code=1).data if not one["ok"]
    } == set(flaws)


def test_an_unresponsive_scheduler_is_distinguished_from_a_stopped_one(tmp_path: Path) -> None:
    with standalone(tmp_path / "home") as site:
        said = stopped(site.home)["scheduler"]  # as it looks to somebody who gets no answer
        assert not said.ok
        assert f"process {site.pid} uses {site.home}" in said.text
        assert f"kill -9 {site.pid}" in said.hint
        assert running(site)["scheduler"].ok
        site.crash()
        assert stopped(site.home)["scheduler"].ok
        site.start()


def test_ports_and_addresses() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        check = of(SiteConfig(port=port))["port"]
        assert not check.ok
        assert f"port {port} is in use" in check.text
    assert of(SiteConfig(port=port))["port"].ok
    elsewhere = of(SiteConfig(host="192.0.2.1"))["bind address"]
    assert not elsewhere.ok
    assert "not an address of this machine" in elsewhere.text
    assert not of(SiteConfig(host="no-such-host.invalid"))["bind address"].ok
    lost = of(SiteConfig(parties=["9999"], advertised="http://no-such-host.invalid:9380"))["address for peers"]
    assert not lost.ok
    assert "no-such-host.invalid" in lost.text
    assert of(SiteConfig(parties=["9999"], advertised="http://127.0.0.1:9380"))["address for peers"].ok
    assert "without TLS" in of(SiteConfig(host="0.0.0.0", parties=["9999"]))["bind address"].text  # noqa: S104


def test_network_file_systems_are_known() -> None:
    mounts = "/dev/sda / ext4 rw 0 0\nfiler:/v /home/a\\040b nfs4 rw 0 0\n"
    assert mounted_as(Path("/home/a b/site"), mounts) == ("nfs4", "/home/a b")
    assert mounted_as(Path("/home/a"), mounts) == ("ext4", "/")
    assert mounted_as(Path("/x"), "") == ("", "")


def test_more_memory_than_there_is(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    SiteConfig(capacity=Capacity(memory=1 << 40)).save(tmp_path / "home" / "site.toml")
    check = stopped(tmp_path / "home")["memory"]
    assert not check.ok
    assert "capacity.memory" in check.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_cannot_be_written(home: Path) -> None:
    home.chmod(0o500)
    try:
        assert "is not writable" in stopped(home)["disk"].text
    finally:
        home.chmod(0o700)


def test_the_ways_to_peers_and_back(tmp_path: Path) -> None:
    with three_sites(tmp_path) as (guest, host, arbiter):
        found = running(guest)
        peers = [name for name in found if name.startswith("peer ")]
        assert peers == [
            f"peer {party}{what}"
            for party in ("arbiter:10000", "host:10000")
            for what in ("", " back", " clock", " version")
        ]
        assert all(check.ok for check in found.values()), [check for check in found.values() if not check.ok]

        host.flow.add_party("guest:9999", arbiter.url)  # it leads elsewhere now
        back = running(guest)["peer host:10000 back"]
        assert not back.ok
        assert "cannot reach this site" in back.text
        assert back.hint.startswith("at its site: ")

        host.flow.remove_party("guest:9999")
        refused = running(guest)["peer host:10000"]
        assert not refused.ok
        assert "guest:9999 is not known" in refused.text
        assert "fateflow party add guest:9999" in refused.hint

        arbiter.crash()
        away = running(guest)["peer arbiter:10000"]
        assert not away.ok
        assert "does not answer" in away.text
        arbiter.start()

        guest.flow.add_party("host:10001", host.url)
        untrusted = running(guest)["peer host:10001"]
        assert not untrusted.ok
        assert "fateflow party trust host:10001" in untrusted.hint
