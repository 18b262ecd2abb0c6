"""The demo: from two CSV files to an AUC, on one site and on three, as often as one likes."""

from __future__ import annotations

import pytest

from fateflow_tui.commands.demo import demo_files
from tests.contract.command_line import CommandLine


@pytest.mark.slow
def test_the_demo_on_one_site(other: CommandLine) -> None:
    result = other("demo")
    assert "AUC" in result.out
    assert "federated, 3 parties" in result.out
    assert "✓ success  hetero_lr_0" in result.err
    assert f" dash --home {other.home}" in result.err
    [figure] = [one for one in other("metric", "show", "@last", "--json").data if one["metric"] == "auc"]
    assert f"{figure['value']:.4f}" in result.out


@pytest.mark.slow
def test_the_demo_on_three_sites_twice(other: CommandLine) -> None:
    results = [other("demo", "--sites", "3", "--json").data for _ in range(2)]
    for result in results:
        assert (result["status"], result["sites"]) == ("success", 3)
        assert abs(result["auc"] - result["joined_auc"]) < 0.01
        assert result["ks"] > 0.8
    assert results[0]["job_id"] != results[1]["job_id"]
    assert results[0]["auc"] == pytest.approx(results[1]["auc"], abs=1e-6)
    assert not (other.home / "run.json").exists()
    homes = [str(other.home / "sites" / name) for name in ("guest", "host", "arbiter")]
    for home in homes:
        other("server", "status", "--home", home, code=3)
    for home in homes:
        other("server", "start", "--home", home)
    files = demo_files()
    documents = ["-d", str(files / "hetero_lr_dsl.json"), "-c", str(files / "hetero_lr_conf.json")]
    other("job", "submit", *documents, "--watch", "--home", homes[0])
    for home in homes:
        other("server", "stop", "--home", home)


@pytest.mark.slow
def test_three_sites_can_be_kept_running(other: CommandLine) -> None:
    other("demo", "--keep", code=2)
    said = other("demo", "--sites", "3", "--keep")
    for name in ("guest", "host", "arbiter"):
        home = str(other.home / "sites" / name)
        other("server", "status", "--home", home)
        assert f"server stop --home {home}" in said.err
        other("server", "stop", "--home", home)
