"""A forked worker process: from leaving its parent's state behind to the task's final frame."""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys
from io import FileIO
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, NoReturn

import msgspec
from pydantic import ValidationError

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.logs import STACKS, STD_LOG, TaskLogHandler, last_lines
from fateflow_tui.components.contract import Module, Parameters
from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.status import Status
from fateflow_tui.core.work import ProcessExit, TaskOutcome, TaskSpec
from fateflow_tui.worker.cards import LOG_LINES, card_of_error
from fateflow_tui.worker.channel import SiteChannel
from fateflow_tui.worker.context import TaskContext
from fateflow_tui.worker.process import ThreadPools, die_with_parent, limit_memory, peak_memory, raise_oom_score
from fateflow_tui.worker.protocol import Run

if TYPE_CHECKING:
    from fateflow_tui.components.catalog import Catalog


def execute(module: type[Module[Any]], spec: TaskSpec, context: TaskContext) -> TaskOutcome:
    """Runs one task. Whatever the module raises comes out, after its outputs have been removed.

    A component with `need_run: false` passes its first input on and ends with PASS.
    """
    try:
        parameters = parameters_of(module, spec)
        if getattr(parameters, "need_run", True) is False:
            context.log.info("need_run is false: the input is passed on")
            context.pass_inputs()
            return context.finish(Status.PASS)
        module(parameters).run(context)
        return context.finish(Status.SUCCESS)
    except BaseException:
        context.abandon()
        raise


def parameters_of(module: type[Module[Any]], spec: TaskSpec) -> Parameters:
    """Raises ComponentFailed with all that is wrong; the job's check should have found it before."""
    try:
        return module.parameter_type.model_validate(spec.plan.parameters)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ComponentFailed(
            f"the parameters of {spec.component} do not fit module {module.name}: {problems}"
        ) from error


SUCCEEDED: Final = 0
FAILED: Final = 1

logger = logging.getLogger("fateflow_tui.task")


class Terminated(BaseException):
    """The site ends this task; raised in the middle of whatever the module does."""


def run_task(request: Run, catalog: Catalog) -> int:
    """Runs the task and returns the exit code. Ends by the signal itself when it is told to end."""
    spec = request.spec
    signal.signal(signal.SIGTERM, _terminated)
    handler = TaskLogHandler(Home(Path(spec.home)), spec.job_id, spec.party, spec.component)
    _log_to(handler)
    try:
        with SiteChannel(request.channel, request.token) as channel:
            outcome = _outcome(spec, catalog, channel, handler)
            code = SUCCEEDED if outcome.status.succeeded else FAILED
            channel.finish(outcome.with_exit(ProcessExit(code, peak_memory=peak_memory())))
    except Terminated:
        logger.warning("the task is ended from outside")
        _end_by_signal()
    finally:
        handler.close()
    return code


def _outcome(spec: TaskSpec, catalog: Catalog, channel: SiteChannel, handler: TaskLogHandler) -> TaskOutcome:
    try:
        module = find_module(spec.plan.module, catalog, Path(spec.home))
        logger.debug("%s begins, version %d", module.name, spec.version)
        context = TaskContext(spec, module.facts(), channel, logger)
        return execute(module, spec, context)
    except Terminated:
        raise
    except BaseException as error:  # also SystemExit: a module must not decide how its process ends
        if _is_told_to_end():  # a library, such as Polars, has put an exception of its own in the place of ours
            raise Terminated from error
        if isinstance(error, ComponentFailed):
            # It says what is wrong by itself; its traceback is in the card.
            logger.error("%s failed: %s", spec.component, error)
        else:
            logger.error("%s failed", spec.component, exc_info=error)
        card = card_of_error(spec, error, last_lines(handler.directory / "DEBUG.log", LOG_LINES))
        return TaskOutcome(Status.FAILED, card=card)


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


_requests = msgspec.json.Decoder(Run)  # made in the parent, so that no child needs to look into the types


def serve_one(pipe: int, catalog: Catalog, pools: ThreadPools, parent: int) -> int:
    """Waits for one request on a pipe, runs it and returns the exit code; 0 when none comes. parent: its pid."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with_parent(parent, signal.SIGKILL)
    raise_oom_score()
    _reseed()
    with open(pipe, "rb") as file:
        line = file.read()
    if not line:
        return 0
    request = _requests.decode(line)
    spec = request.spec
    _redirect(spec)
    faulthandler.enable()
    # Written by the signal handler itself, so that a worker that hangs in a library answers, too.
    faulthandler.register(signal.SIGUSR1, _stacks(spec))
    pools.use(max(1, min(spec.cores, os.cpu_count() or 1)))
    limit_memory(spec.memory)
    return run_task(request, catalog)


def _stacks(spec: TaskSpec) -> FileIO:
    """The file that SIGUSR1 makes this process write the stacks of its threads to; open as long as it lives."""
    directory = Home(Path(spec.home)).task_logs(spec.job_id, spec.party, spec.component)
    return FileIO(directory / STACKS, "a")


def _redirect(spec: TaskSpec) -> None:
    """stdin is empty; what libraries print, and where they crash, goes to the task's `std.log`."""
    directory = Home(Path(spec.home)).task_logs(spec.job_id, spec.party, spec.component)
    directory.mkdir(parents=True, exist_ok=True)
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(directory / STD_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(output)


def _reseed() -> None:
    """NumPy's global generator is seeded at import, so that all children would draw the same numbers."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed(list(os.urandom(16)))
