"""What a forked process does before it becomes a worker: leave its parent's ways behind, wait, take its order."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.logs import STACKS, STD_LOG
from fateflow_tui.core.work import TaskOrder
from fateflow_tui.worker.process import ThreadPools, die_with_parent, limit_memory, prefer_as_victim
from fateflow_tui.worker.run import run_task
from fateflow_tui.worker.zygote_messages import Run

if TYPE_CHECKING:
    from fateflow_tui.components.catalog import Catalog

_requests = msgspec.json.Decoder(Run)  # made in the parent, so that no child needs to look into the types


def serve_one(pipe: int, catalog: Catalog, pools: ThreadPools, parent: int) -> int:
    """Waits for one request on a pipe, runs it and returns the exit code; 0 when none comes. parent: its pid."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with_parent(parent, signal.SIGKILL)
    prefer_as_victim()
    _own_chance()
    with open(pipe, "rb") as file:
        line = file.read()
    if not line:
        return 0
    request = _requests.decode(line)
    order = request.order
    _redirect(order)
    faulthandler.enable()
    # Written by the signal handler itself, so that a worker that hangs in a library answers, too.
    faulthandler.register(signal.SIGUSR1, _stacks(order))
    pools.use(max(1, min(order.cores, os.cpu_count() or 1)))
    limit_memory(order.memory)
    return run_task(request, catalog)


def _stacks(order: TaskOrder) -> FileIO:
    """The file that SIGUSR1 makes this process write the stacks of its threads to; open as long as it lives."""
    directory = Home(Path(order.home)).task_logs(order.job_id, order.party, order.component)
    return FileIO(directory / STACKS, "a")


def _redirect(order: TaskOrder) -> None:
    """stdin is empty; what libraries print, and where they crash, goes to the task's `std.log`."""
    directory = Home(Path(order.home)).task_logs(order.job_id, order.party, order.component)
    directory.mkdir(parents=True, exist_ok=True)
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(directory / STD_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(output)


def _own_chance() -> None:
    """NumPy's global generator is seeded at import, so that all children would draw the same numbers."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed(list(os.urandom(16)))
