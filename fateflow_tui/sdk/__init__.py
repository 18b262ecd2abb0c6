"""The Python SDK: the door through which front ends and programs talk to a scheduler.

from fateflow_tui.sdk import FateFlow

with FateFlow() as flow:
    job = flow.submit("dsl.json", "conf.json")
    print(flow.wait(job.job_id).status)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fateflow_tui.sdk.async_client import AsyncFateFlow
    from fateflow_tui.sdk.client import FateFlow

__all__ = ["AsyncFateFlow", "FateFlow"]


def __getattr__(name: str) -> Any:
    """The clients are imported when they are used: their HTTP library takes longer than a whole completion may."""
    if name == "FateFlow":
        from fateflow_tui.sdk.client import FateFlow

        return FateFlow
    if name == "AsyncFateFlow":
        from fateflow_tui.sdk.async_client import AsyncFateFlow

        return AsyncFateFlow
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
