"""Explanations of a job's status, from its state and from what its site knows besides."""

from fateflow_tui.server.explain.answer import explain
from fateflow_tui.server.explain.wording import expected_end

__all__ = ["expected_end", "explain"]
