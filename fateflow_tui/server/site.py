"""Routes about the site itself: version, status, health, resources, garbage collection, shutdown."""

from __future__ import annotations

import os
from typing import Any

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
from fateflow_tui.server.openapi import FLAG, NUMBER, TEXT, described, members
from fateflow_tui.server.requests import Body, JsonBody

router = APIRouter(tags=["site"])

# What 1.x clients are told: the line of FATE whose interface this is.
_COMPATIBLE = "1.6.0"
_VERSIONS = {"FATE": _COMPATIBLE, "FATEFlow": _COMPATIBLE, "API": "v1"}
_VERSION = described(members(module=TEXT), {"module": "FATE"}, {"FATE": _COMPATIBLE})


@router.post("/version/get", **_VERSION)
@router.post("/server/version/get", **_VERSION)
@router.post("/info/version", **_VERSION)
async def version(body: JsonBody) -> Response:
    """The version of FATE that clients may count on; `module` chooses one. `fateflow` is this server's own."""
    module = body.text("module")
    if module in _VERSIONS:
        return answer({module: _VERSIONS[module]})
    if module:
        return answer({module: None})
    return answer({**_VERSIONS, "fateflow": __version__})


@router.post(
    "/site/status",
    **described(answer={"name": "fateflow", "version": __version__, "url": "http://127.0.0.1:9380", "parties": []}),
)
async def status(site: ThisSite, address: ThisAddress) -> Response:
    """Name, address, age and process of this site, and the parties that it plays ([] for all)."""
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


@router.post("/site/doctor", **described(answer=[{"name": "home", "ok": True, "text": "it can be written", "fix": ""}]))
async def doctor(site: ThisSite, address: ThisAddress) -> Response:
    """Checks of this site and of the ways to its peers and back: name, ok, text, fix."""
    return answer(await site.doctor(address.url))


@router.post("/site/shutdown", **described())
async def shutdown(request: Request) -> Response:
    """Ends this site: its workers are killed, its jobs go on at the next start."""
    request.app.state.shutdown()
    return answer()


@router.post("/resource/show", **described(answer={"cores": 4, "free": 4}))
async def resources(site: ThisSite) -> Response:
    """What the local engine has, what is taken and by which jobs."""
    return answer(site.resources())


@router.post("/component/list", **described(answer=[{"module": "DataIO", "roles": ["guest", "host"], "built": True}]))
async def component_list(site: ThisSite) -> Response:
    """All modules by name: roles, parameter class, and whether this version can run them. `broken`: why one, or a
    drop-in file, cannot be loaded.
    """
    broken = site.broken_modules()
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


_MOST = 1e9  # days or MiB
_LIMITS = Retention.__struct_fields__
_BODY = members(dry_run=FLAG, **dict.fromkeys(_LIMITS, NUMBER))
_ITEM = {
    "kind": "logs",
    "name": "202611240811205000000",
    "size": 20480,
    "at": 1795509680725,
    "why": "logs are kept for 30 days",
}
_ANSWER = {"dry_run": True, "size": 20480, "items": [_ITEM], "kept": {}}


@router.post("/site/gc", **described(_BODY, {"dry_run": True, "logs_days": 30}, _ANSWER))
async def collect(site: ThisSite, body: JsonBody) -> Response:
    """What jobs, logs, tables, remains of models and files of nobody would go, and how many bytes; with `dry_run`
    false they go. The limits are those of `[retention]` in site.toml, or what is given in their place; 0 keeps for
    ever. `kept`: what is beyond a limit and stays, and why: live, registered, reused, or used by something that stays.
    """
    limits, dry = _limits(site.garbage.limits, body), body.flag("dry_run", True)
    found = await (site.garbage.plan(limits) if dry else site.garbage.collect(limits))
    return answer(
        {"dry_run": dry, "size": found.size, "items": [_shown(one) for one in found.items], "kept": found.kept}
    )


def _limits(configured: Retention, body: Body) -> Retention:
    given: dict[str, Any] = {}
    for name in _LIMITS:
        if body.members.get(name) is None:
            continue
        value = body.number(name, 0)
        if not 0 <= value < _MOST:
            raise BadRequest(f"{name} is {value:g}, it must be 0 or more")
        given[name] = value if name.endswith("_days") else int(value)
    return msgspec.structs.replace(configured, **given)


def _shown(item: GarbageItem) -> dict[str, Any]:
    return {"kind": item.kind, "name": item.name, "size": item.size, "at": item.at, "why": item.why}
