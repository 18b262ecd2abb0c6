"""Sleep: waits, then passes its inputs through. For benchmarks and tests."""

from __future__ import annotations

import time
from typing import Annotated

from pydantic import Field

from fateflow_tui.components.contract import Context, Module, StrictParameters

_STEPS = 20  # between two progress updates


class SleepParam(StrictParameters):
    """seconds: how long each party's task sleeps."""

    seconds: Annotated[float, Field(ge=0)] = 0


class Sleep(Module[SleepParam]):
    """Runs in every role, including local. Its output ports are its inputs, in the DSL's order."""

    name = "Sleep"
    roles = frozenset({"guest", "host", "arbiter", "local"})
    parameter_class = "SleepParam"
    parameter_type = SleepParam
    has_metrics = False

    def run(self, ctx: Context) -> None:
        seconds = self.parameters.seconds
        if seconds:
            for step in range(_STEPS):
                time.sleep(seconds / _STEPS)
                ctx.progress(step + 1, _STEPS)
        tables = [table for key in ctx.inputs.keys() for table in ctx.inputs.tables(key)]  # noqa: SIM118
        for port, table in enumerate(tables):
            ctx.pass_on(table, port)
