"""Why a job is as it is, from its state and what its site knows beside; pure."""

from fateflow_tui.server.explain.answer import explain
from fateflow_tui.server.explain.wording import expected_end

__all__ = ["expected_end", "explain"]
