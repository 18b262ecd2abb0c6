"""What later versions of FATE-Flow tell of themselves: apps `server`, `info` and `service`."""

from __future__ import annotations

import asyncio
import os
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui import __version__
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.document.job_parameters import TASK_CORES
from fateflow_tui.core.errors import Conflict, NotFound
from fateflow_tui.core.plan import JobOptions
from fateflow_tui.runtime.peers.grants import party_of
from fateflow_tui.runtime.site import Site
from fateflow_tui.runtime.site_config import SiteConfig
from fateflow_tui.server.address import Address
from fateflow_tui.server.context import ThisAddress, ThisSite
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.openapi import described

router = APIRouter(tags=["server (FATE-Flow 1.7+)"])

_PLACE: Final = {"host": "127.0.0.1", "http_port": 9380, "grpc_port": None}
_INSTANCE: Final = {"instance_id": "site-1742-1", "timestamp": 1, "version": __version__, **_PLACE}
_COMMON: Final = {"version": __version__, "party_id": 9999, **_PLACE}
_DEFAULTS: Final = {
    "task_cores": TASK_CORES,
    "task_memory": 0,
    "task_parallelism": 1,
    "federated_status_collect_type": "PULL",
}


@router.post("/server/fateflow/info", **described(answer={"site-1742-1": _INSTANCE}))
async def server_info(site: ThisSite, address: ThisAddress) -> Response:
    """The schedulers of this site by their instance id; it is always the one that answers."""
    instance = f"{site.name}-{os.getpid()}-{site.started_at}"
    facts = {"instance_id": instance, "timestamp": now_ms(), "version": __version__, **_place(address)}
    return answer({instance: facts})


@router.post("/server/get", **described(answer={"fateflow": _PLACE}))
async def server_get(address: ThisAddress) -> Response:
    """All servers that this site knows beside its peers: itself."""
    return answer({"fateflow": _place(address)})


@router.post("/server/service/get", **described(answer=[]))
@router.post("/service/query", **described(answer=[]))
async def services() -> Response:
    """Services of other servers that this site calls: none, ever."""
    return answer([])


@router.post("/server/reload", **described(answer={"changed": []}))
async def reload(site: ThisSite) -> Response:
    """Reads `site.toml` again and tells whether it is good and still what runs. Nothing is changed while the site
    runs: a changed file is a refusal that names the keys.
    """
    path = site.home.configuration
    fresh = await asyncio.to_thread(SiteConfig.load, path)
    changed = [name for name in SiteConfig.__struct_fields__ if getattr(fresh, name) != getattr(site.config, name)]
    # What the command line said in its place is another thing than a file that was changed.
    if changed and path.stat().st_mtime_ns // 1_000_000 > site.started_at:
        raise Conflict(
            f"{path} says something else than what this site runs with: {', '.join(changed)}; nothing was changed",
            hint="fateflow server stop, then fateflow server start",
            data={"changed": changed},
        )
    return answer({"changed": []})


@router.post("/server/config/job/default", **described(answer=_DEFAULTS))
async def job_defaults() -> Response:
    """The job parameters that a conf need not give. Times in seconds; 0: no limit."""
    options = JobOptions()
    times = {
        "job_timeout": options.running_timeout,
        "waiting_timeout": options.waiting_timeout,
        "task_timeout": options.task_timeout,
        "auto_retry_delay": options.auto_retry_delay,
    }
    return answer(
        {
            **_DEFAULTS,
            "task_parallelism": options.task_parallelism,
            "auto_retries": options.auto_retries,
            "priority": options.priority,
            "schedule_mode": options.schedule_mode,
            **{name: milliseconds / 1000 for name, milliseconds in times.items()},
        }
    )


@router.post("/server/{name}/get", **described(example={"name": "fateflow"}, answer=_PLACE))
async def server_named(name: str, address: ThisAddress) -> Response:
    """One server by its name."""
    if name != "fateflow":
        raise NotFound(f"this site knows no server {name!r}, only itself (fateflow)")
    return answer(_place(address))


@router.post("/info/common", **described(answer=_COMMON))
async def common(site: ThisSite, address: ThisAddress) -> Response:
    """Version and place of this site and its party id: the first one, null where it plays all."""
    return answer(_common(site, address))


@router.post("/info/fateboard", **described())
async def fateboard() -> Response:
    """No board belongs to a site: always a failure."""
    raise NotFound("no FATE-Board belongs to this site", hint="a board of version 1.8 or later can be pointed at it")


@router.post("/info/eggroll", **described())
async def eggroll() -> Response:
    """No EggRoll belongs to a site: always a failure."""
    raise NotFound("this site runs its tasks by itself, without EggRoll", hint="fateflow resource show")


@router.post("/info/party/{destination}", **described(example={"destination": "9999"}, answer=_COMMON))
async def of_party(destination: str, site: ThisSite, address: ThisAddress) -> Response:
    """The same of another party's site, which is asked now."""
    own = {party_of(pattern).party_id for pattern in site.config.parties}
    if site.config.standalone or destination in own:
        return answer({**_common(site, address), "party_id": _number(destination)})
    route = next((one for one in site.routes.list() if party_of(one.party).party_id == destination), None)
    if route is None:
        raise NotFound(f"no site of party id {destination!r} is known", hint="fateflow party add PARTY URL")
    state = msgspec.to_builtins(await site.peers.ping(party_of(route.party)))
    parts = urlsplit(route.url)
    place = {"host": parts.hostname, "http_port": parts.port, "grpc_port": None}
    return answer({"version": state["version"], "party_id": _number(destination), **place})


def _place(address: Address) -> dict[str, Any]:
    """There is no gRPC here."""
    return {"host": urlsplit(address.url).hostname, "http_port": address.port, "grpc_port": None}


def _common(site: Site, address: Address) -> dict[str, Any]:
    first = site.config.primary_party()
    return {"version": __version__, "party_id": _number(first.party_id) if first else None, **_place(address)}


def _number(party_id: str) -> int | str:
    """As FATE shows it; what is no number stays as it is."""
    return int(party_id) if party_id.isascii() and party_id.isdecimal() and len(party_id) < 19 else party_id
