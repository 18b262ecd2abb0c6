"""The Python SDK: clients of a scheduler.

from fateflow_tui.sdk import FateFlow

with FateFlow() as flow:
    job = flow.submit("dsl.json", "conf.json")
    print(flow.wait(job.job_id).status)
    print(flow.models(limit=1), flow.tables("experiment"))

`AsyncFateFlow` is the same for programs with an event loop. `namespaces` lists the operations of both; their
arguments and results are documented in `operations`. `Pipeline` (see `pipeline`) builds jobs from components.
`FlowClient` (see `fate`) has the names of FATE's own SDK.
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

_MODULES: Final = {
    "AsyncFateFlow": "fateflow_tui.sdk.async_client",
    "FateFlow": "fateflow_tui.sdk.client",
    "FlowClient": "fateflow_tui.sdk.fate",
    "Pipeline": "fateflow_tui.sdk.pipeline",
}


def __getattr__(name: str) -> Any:
    """Import a client on first use: its HTTP library takes longer to import than a shell completion may."""
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
