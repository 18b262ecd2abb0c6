"""Fixtures that several rooms' tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """FATE's example jobs, data sets and recorded answers; `FATEFLOW_SHARED` or `../shared` beside the checkout."""
    path = Path(os.environ.get("FATEFLOW_SHARED", Path(__file__).parents[2] / "shared"))
    if not (path / "fate").is_dir():
        pytest.skip(f"FATE's example jobs and data sets are not at {path}; set FATEFLOW_SHARED")
    return path
