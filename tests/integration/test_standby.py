"""A second scheduler on a home stands by and takes over when the first one stops."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from fateflow_tui.artifacts.run_file import read_run_file
from fateflow_tui.core.status import Status
from fateflow_tui.sdk import local
from tests.integration.clusters import alive, sleep_job, standalone, until, until_running

ROLES = {"guest": [9999], "host": [10000]}


def test_a_standby_scheduler_continues_the_jobs_of_a_killed_one(tmp_path: Path) -> None:
    with standalone(tmp_path / "site") as site:
        standby = local.stand_by(site.home)
        try:
            job = site.flow.submit(*sleep_job(3, ROLES, seconds=0.5))
            until_running(site.flow, job.job_id, "sleep_0")
            first, url = site.pid, site.url
            os.kill(first, signal.SIGKILL)
            until(lambda: (run := read_run_file(site.home)) is not None and run.pid == standby, "nobody took over", 15)
            assert site.flow.wait(job.job_id, timeout=60).status is Status.SUCCESS
            assert read_run_file(site.home).url == url  # type: ignore[union-attr]
            assert site.pid == standby
            assert not alive([first])
        finally:
            if alive([standby]) and site.pid != standby:
                os.kill(standby, signal.SIGKILL)
