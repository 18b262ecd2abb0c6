"""A forked worker process, from resetting its parent's state to the task's final frame."""

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
from fateflow_tui.worker.protocol import RunTask

if TYPE_CHECKING:
    from fateflow_tui.components.catalog import Catalog


def execute(module: type[Module[Any]], spec: TaskSpec, context: TaskContext) -> TaskOutcome:
    """Run one task. An exception of the module is raised after its outputs have been removed.

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
    """Validate the parameters. Raises ComponentFailed with all problems, which the job's check should have found."""
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
    """The site ends this task; raised inside the module's code."""


def run_task(request: RunTask, catalog: Catalog) -> int:
    """Run the task and return the exit code. On SIGTERM the process ends by that signal."""
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
        logger.warning("the task was ended by the site")
        _end_by_signal()
    finally:
        handler.close()
    return code


def _outcome(spec: TaskSpec, catalog: Catalog, channel: SiteChannel, handler: TaskLogHandler) -> TaskOutcome:
    try:
        module = find_module(spec.plan.module, catalog, Path(spec.home))
        logger.debug("%s starts, version %d", module.name, spec.version)
        context = TaskContext(spec, module.facts(), channel, logger)
        return execute(module, spec, context)
    except Terminated:
        raise
    except BaseException as error:  # also SystemExit: a module must not decide how its process ends
        if _is_terminated():  # a library, such as Polars, has replaced our exception by its own
            raise Terminated from error
        if isinstance(error, ComponentFailed):
            # Its message is sufficient; the traceback is in the card.
            logger.error("%s failed: %s", spec.component, error)
        else:
            logger.error("%s failed", spec.component, exc_info=error)
        card = card_of_error(spec, error, last_lines(handler.directory / "DEBUG.log", LOG_LINES))
        return TaskOutcome(Status.FAILED, card=card)


def find_module(name: str, catalog: Catalog, home: Path) -> type[Module[Any]]:
    """Find a module in the preloaded catalog or, for a file added since, in a new one."""
    from fateflow_tui.components.catalog import load_catalog

    if catalog.facts(name) is None:
        catalog = load_catalog(Home(home).components)
    return catalog.module(name)


def _log_to(handler: logging.Handler) -> None:
    """Log the task's lines from DEBUG, those of libraries from INFO, and Python's warnings."""
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    logger.setLevel(logging.DEBUG)
    logging.captureWarnings(True)


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, _ignore_signal)
    raise Terminated


def _ignore_signal(number: int, frame: FrameType | None) -> None:
    """Ignore further signals while the task cleans up."""


def _is_terminated() -> bool:
    return signal.getsignal(signal.SIGTERM) is _ignore_signal


def _end_by_signal() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    sys.stdout.flush()
    sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGTERM)


_requests = msgspec.json.Decoder(RunTask)  # built in the parent, so that no child has to


def serve_one(pipe: int, catalog: Catalog, pools: ThreadPools, parent: int) -> int:
    """Wait for one request on a pipe, run it and return the exit code; 0 if none comes. parent: its pid."""
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
    # Written by the signal handler itself, so that a worker that hangs in a library answers as well.
    faulthandler.register(signal.SIGUSR1, _stacks(spec))
    pools.use(max(1, min(spec.cores, os.cpu_count() or 1)))
    limit_memory(spec.memory)
    return run_task(request, catalog)


def _stacks(spec: TaskSpec) -> FileIO:
    """Open the file to which SIGUSR1 writes the stacks of this process's threads."""
    directory = Home(Path(spec.home)).task_logs(spec.job_id, spec.party, spec.component)
    return FileIO(directory / STACKS, "a")


def _redirect(spec: TaskSpec) -> None:
    """Empty stdin; send what libraries print, and crash reports, to the task's `std.log`."""
    directory = Home(Path(spec.home)).task_logs(spec.job_id, spec.party, spec.component)
    directory.mkdir(parents=True, exist_ok=True)
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(directory / STD_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(output)


def _reseed() -> None:
    """Reseed NumPy's global generator, which was seeded at import: all children would draw the same numbers."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed(list(os.urandom(16)))
