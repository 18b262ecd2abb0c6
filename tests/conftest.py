"""Fixtures that several rooms' tests share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# How many inputs hypothesis tries in each property test; `tests/run thorough` asks for more.
settings.register_profile("fateflow", max_examples=int(os.environ.get("FATEFLOW_EXAMPLES", "30")), deadline=None)
settings.load_profile("fateflow")


def pytest_configure(config: pytest.Config) -> None:
    """A shell starts what runs in its background with Ctrl-C ignored, and so would be all commands under test."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """FATE's example jobs, data sets and recorded answers; `FATEFLOW_SHARED` or `../shared` beside the checkout."""
    path = Path(os.environ.get("FATEFLOW_SHARED", Path(__file__).parents[2] / "shared"))
    if not (path / "fate").is_dir():
        pytest.skip(f"FATE's example jobs and data sets are not at {path}; set FATEFLOW_SHARED")
    return path
