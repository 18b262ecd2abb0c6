"""What a process asks of the operating system: to die with its parent, limits, threads."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_MIB: Final = 1 << 20
THREAD_VARIABLES: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "POLARS_MAX_THREADS",
)
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int, signal_number: int) -> None:
    """Sends us the signal when our parent ends, whatever ends it (Linux; elsewhere its closed socket tells us).

    parent: its pid; if it has ended already, we end here.
    """
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def limit_memory(mib: int) -> None:
    """Bounds what this process may allocate beyond what it has now, in MiB; 0: no limit.

    Counted is private writable memory, not address space, because libraries reserve far more of that than they use.
    """
    if mib <= 0:
        return
    limit = _private_memory() + mib * _MIB
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _private_memory() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[5])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def raise_oom_score() -> None:
    """When the machine runs out of memory, a task shall be ended rather than the site."""
    try:
        file = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    except OSError:
        return  # not Linux: the system's own choice stands
    os.write(file, b"500")
    os.close(file)


class ThreadPools:
    """The thread pools of the libraries loaded so far, found once since that takes milliseconds."""

    def __init__(self) -> None:
        threadpoolctl = sys.modules.get("threadpoolctl")
        self._pools = threadpoolctl.ThreadpoolController() if threadpoolctl else None

    def use(self, count: int) -> None:
        """Lets libraries use `count` threads: these, which were loaded with one thread, and those loaded later."""
        for name in THREAD_VARIABLES:
            os.environ[name] = str(count)
        polars = sys.modules.get("polars")
        if polars is not None and hasattr(polars.Config, "reload_env_vars"):  # others look when they start their pool
            polars.Config.reload_env_vars()
        if self._pools is not None and count > 1:
            self._pools.limit(limits=count)


def peak_memory() -> int:
    """Of this process so far, resident, in MiB."""
    return to_mib(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def to_mib(maxrss: int) -> int:
    """`ru_maxrss` is in KiB on Linux and in bytes on macOS."""
    return maxrss >> (20 if sys.platform == "darwin" else 10)
