"""Completion of job ids in the shell: quick or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import typer

from fateflow_tui.core.errors import FateFlowError

_PATIENCE: Final = 0.3  # seconds
_SHOWN: Final = 20


def complete_job(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The newest jobs of a running scheduler, with their status. Starts nothing and says nothing."""
    from http.client import HTTPConnection, HTTPException

    from fateflow_tui.sdk.connection import find

    home = _said(context, "home")
    try:
        target = find(_said(context, "url"), Path(home) if home else None)
        place = urlsplit(target.url)
        if place.scheme != "http":
            return []
        connection = HTTPConnection(place.hostname or "", place.port, timeout=_PATIENCE)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {target.token}"}
        connection.request("POST", "/v1/job/list", json.dumps({"limit": _SHOWN}), headers)
        jobs = json.loads(connection.getresponse().read()).get("data") or []
    except (FateFlowError, OSError, HTTPException, ValueError):
        return []
    words = [(job["job_id"], f"{job['status']} {job.get('name', '')}".strip()) for job in jobs]
    words.append(("@last", "the newest job"))
    return [word for word in words if word[0].startswith(incomplete)]


def _said(context: typer.Context, name: str) -> str | None:
    """A global option as it stands so far on the command line."""
    level: Any = context
    while level is not None:
        if level.params.get(name):
            return str(level.params[name])
        level = level.parent
    return os.environ.get("FATEFLOW_HOME") if name == "home" and "FATEFLOW_URL" not in os.environ else None
