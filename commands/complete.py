"""Shell completion of ids, given up if the scheduler does not answer quickly."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import typer

from fateflow_tui.commands import settings
from fateflow_tui.core.errors import FateFlowError

_TIMEOUT: Final = 0.3  # seconds
_LIMIT: Final = 20


def complete_job(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return the newest jobs of a running scheduler with their status. Starts no scheduler and prints nothing."""
    jobs = _newest(context, "job/list")
    if jobs is None:
        return []
    words = [(job["job_id"], f"{job['status']} {job.get('name', '')}".strip()) for job in jobs]
    return _matching([*words, ("@last", "the newest job")], incomplete)


def complete_version(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return the newest model versions of a running scheduler and their aliases."""
    versions = _newest(context, "model/list")
    if versions is None:
        return []
    words = [
        (word, "deployed" if one.get("deployed") else "trained")
        for one in versions
        for word in (one["model_version"], *one.get("aliases", ()))
    ]
    return _matching([*words, ("@last", "the newest version")], incomplete)


def _newest(context: typer.Context, path: str) -> list[dict[str, Any]] | None:
    """Return the newest records of an endpoint; None when no scheduler answers in time."""
    from http.client import HTTPConnection, HTTPException

    from fateflow_tui.sdk.connection import find

    url, home = _option_value(context, "url"), _option_value(context, "home")
    try:
        target = find(url or (None if home or _in_environment() else settings.read().url), Path(home) if home else None)
        address = urlsplit(target.url)
        if address.scheme != "http":
            return None
        connection = HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {target.token}"}
        connection.request("POST", f"/v1/{path}", json.dumps({"limit": _LIMIT}), headers)
        records: list[dict[str, Any]] = json.loads(connection.getresponse().read()).get("data") or []
    except (FateFlowError, OSError, HTTPException, ValueError):
        return None
    return records


def _matching(words: list[tuple[str, str]], incomplete: str) -> list[tuple[str, str]]:
    return [word for word in words if word[0].startswith(incomplete)]


def _option_value(context: typer.Context, name: str) -> str | None:
    """Return the value of a global option on the command line so far."""
    level: Any = context
    while level is not None:
        if level.params.get(name):
            return str(level.params[name])
        level = level.parent
    return os.environ.get("FATEFLOW_HOME") if name == "home" and not os.environ.get("FATEFLOW_URL") else None


def _in_environment() -> bool:
    return bool(os.environ.get("FATEFLOW_URL"))
