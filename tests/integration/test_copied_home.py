"""A copy of a home, made while its scheduler runs, does not command that scheduler."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from fateflow_tui.artifacts.run_file import CopiedHome, lock_owner
from fateflow_tui.sdk import FateFlow, local
from tests.contract.command_line import CommandLine
from tests.integration.clusters import RunningSite, sleep_job, standalone


def _copied(site: RunningSite, target: Path, copy: object = shutil.copy2) -> Path:
    shutil.copytree(site.home, target, copy_function=copy, ignore=shutil.ignore_patterns("run"))  # type: ignore[arg-type]
    return target


@pytest.mark.parametrize("copy", [shutil.copy2, os.link], ids=["copied", "hard-linked"])
def test_commands_on_a_copy_do_not_reach_the_original(tmp_path: Path, copy: object) -> None:
    with standalone(tmp_path / "original") as site:
        job_id = site.flow.submit(*sleep_job(1, {"guest": [9999]}, seconds=30)).job_id
        home = _copied(site, tmp_path / "copy", copy)
        line = CommandLine(home, tmp_path)
        for words in (["server", "stop"], ["job", "stop", job_id], ["job", "list"], ["server", "status"]):
            refused = line(*words, code=CopiedHome.exit_code)
            assert str(site.home) in refused.err, "the original is named"
            assert f"server start --home {home}" in refused.err
        with pytest.raises(CopiedHome), FateFlow(home=home) as flow:
            flow.status()
        assert not site.flow.job(job_id).status.ended
        assert lock_owner(site.home) == str(site.flow.status().pid)


def test_a_copy_gets_a_scheduler_of_its_own_when_it_is_started(tmp_path: Path) -> None:
    with standalone(tmp_path / "original") as site:
        home = _copied(site, tmp_path / "copy")
        try:
            started = local.start(home, port=0)
            assert started.pid != site.flow.status().pid
            assert local.status(home) == started
        finally:
            assert local.stop(home)
        assert local.is_running(site.home)


def test_a_moved_home_keeps_its_scheduler(tmp_path: Path) -> None:
    with standalone(tmp_path / "before") as site:
        started = site.flow.status()
        (tmp_path / "before").rename(tmp_path / "after")
        assert local.status(tmp_path / "after") == started
        (tmp_path / "after").rename(tmp_path / "before")


def test_the_copy_of_a_dead_scheduler_is_not_running(tmp_path: Path) -> None:
    with standalone(tmp_path / "original") as site:
        home = _copied(site, tmp_path / "copy")
    assert local.status(home) is None
    assert not local.stop(home)
