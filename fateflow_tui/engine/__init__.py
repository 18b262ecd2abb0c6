"""Decisions: pure, sans-IO. Events go in, effects come out; see `Engine`."""

from fateflow_tui.engine.capacity import Holder
from fateflow_tui.engine.engine import Engine
from fateflow_tui.engine.facts import SiteFacts, Tunables
from fateflow_tui.engine.rerun import RerunAction, RerunStep
from fateflow_tui.engine.reuse import unchanged

__all__ = ["Engine", "Holder", "RerunAction", "RerunStep", "SiteFacts", "Tunables", "unchanged"]
