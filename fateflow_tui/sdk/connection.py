"""The scheduler's address: given by the user, or read from the file that a running scheduler writes to its home."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

import msgspec

from fateflow_tui.artifacts.run_file import read_run_file
from fateflow_tui.core.errors import SchedulerUnreachable

START_HINT = "start one with: fateflow server start"


class Target(msgspec.Struct, frozen=True):
    """The address of a scheduler. origin: how it was found, for error messages. app_key, secret_key: sign calls."""

    url: str
    token: str = ""
    certificate: str = ""
    origin: str = ""
    app_key: str = ""
    secret_key: str = ""


def default_home() -> Path:
    """$FATEFLOW_HOME, or `fateflow` in the user's data directory."""
    named = os.environ.get("FATEFLOW_HOME")
    if named:
        return Path(named)
    import platformdirs

    return platformdirs.user_data_path("fateflow", appauthor=False)


def find(
    url: str | None = None,
    home: Path | str | None = None,
    token: str | None = None,
    app_key: str | None = None,
    secret_key: str | None = None,
) -> Target:
    """Find the scheduler at `url` or $FATEFLOW_URL (with `token` or $FATEFLOW_TOKEN), else the one of the home.

    Raises SchedulerUnreachable when none runs on the home, CopiedHome when it is a copy of the home of one.
    """
    keys = (app_key or "", secret_key or "")
    token = token or os.environ.get("FATEFLOW_TOKEN", "")
    url = url or os.environ.get("FATEFLOW_URL") if home is None else url
    if url:
        return Target(url.rstrip("/"), token, "", url, *keys)
    directory = Path(home).expanduser() if home is not None else default_home()
    run = read_run_file(directory)
    if run is None:
        raise SchedulerUnreachable(f"no scheduler is running on {directory}", hint=START_HINT)
    origin = f"{run.url} (process {run.pid}, {directory})"
    return Target(run.url, token or run.token, run.certificate, origin, *keys)


def verification(target: Target) -> Any:
    """How httpx verifies the scheduler's certificate: against the one in the run file, if there is one."""
    if not target.certificate:
        return target.url.startswith("https:")  # loading the CA certificates takes longer than most calls
    context = ssl.create_default_context(cafile=target.certificate)
    context.check_hostname = False  # exactly this certificate is expected, whatever names it has
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
