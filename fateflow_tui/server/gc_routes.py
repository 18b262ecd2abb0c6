"""Garbage collection: what the site could do without."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.runtime.leftovers import Leftover
from fateflow_tui.runtime.site_config import Retention
from fateflow_tui.server.body import Body, JsonBody
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.described import FLAG, NUMBER, described, members
from fateflow_tui.server.envelope import answer

router = APIRouter(tags=["site"])

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
    limits, dry = _limits(site.collector.limits, body), body.flag("dry_run", True)
    found = await (site.collector.plan(limits) if dry else site.collector.collect(limits))
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


def _shown(item: Leftover) -> dict[str, Any]:
    return {"kind": item.kind, "name": item.name, "size": item.size, "at": item.at, "why": item.why}
