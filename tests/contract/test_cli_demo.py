"""The demo: from two CSV files to an AUC, on one site and on three, as often as one likes."""

from __future__ import annotations

import pytest

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
    for name in ("guest", "host", "arbiter"):
        other("server", "status", "--home", str(other.home / "sites" / name), code=3)
    assert not (other.home / "run.json").exists()
