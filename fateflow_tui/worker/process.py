"""Settings of a process: dying with its parent, memory limit, OOM score, threads."""

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
    """Have the signal sent to this process when its parent ends (Linux; elsewhere the closed socket shows it).

    parent: its pid; if it has ended already, this process exits.
    """
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def limit_memory(mib: int) -> None:
    """Limit what this process may allocate from now on, in MiB; 0 for no limit.

    It limits private writable memory, not address space, because libraries reserve far more of it than they use.
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
    """Let the kernel kill a task rather than the site when the machine runs out of memory."""
    try:
        file = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    except OSError:
        return  # not Linux
    os.write(file, b"500")
    os.close(file)


class ThreadPools:
    """The thread pools of the loaded libraries, looked up once since that takes milliseconds."""

    def __init__(self) -> None:
        threadpoolctl = sys.modules.get("threadpoolctl")
        self._pools = threadpoolctl.ThreadpoolController() if threadpoolctl else None

    def use(self, count: int) -> None:
        """Let libraries use `count` threads: those loaded, with one thread so far, and those loaded later."""
        for name in THREAD_VARIABLES:
            os.environ[name] = str(count)
        polars = sys.modules.get("polars")
        if polars is not None and hasattr(
            polars.Config, "reload_env_vars"
        ):  # others read them when they start their pool
            polars.Config.reload_env_vars()
        if self._pools is not None and count > 1:
            self._pools.limit(limits=count)


def peak_memory() -> int:
    """The peak resident memory of this process in MiB."""
    return to_mib(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def to_mib(maxrss: int) -> int:
    """Convert `ru_maxrss`, which is in KiB on Linux and in bytes on macOS."""
    return maxrss >> (20 if sys.platform == "darwin" else 10)
