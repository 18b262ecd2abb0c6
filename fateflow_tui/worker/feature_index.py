"""Builds the index of a table's rows: `python -m fateflow_tui.worker.feature_index PARENT HOME NAMESPACE NAME
INDEX`, PARENT being the pid of the process that starts it.

It runs as a process of its own, since it needs Polars and takes some time for a large table. On an error it prints the
message as the last line on stderr and exits with code 1.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from fateflow_tui.artifacts.feature_index import build
from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.worker.process import die_with_parent


def main(parent: str, home: str, namespace: str, name: str, index: str) -> int:
    die_with_parent(int(parent), signal.SIGKILL)
    try:
        build(Tables(Home(Path(home)).tables).open(namespace, name), Path(index))
    except (FateFlowError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
