"""Decisions: pure, sans-IO. Events go in, effects come out; see `Engine`."""

from fateflow_tui.core.plan import RerunAction, RerunStep, ReuseAction, ReusePlan, ReuseStep, RunCause, RunReason
from fateflow_tui.engine.capacity import Holder
from fateflow_tui.engine.engine import Engine
from fateflow_tui.engine.facts import SiteFacts, Tunables
from fateflow_tui.engine.reuse import (
    compare,
    other_model,
    plan_reuse,
    reads_model,
    reusable_components,
    run_all,
    similarity,
)

__all__ = [
    "Engine",
    "Holder",
    "RerunAction",
    "RerunStep",
    "ReuseAction",
    "ReusePlan",
    "ReuseStep",
    "RunCause",
    "RunReason",
    "SiteFacts",
    "Tunables",
    "compare",
    "other_model",
    "plan_reuse",
    "reads_model",
    "reusable_components",
    "run_all",
    "similarity",
]
