"""Files that cannot be read: set aside under a name of their own, so that they harm nothing and can be looked at."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from fateflow_tui.core.errors import DamagedFile

_ASIDE = re.compile(r".+\.json\.damaged-\d{8}T\d{6}\.\d{6}Z")


def set_aside(path: Path, cause: str) -> DamagedFile:
    """Renames the file to `<name>.damaged-<UTC time>` and returns the error to raise."""
    now = time.time_ns()
    moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now // 1_000_000_000))
    aside = path.with_name(f"{path.name}.damaged-{moment}.{now // 1000 % 1_000_000:06}Z")
    try:
        os.rename(path, aside)
    except FileNotFoundError:
        aside = path  # another process was faster
    return DamagedFile(
        f"the state file {path} is damaged: {cause}; it was set aside as {aside.name}",
        hint="the other files are not touched; `fateflow doctor` lists what was set aside",
        data={"path": str(path), "aside": str(aside)},
    )


def damaged_files(home: Path) -> list[Path]:
    """All files that were set aside in this home, by path."""
    folder = home / "db"
    return sorted(path for path in folder.rglob("*.damaged-*") if _ASIDE.fullmatch(path.name))
