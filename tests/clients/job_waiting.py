"""Waiting for a job of a site, over HTTP as any client could."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Sequence
from typing import Any

ENDED = ("success", "failed", "canceled", "timeout")
_PATIENCE = 60  # seconds for a job
_LOOK_EVERY = 0.05


def ask(address: str, path: str, members: dict[str, Any]) -> dict[str, Any]:
    """A site's answer to a call below /v1."""
    body = json.dumps(members).encode()
    request = urllib.request.Request(f"http://{address}/v1/{path}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=_PATIENCE) as response:  # noqa: S310
        found: dict[str, Any] = json.load(response)
        return found


def wait_for_job(address: str, job_id: str, statuses: Sequence[str] = ENDED) -> None:
    """Returns when the job has one of these statuses at all its parties; fails when that takes too long."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        jobs = [job["f_status"] for job in ask(address, "job/query", {"job_id": job_id})["data"]]
        if jobs and set(jobs) <= set(statuses):
            return
        assert time.monotonic() < deadline, f"job {job_id} is {jobs}, not {statuses}"
        time.sleep(_LOOK_EVERY)
