"""Decisions: pure, sans-IO. Events go in, effects come out; see `Engine`."""

from fateflow_tui.engine.capacity import Holder
from fateflow_tui.engine.engine import Engine
from fateflow_tui.engine.facts import SiteFacts, Tunables
from fateflow_tui.engine.rerun import RerunAction, RerunStep
from fateflow_tui.engine.reuse import (
    Change,
    Reason,
    ReuseAction,
    ReusePlan,
    ReuseStep,
    compared,
    other_model,
    plan_reuse,
    reads_model,
    resemblance,
    run_all,
    unchanged,
)

__all__ = [
    "Change",
    "Engine",
    "Holder",
    "Reason",
    "RerunAction",
    "RerunStep",
    "ReuseAction",
    "ReusePlan",
    "ReuseStep",
    "SiteFacts",
    "Tunables",
    "compared",
    "other_model",
    "plan_reuse",
    "reads_model",
    "resemblance",
    "run_all",
    "unchanged",
]
