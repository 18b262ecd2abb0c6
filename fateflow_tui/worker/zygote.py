"""The warm parent of all workers of a site: `python -m fateflow_tui.worker.zygote FD HOME`.

It imports what tasks need once, then forks a worker for each request on the socket FD (see `worker.protocol`). It keeps
a few processes forked in advance, since forking a warm parent takes milliseconds; each serves one task only. It never
starts a thread or runs a task itself. When the socket closes or SIGTERM arrives, it ends all workers and then itself.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import resource
import select
import signal
import socket
import sys
import time
import warnings
from importlib import import_module
from pathlib import Path
from typing import Final

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.components.catalog import Catalog, load_catalog
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.work import ProcessExit
from fateflow_tui.worker.child import serve_one
from fateflow_tui.worker.process import ThreadPools, die_with_parent, to_mib
from fateflow_tui.worker.protocol import (
    Kill,
    Notice,
    Ready,
    Request,
    RunTask,
    Sample,
    WorkerExited,
    WorkerNotStarted,
    WorkerStarted,
)

PRELOADED: Final = (
    "numpy",
    "polars",
    "gmpy2",
    "pydantic",
    "cryptography.hazmat.primitives.asymmetric.x25519",
    "cryptography.hazmat.primitives.ciphers.aead",
)
SPARES: Final = 3  # as many as a typical job has parties, whose tasks start together
_WATCHED: Final = (signal.SIGCHLD, signal.SIGTERM)
GRACE: Final = 2.0  # seconds between SIGTERM and SIGKILL
_IDLE: Final = 0.001  # seconds without requests before a process is forked in advance; tasks go first
_READ: Final = 1 << 20

logger = logging.getLogger("fateflow_tui.zygote")


class Zygote:
    """Fork workers, watch them and report when they exit."""

    def __init__(self, control: socket.socket, catalog: Catalog, pools: ThreadPools) -> None:
        self._control = control
        self._catalog = catalog
        self._pools = pools
        self._requests = msgspec.json.Decoder(Request)
        self._buffer = b""
        self._wakeup, self._signals = socket.socketpair()
        self._spares: dict[int, int] = {}  # pid -> the pipe end that takes its request
        self._keep_spares = SPARES
        self._keys: dict[int, str] = {}  # pid -> key of its run
        self._deadlines: dict[int, float] = {}  # pid -> when SIGKILL follows SIGTERM
        self._closing = False

    def serve(self) -> None:
        """Serve until the socket has closed and no worker is left."""
        self._signals.setblocking(False)
        self._wakeup.setblocking(False)
        signal.set_wakeup_fd(self._signals.fileno(), warn_on_full_buffer=False)
        for number in _WATCHED:
            signal.signal(number, lambda *_: None)
        self._notify(Ready(os.getpid()))
        while not self._closing or self._keys:
            watched = [self._wakeup] if self._closing else [self._control, self._wakeup]
            readable, _, _ = select.select(watched, [], [], self._patience())
            if self._wakeup in readable:
                self._take_signals()
            if self._control in readable:
                self._take_requests()
            self._kill_expired()
            if not readable and len(self._spares) < self._keep_spares:
                self._fork_ahead()

    def _patience(self) -> float | None:
        """Seconds to wait for requests and signals. Spares are forked only when there is nothing else to do."""
        if len(self._spares) < self._keep_spares:
            return _IDLE
        if not self._deadlines:
            return None
        return max(0.0, min(self._deadlines.values()) - time.monotonic())

    def _take_requests(self) -> None:
        data = self._control.recv(_READ)
        if not data:
            self._close()
            return
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            request = self._requests.decode(line)
            match request:
                case RunTask(key=key):
                    self._run(key, line)
                case Kill():
                    self._kill(request)
                case Sample(key=key):
                    self._sample(key)

    def _take_signals(self) -> None:
        numbers = self._wakeup.recv(_READ)
        if signal.SIGTERM in numbers:
            self._close()
        while self._reap():
            pass

    def _run(self, key: str, line: bytes) -> None:
        try:
            if not self._spares:
                self._fork()
            pid, pipe = self._spares.popitem()
            self._keys[pid] = key
            with open(pipe, "wb", buffering=0) as request:
                request.write(line)
        except BrokenPipeError:
            return  # it died as a spare; its exit is reported like any other
        except OSError as error:
            self._notify(WorkerNotStarted(key, f"no process could be started: {error}"))
            return
        self._notify(WorkerStarted(key, pid))

    def _kill(self, request: Kill) -> None:
        for pid, key in self._keys.items():
            if key == request.key and pid not in self._deadlines:
                self._deadlines[pid] = time.monotonic() + GRACE
                _signal_group(pid, signal.SIGTERM)

    def _sample(self, key: str) -> None:
        """Signal a worker; here its pid cannot have been reused. It ignores the signal until it can answer."""
        for pid, of_pid in self._keys.items():
            if of_pid == key:
                os.kill(pid, signal.SIGUSR1)

    def _kill_expired(self) -> None:
        now = time.monotonic()
        for pid in [pid for pid, deadline in self._deadlines.items() if deadline <= now]:
            _signal_group(pid, signal.SIGKILL)
            del self._deadlines[pid]

    def _close(self) -> None:
        self._closing = True
        self._keep_spares = 0
        for pid, pipe in self._spares.items():
            os.close(pipe)
            _signal_group(pid, signal.SIGKILL)
        self._spares.clear()
        for key in self._keys.values():
            self._kill(Kill(key))

    def _reap(self) -> bool:
        """Reap one child that has exited and kill the rest of its process group. False if there is none."""
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        if found is None:
            return False
        pid = found.si_pid
        # Before the pid is released, so that the group's number cannot have been reused.
        _signal_group(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
        self._deadlines.pop(pid, None)
        if pid in self._spares:
            os.close(self._spares.pop(pid))
            self._keep_spares = 0  # spares that die by themselves would be forked endlessly
        elif pid in self._keys:
            self._notify(_ended(self._keys.pop(pid), status, usage))
        return True

    def _fork_ahead(self) -> None:
        try:
            self._fork()
        except OSError as error:
            logger.warning("no more processes are forked in advance: %s", error)
            self._keep_spares = 0

    def _fork(self) -> None:
        zygote = os.getpid()
        reading, writing = os.pipe()
        # A child that gets a signal before it has closed the wakeup socket would make the zygote end.
        signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
        try:
            pid = os.fork()
        except OSError:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
            os.close(reading)
            os.close(writing)
            raise
        if pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
            os.close(reading)
            self._spares[pid] = writing
            return
        try:
            signal.set_wakeup_fd(-1)
            for number in _WATCHED:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
            for inherited in (self._control, self._wakeup, self._signals):
                inherited.close()
            for pipe in (writing, *self._spares.values()):
                os.close(pipe)
            code = serve_one(reading, self._catalog, self._pools, zygote)
        except BaseException:
            logger.exception("a worker failed before or after its task")
            code = 70
        finally:
            os._exit(code)

    def _notify(self, notice: Notice) -> None:
        try:
            self._control.sendall(msgspec.json.encode(notice) + b"\n")
        except OSError:
            self._close()  # the site has ended


def _ended(key: str, status: int, usage: resource.struct_rusage) -> WorkerExited:
    peak = to_mib(usage.ru_maxrss)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        name = signal.Signals(number).name if number in signal.valid_signals() else f"signal {number}"
        return WorkerExited(key, ProcessExit(None, name, peak))
    return WorkerExited(key, ProcessExit(os.waitstatus_to_exitcode(status), "", peak))


def _signal_group(pid: int, number: int) -> None:
    """Signal a child that has not been reaped, with all its processes."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        try:
            os.kill(pid, number)  # its group does not exist yet
        except ProcessLookupError:
            return


def preload(catalog: Catalog) -> None:
    """Import what tasks need. A missing or broken package only fails the tasks that need it."""
    for name in PRELOADED:
        try:
            import_module(name)
        except ImportError as error:
            logger.warning("cannot preload %s: %s", name, error)
    for name in catalog.names():
        with contextlib.suppress(FateFlowError):
            catalog.facts(name)


def main(arguments: list[str]) -> int:
    descriptor, home, site = int(arguments[0]), Home(Path(arguments[1])), int(arguments[2])
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # inherited: a worker ignores it until it can answer
    die_with_parent(site, signal.SIGTERM)
    # Polars has a thread that looks after files spilled to disk, which a child does not need.
    warnings.filterwarnings("ignore", message=".*multi-threaded.*fork", category=DeprecationWarning)
    catalog = load_catalog(home.components)
    preload(catalog)
    pools = ThreadPools()
    gc.collect()
    gc.freeze()  # keeps the garbage collector of a child from touching, and so copying, the imported objects
    with socket.socket(fileno=descriptor) as control:
        control.set_inheritable(False)
        Zygote(control, catalog, pools).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
