"""The Python SDK: the door through which front ends and programs talk to a scheduler.

from fateflow_tui.sdk import FateFlow

with FateFlow() as flow:
    job = flow.submit("dsl.json", "conf.json")
    print(flow.wait(job.job_id).status)
    print(flow.models(limit=1), flow.tables("experiment"))

`nouns` lists all that a client offers, and `calls` says what it takes and gives. `Pipeline` (see `pipeline`) builds
jobs from components; `FlowClient` (see `flow_client`) is FATE's own SDK by its old names.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from fateflow_tui.sdk.async_client import AsyncFateFlow
    from fateflow_tui.sdk.client import FateFlow
    from fateflow_tui.sdk.fate import FlowClient
    from fateflow_tui.sdk.pipeline import Pipeline

__all__ = ["AsyncFateFlow", "FateFlow", "FlowClient", "Pipeline"]

_PLACES: Final = {
    "AsyncFateFlow": "fateflow_tui.sdk.async_client",
    "FateFlow": "fateflow_tui.sdk.client",
    "FlowClient": "fateflow_tui.sdk.fate",
    "Pipeline": "fateflow_tui.sdk.pipeline",
}


def __getattr__(name: str) -> Any:
    """The clients are imported when they are used: their HTTP library takes longer than a whole completion may."""
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
