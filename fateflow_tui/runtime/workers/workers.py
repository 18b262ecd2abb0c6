"""The workers of a site: started by the zygote, connected by their channels, reported when they end."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.logs import last_lines
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.status import Status
from fateflow_tui.core.why import WorkerHealth
from fateflow_tui.core.work import (
    Finished,
    MetricsWritten,
    ProcessExit,
    Sent,
    TaskOutcome,
    TaskSpec,
    Wanted,
    WorkerFrame,
)
from fateflow_tui.runtime.workers.channel import ChannelServer, ValueTransport
from fateflow_tui.runtime.workers.health import LOGS, WorkerHealthMonitor, read_stacks, reset_stacks, task_directory
from fateflow_tui.runtime.workers.zygote import ZygoteProcess
from fateflow_tui.worker.protocol import Kill, RunTask, Sample, WorkerExited, WorkerNotStarted, WorkerStarted

LOG_LINES: Final = 20
_LINGER: Final = 2.0  # seconds that a worker may still live after its final frame

logger = logging.getLogger(__name__)


class _Worker:
    """One run, from the request until its process has been reaped."""

    def __init__(self, key: str, spec: TaskSpec, token: str) -> None:
        self.key = key
        self.spec = spec
        self.token = token
        self.pid = 0
        self.zygote: ZygoteProcess | None = None  # that was asked to start it
        self.final_frame: Finished | None = None
        self.kill: tuple[Status, str] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.sampling = asyncio.Lock()

    def set_timer(self, seconds: float, call: Callable[[_Worker], None]) -> None:
        self.clear_timer()
        self.timer = asyncio.get_running_loop().call_later(seconds, call, self)

    def clear_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class Workers:
    """Start, kill and watch workers. Callbacks run on the event loop and must not block.

    A run is reported with the worker's final frame, when its outputs are on disk; the process is watched until it has
    exited. Every run accepted by `start` gets one `on_ended`, unless `close` comes first.
    """

    def __init__(
        self,
        home: Home,
        bus: ValueTransport,
        on_started: Callable[[TaskSpec, int], None],
        on_ended: Callable[[TaskSpec, TaskOutcome], None],
        on_progress: Callable[[TaskSpec, int, int], None],
        on_metrics: Callable[[TaskSpec, MetricsWritten], None],
        start_limit: float = 60.0,
    ) -> None:
        """on_started: spec and pid. on_progress: done and total. on_metrics: what was appended to a series.
        start_limit: seconds after which a worker that has not started is given up, with the zygote.
        """
        self._home = home
        self._on_started = on_started
        self._on_ended = on_ended
        self.progressed = on_progress
        self.metrics_written = on_metrics
        self._start_limit = start_limit
        self._channels = ChannelServer(home.run, bus, self)
        self._zygote: ZygoteProcess | None = None
        self._starting = asyncio.Lock()
        self._workers: dict[str, _Worker] = {}  # by key, until finalized
        self._running: dict[str, _Worker] = {}  # by session, until reported
        self._numbers = itertools.count()
        self._background: set[asyncio.Task[None]] = set()
        self._closing = False
        self._health = WorkerHealthMonitor()
        self.on_frame: Callable[[TaskSpec, WorkerFrame], None] = self._health.on_frame
        self.answered: Callable[[TaskSpec, Sent | Wanted], None] = self._health.answered

    async def open(self) -> None:
        """Open the channel and start the zygote, without waiting for its imports."""
        await self._channels.start()
        await self._zygote_process()

    async def close(self) -> None:
        """End all workers and the zygote without reporting them."""
        self._closing = True
        for worker in self._workers.values():
            worker.clear_timer()
        async with self._starting:
            if self._zygote is not None:
                await self._zygote.close()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._channels.close()

    async def start(self, spec: TaskSpec) -> None:
        """Start a worker; `on_started` or `on_ended` follows. Does nothing if the session runs already.

        Raises FateFlowError if there is no zygote to start it.
        """
        session = spec.session
        if session in self._running:
            return
        worker = _Worker(f"{session}#{next(self._numbers)}", spec, self._channels.expect(spec))
        self._workers[worker.key] = self._running[session] = worker
        worker.set_timer(self._start_limit, self._overdue)
        try:
            zygote = await self._zygote_process()
            if worker.key not in self._workers:
                return  # it was reported as lost meanwhile, with the previous zygote
            worker.zygote = zygote
            zygote.send(RunTask(worker.key, spec, self._channels.path, worker.token))
        except BaseException:
            self._forget(worker)
            raise

    async def kill(self, session: str, status: Status = Status.CANCELED, reason: str = "") -> bool:
        """Kill a worker with all its processes: SIGTERM, then SIGKILL two seconds later. It is reported with this
        status unless its final frame came first. Returns False if the session does not run.
        """
        worker = self._running.get(session)
        if worker is None:
            return False
        worker.kill = worker.kill or (status, reason)
        self._request_kill(worker)
        return True

    def running(self) -> list[str]:
        """The sessions whose end has not been reported."""
        return list(self._running)

    async def vital(self, session: str) -> WorkerHealth | None:
        """A worker's last heartbeat and what it waits for; None if the session does not run."""
        worker = self._running.get(session)
        if worker is None:
            return None
        return await asyncio.to_thread(self._health.of, session, task_directory(self._home, worker.spec))

    async def stack(self, session: str) -> str:
        """The current stacks of a worker's threads; '' if it does not answer or does not run."""
        worker = self._running.get(session)
        if worker is None or self._zygote is None or self._zygote.gone:
            return ""
        directory = task_directory(self._home, worker.spec)
        async with worker.sampling:
            await asyncio.to_thread(reset_stacks, directory)
            self._zygote.send(Sample(worker.key))
            return await read_stacks(directory)

    @property
    def zygote_pid(self) -> int | None:
        """The pid of the zygote while it lives."""
        return self._zygote.pid if self._zygote is not None and not self._zygote.gone else None

    async def ready(self) -> None:
        """Wait until the zygote has done its imports, so that the next worker starts at once."""
        await (await self._zygote_process()).ready()

    def finished(self, spec: TaskSpec, frame: Finished) -> None:
        """Handle a worker's final frame."""
        worker = self._running.get(spec.session)
        if worker is None:
            return
        worker.final_frame = frame
        if worker.pid:  # otherwise the zygote's WorkerStarted is still on its way
            self._report(worker, frame.outcome)
            worker.set_timer(_LINGER, self._request_kill)

    async def _zygote_process(self) -> ZygoteProcess:
        async with self._starting:
            if self._closing:
                raise FateFlowError("the site is closing and starts no worker")
            if self._zygote is None or self._zygote.gone:
                zygote = ZygoteProcess(self._home, self._on_notice, lambda: self._on_zygote_exit(zygote))
                await zygote.start()
                self._zygote = zygote
            return self._zygote

    def _on_notice(self, notice: WorkerStarted | WorkerNotStarted | WorkerExited) -> None:
        worker = self._workers.get(notice.key)
        if worker is None:
            return
        match notice:
            case WorkerStarted(pid=pid):
                worker.clear_timer()
                worker.pid = pid
                if not self._closing:
                    self._on_started(worker.spec, pid)
                if worker.final_frame is not None:
                    self.finished(worker.spec, worker.final_frame)
            case WorkerNotStarted(reason=reason):
                self._finalize(worker, TaskOutcome.from_lost(worker.spec, reason))
            case WorkerExited(exit=exit):
                self._in_background(self._exited(worker, exit))

    async def _exited(self, worker: _Worker, exit: ProcessExit) -> None:
        worker.clear_timer()
        await self._channels.drained(worker.token)
        if worker.final_frame is not None:
            outcome = worker.final_frame.outcome
        elif worker.kill is not None:
            outcome = TaskOutcome.from_kill(worker.spec, *worker.kill, exit)
        else:
            log = _last_logged_lines(task_directory(self._home, worker.spec))
            outcome = TaskOutcome.from_exit(worker.spec, exit, log, _machine_memory())
        self._finalize(worker, outcome)

    def _on_zygote_exit(self, zygote: ZygoteProcess) -> None:
        """Report its workers, which die with it, and kill what they had started."""
        if self._closing:
            return
        logger.error("the process that starts the workers ended; see logs/fate_flow/workers.log")
        for worker in [one for one in self._workers.values() if one.zygote is zygote]:
            if worker.pid:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(worker.pid, signal.SIGKILL)
            if worker.kill is not None:
                outcome = TaskOutcome.from_kill(worker.spec, *worker.kill, ProcessExit())
            else:
                cause = "the process that starts the workers ended, and its workers with it"
                outcome = TaskOutcome.from_lost(worker.spec, cause)
            self._finalize(worker, outcome)
        if zygote.was_ready:  # otherwise it cannot start; the next task tries again
            self._in_background(self._restart())

    async def _restart(self) -> None:
        try:
            await self._zygote_process()
        except (FateFlowError, OSError):
            logger.exception("the process that starts the workers could not be started again")

    def _overdue(self, worker: _Worker) -> None:
        """Kill a zygote that does not fork; its workers are then reported as lost."""
        logger.error("%s did not start within %g s", worker.spec.session, self._start_limit)
        if self._zygote is not None:
            self._zygote.kill()

    def _request_kill(self, worker: _Worker) -> None:
        if self._zygote is not None and not self._zygote.gone:
            self._zygote.send(Kill(worker.key))

    def _finalize(self, worker: _Worker, outcome: TaskOutcome) -> None:
        self._report(worker, outcome)
        self._forget(worker)

    def _report(self, worker: _Worker, outcome: TaskOutcome) -> None:
        session = worker.spec.session
        if self._running.get(session) is worker and not self._closing:
            del self._running[session]
            self._on_ended(worker.spec, outcome)

    def _forget(self, worker: _Worker) -> None:
        worker.clear_timer()
        self._channels.forget(worker.token)
        self._health.forget(worker.spec)
        self._workers.pop(worker.key, None)
        if self._running.get(worker.spec.session) is worker:
            del self._running[worker.spec.session]

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def _last_logged_lines(directory: Path) -> list[str]:
    lines = [line.rstrip() for name in LOGS for line in last_lines(directory / name, LOG_LINES)]
    return lines[-LOG_LINES:]


def _machine_memory() -> float:
    """The machine's memory in MiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 20)
