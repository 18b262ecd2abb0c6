"""Record the requests of the published clients again by running their tests: `python tests/clients/record.py`.

What tests said that failed is left out, and said so.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).parent


def main() -> int:
    recordings = _HERE / "recorded"
    recordings.mkdir(exist_ok=True)
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:xdist",
        str(_HERE),
        "--ignore",
        str(_HERE / "test_recorded.py"),
    ]
    environment = {**os.environ, "FATEFLOW_CLIENT_RECORDINGS": str(recordings)}
    return subprocess.run(words, env=environment, cwd=_HERE.parents[1], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
