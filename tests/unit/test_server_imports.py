"""The scheduler's process stays small: what computes is loaded by workers only."""

from __future__ import annotations

import subprocess
import sys


def test_the_scheduler_loads_no_numerics() -> None:
    program = (
        "import sys, fateflow_tui.server.serve\n"
        "print(sorted({'numpy', 'polars', 'sklearn', 'gmpy2', 'networkx', 'textual'} & sys.modules.keys()))"
    )
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert outcome.stdout.strip() == "[]"
