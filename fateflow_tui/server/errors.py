"""What the operating system refuses, as an error that says what the operator can do."""

from __future__ import annotations

import errno
from typing import Final

from fateflow_tui.core.errors import FateFlowError


def system_error(fault: BaseException) -> FateFlowError | None:
    """The error to tell instead; None for a fault that is not known to be the system's."""
    hint = _HINTS.get(fault.errno or 0) if isinstance(fault, OSError) else None
    if hint is None or not isinstance(fault, OSError):
        return None
    place = f": {fault.filename}" if fault.filename else ""
    return FateFlowError(f"the site's machine refuses: {fault.strerror}{place}", hint=hint)


_SPACE: Final = "free some space; `fateflow gc --dry-run --keep-jobs 90d` shows what the site could do without"


_RIGHTS: Final = "give the site's user the right to write there, or choose another home: --home"


_FILES: Final = "raise the limit of open files (ulimit -n) of the site's user, and start the scheduler anew"


_HINTS: Final = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EROFS: _RIGHTS,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.EIO: "the disk may be broken: see the system's log",
}
