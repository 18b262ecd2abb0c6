"""Running a module in its context: from parameters to the last word."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from fateflow_tui.components.contract import Module, Parameters
from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.status import Status
from fateflow_tui.core.work import TaskOrder, TaskResult
from fateflow_tui.worker.context import TaskContext


def execute(module: type[Module[Any]], order: TaskOrder, context: TaskContext) -> TaskResult:
    """Runs one task. Whatever the module raises comes out, after its outputs have been removed.

    A component with `need_run: false` passes its first input on and ends with PASS.
    """
    try:
        parameters = parameters_of(module, order)
        if getattr(parameters, "need_run", True) is False:
            context.log.info("need_run is false: the input is passed on")
            context.pass_inputs()
            return context.finish(Status.PASS)
        module(parameters).run(context)
        return context.finish(Status.SUCCESS)
    except BaseException:
        context.abandon()
        raise


def parameters_of(module: type[Module[Any]], order: TaskOrder) -> Parameters:
    """Raises ComponentFailed with all that is wrong; the job's check should have found it before."""
    try:
        return module.parameter_type.model_validate(order.plan.parameters)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ComponentFailed(
            f"the parameters of {order.component} do not fit module {module.name}: {problems}"
        ) from error
