"""Routes about the site itself: version, status, health, resources, garbage collection, shutdown."""

from __future__ import annotations

import os
from typing import Any, Final

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui import __version__
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.runtime.home.survey import GarbageItem
from fateflow_tui.runtime.site_config import Retention
from fateflow_tui.server.context import ThisAddress, ThisSite
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.openapi import answers
from fateflow_tui.server.requests import Flag, Float, Json, RequestBody, Text

router = APIRouter(tags=["site"])

# The version of FATE whose interface this is, as 1.x clients expect it.
_COMPATIBLE: Final = "1.6.0"
_VERSIONS: Final = {"FATE": _COMPATIBLE, "FATEFlow": _COMPATIBLE, "API": "v1"}
_MAX_LIMIT: Final = 1e9  # days or MiB
_GARBAGE: Final = {
    "kind": "logs",
    "name": "202611240811205000000",
    "size": 20480,
    "at": 1795509680725,
    "why": "logs are kept for 30 days",
}


class VersionQuery(RequestBody, example={"module": "FATE"}):
    module: Text = ""


class CollectRequest(RequestBody, example={"dry_run": True, "logs_days": 30}):
    """The limits replace those of `[retention]` in site.toml; 0 keeps everything."""

    dry_run: Flag = True
    jobs_days: Float = 0
    jobs_mib: Float = 0
    logs_days: Float = 0
    logs_mib: Float = 0
    tables_days: Float = 0
    tables_mib: Float = 0
    archives_days: Float = 0


@router.post("/version/get", **answers({"FATE": _COMPATIBLE}))
@router.post("/server/version/get", **answers({"FATE": _COMPATIBLE}))
@router.post("/info/version", **answers({"FATE": _COMPATIBLE}))
async def version(body: Json[VersionQuery]) -> Response:
    """Return the version of FATE whose interface this is, of one module or of all; `fateflow` is this server's own."""
    if body.module:
        return answer({body.module: _VERSIONS.get(body.module)})
    return answer({**_VERSIONS, "fateflow": __version__})


@router.post(
    "/site/status",
    **answers({"name": "fateflow", "version": __version__, "url": "http://127.0.0.1:9380", "parties": []}),
)
async def status(site: ThisSite, address: ThisAddress) -> Response:
    """Return the site's name, address, start time and process, and the parties that it plays ([] for all)."""
    facts: dict[str, Any] = {
        "name": site.name,
        "version": __version__,
        "url": address.url,
        "home": str(site.home.root),
        "pid": os.getpid(),
        "started_at": site.started_at,
        "standalone": site.config.standalone,
        "parties": site.config.parties,
    }
    return answer(facts)


@router.post("/site/doctor", **answers([{"name": "home", "ok": True, "text": "it can be written", "fix": ""}]))
async def doctor(site: ThisSite, address: ThisAddress) -> Response:
    """Check this site and the connections to its peers."""
    return answer(await site.doctor.run(address.url))


@router.post("/site/shutdown", **answers())
async def shutdown(request: Request) -> Response:
    """Shut this site down. Its workers are killed; its jobs continue at the next start."""
    request.app.state.shutdown()
    return answer()


@router.post("/resource/show", **answers({"cores": 4, "free": 4}))
async def resources(site: ThisSite) -> Response:
    """Show the capacity of the local engine, what is in use, and by which jobs."""
    return answer(site.jobs.resources())


@router.post("/component/list", **answers([{"module": "DataIO", "roles": ["guest", "host"], "built": True}]))
async def component_list(site: ThisSite) -> Response:
    """List all modules with their roles and parameter class, and whether this version can run them. `broken` says why a
    module or a drop-in file cannot be loaded.
    """
    broken = site.doctor.broken_modules()
    names = sorted(set(site.catalog.names()) - broken.keys())
    lines = [
        {
            "module": facts.name,
            "roles": sorted(facts.roles),
            "parameter_class": facts.parameter_class,
            "built": facts.built,
            "version": facts.version,
        }
        for facts in map(site.catalog.facts, names)
        if facts is not None
    ]
    unusable = {"roles": [], "parameter_class": "", "built": False, "version": ""}
    return answer([*lines, *({"module": name, **unusable, "broken": why} for name, why in sorted(broken.items()))])


@router.post("/site/gc", **answers({"dry_run": True, "size": 20480, "items": [_GARBAGE], "kept": {}}))
async def collect(site: ThisSite, body: Json[CollectRequest]) -> Response:
    """Delete expired jobs and logs, unused tables, incomplete models and orphaned files. With `dry_run`, which is the
    default, they are only listed. `kept` counts what is expired but stays, by reason: live, registered, reused, or
    used by something that stays.
    """
    limits = _limits(site.garbage.limits, body)
    found = await (site.garbage.plan(limits) if body.dry_run else site.garbage.collect(limits))
    return answer(
        {
            "dry_run": body.dry_run,
            "size": found.size,
            "items": [_garbage_line(one) for one in found.items],
            "kept": found.kept,
        }
    )


def _limits(configured: Retention, body: CollectRequest) -> Retention:
    given: dict[str, Any] = {}
    for name in Retention.__struct_fields__:
        if body.members.get(name) is None:
            continue
        value = getattr(body, name)
        if not 0 <= value < _MAX_LIMIT:
            raise BadRequest(f"invalid {name} {value:g}: expected 0 or more")
        given[name] = value if name.endswith("_days") else int(value)
    return msgspec.structs.replace(configured, **given)


def _garbage_line(item: GarbageItem) -> dict[str, Any]:
    return {"kind": item.kind, "name": item.name, "size": item.size, "at": item.at, "why": item.why}
