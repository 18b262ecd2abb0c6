"""The right to drive a job, as the store keeps it."""

from __future__ import annotations

from fateflow_tui.core.errors import LeaseLost
from fateflow_tui.core.ports import JobStore
from fateflow_tui.runtime.clock import now_ms

_OWNER = "home"
_TIME = 10 * 365 * 86_400_000  # ms: until it is taken anew


def lease(store: JobStore, job_id: str) -> int:
    """Takes the right to drive a job and gives its epoch. The lock on the home keeps other schedulers out, so that a
    lease found here is a dead process's; taking it anew raises the epoch, which fences that process's late messages.
    """
    store.release(job_id, _OWNER)
    taken = store.acquire(job_id, _OWNER, _TIME, now_ms())
    if taken is None:
        raise LeaseLost(f"job {job_id} is driven by a scheduler of another home")
    return taken.epoch
