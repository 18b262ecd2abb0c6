"""Errors of the operating system, with a hint for the operator."""

from __future__ import annotations

import errno
from typing import Final

from fateflow_tui.core.errors import FateFlowError


def system_error(fault: BaseException) -> FateFlowError | None:
    """Return the error to report for a failure of the operating system; None for any other exception."""
    hint = _HINTS.get(fault.errno or 0) if isinstance(fault, OSError) else None
    if hint is None or not isinstance(fault, OSError):
        return None
    place = f": {fault.filename}" if fault.filename else ""
    return FateFlowError(f"operating system error: {fault.strerror}{place}", hint=hint)


_SPACE: Final = "free some disk space; `fateflow gc --dry-run --keep-jobs 90d` lists what the site could delete"


_PERMISSION: Final = "give the site's user write permission there, or choose another home: --home"


_FILES: Final = "raise the limit of open files (ulimit -n) of the site's user, and restart the scheduler"


_HINTS: Final = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EROFS: _PERMISSION,
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.EIO: "the disk may be failing; see the system's log",
}
