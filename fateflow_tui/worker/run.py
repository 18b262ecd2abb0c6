"""One worker's life, from its order to its last word."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, NoReturn

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.log_reader import last_lines
from fateflow_tui.artifacts.logs import TaskLogHandler
from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.status import Status
from fateflow_tui.core.work import TaskOrder, TaskResult
from fateflow_tui.worker.cards import LOG_LINES, card_of_error
from fateflow_tui.worker.channel import SiteChannel
from fateflow_tui.worker.context import TaskContext
from fateflow_tui.worker.execution import execute
from fateflow_tui.worker.process import peak_memory
from fateflow_tui.worker.zygote_messages import Run

if TYPE_CHECKING:
    from fateflow_tui.components.catalog import Catalog
    from fateflow_tui.components.contract import Module

SUCCEEDED: Final = 0
FAILED: Final = 1

logger = logging.getLogger("fateflow_tui.task")


class Terminated(BaseException):
    """The site ends this task; raised in the middle of whatever the module does."""


def run_task(request: Run, catalog: Catalog) -> int:
    """Runs the task and returns the exit code. Ends by the signal itself when it is told to end."""
    order = request.order
    signal.signal(signal.SIGTERM, _terminated)
    handler = TaskLogHandler(Home(Path(order.home)), order.job_id, order.party, order.component)
    _log_to(handler)
    try:
        with SiteChannel(request.channel, request.token) as channel:
            result = _result(order, catalog, channel, handler)
            channel.finish(result, peak_memory())
    except Terminated:
        logger.warning("the task is ended from outside")
        _end_by_signal()
    finally:
        handler.close()
    return SUCCEEDED if result.status.succeeded else FAILED


def _result(order: TaskOrder, catalog: Catalog, channel: SiteChannel, handler: TaskLogHandler) -> TaskResult:
    try:
        module = find_module(order.plan.module, catalog, Path(order.home))
        logger.debug("%s begins, version %d", module.name, order.version)
        context = TaskContext(order, module.facts(), channel, logger)
        return execute(module, order, context)
    except Terminated:
        raise
    except BaseException as error:  # also SystemExit: a module must not decide how its process ends
        if _is_told_to_end():  # a library, such as Polars, has put an exception of its own in the place of ours
            raise Terminated from error
        if isinstance(error, ComponentFailed):
            # It says what is wrong by itself; its traceback is in the card.
            logger.error("%s failed: %s", order.component, error)
        else:
            logger.error("%s failed", order.component, exc_info=error)
        card = card_of_error(order, error, last_lines(handler.directory / "DEBUG.log", LOG_LINES))
        return TaskResult(Status.FAILED, card=card)


def find_module(name: str, catalog: Catalog, home: Path) -> type[Module[Any]]:
    """From the catalog that was loaded ahead, or, for a file that was dropped in since, from a new one."""
    from fateflow_tui.components.catalog import load_catalog

    if catalog.facts(name) is None:
        catalog = load_catalog(Home(home).components)
    return catalog.module(name)


def _log_to(handler: logging.Handler) -> None:
    """The task's own lines from DEBUG on, those of libraries from INFO on, and Python's warnings."""
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    logger.setLevel(logging.DEBUG)
    logging.captureWarnings(True)


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, _heard_before)
    raise Terminated


def _heard_before(number: int, frame: FrameType | None) -> None:
    """Once is enough; what goes on is cleaning up."""


def _is_told_to_end() -> bool:
    return signal.getsignal(signal.SIGTERM) is _heard_before


def _end_by_signal() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    sys.stdout.flush()
    sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGTERM)
