"""Calls of FATE-Flow that this version knows and does not obey, each with its reason."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.core.errors import NotBuilt

router = APIRouter()

_OWN_SERVERS: Final = ("a site calls no other servers than its peers", "fateflow party add tells it of one")
_OWN_MODULES: Final = (
    "modules come from installed packages (entry points fateflow.components) and from files in <home>/components",
    "put the file there and restart the site",
)
_OWN_KEYS: Final = (
    "FATE's RSA keys are of no use here and are not kept: sites know each other by pinned Ed25519 keys",
    "fateflow party trust PARTY pins one, fateflow party remove PARTY forgets it",
)
_ABSENT: Final[dict[str, tuple[str, str]]] = {
    "version/set": ("a site plays the parties that it was started with", "fateflow server start --party"),
    "server/{name}/register": _OWN_SERVERS,
    "service/registry": _OWN_SERVERS,
    "provider/register": _OWN_MODULES,
    "provider/update": _OWN_MODULES,
    "key/public/save": _OWN_KEYS,
    "key/public/delete": _OWN_KEYS,
    "info/party/{via}/{destination}": ("sites are asked directly, never by way of another one", "info/party/PARTY_ID"),
    "forward/{role}": ("sites pass no calls on to services of other parties", ""),
    "forward/{role}/do": ("sites pass no calls on to services of other parties", ""),
    "worker/config/load": ("a worker gets its whole order from the scheduler that starts it, by no HTTP call", ""),
    "component/hetero/merge": ("the parts of a hetero model stay at their parties and are not joined", ""),
    "component/woe_array/extract": ("this version has no WOE arrays: no module of it makes any", ""),
    "component/woe_array/merge": ("this version has no WOE arrays: no module of it makes any", ""),
}


def _refusing(reason: str, hint: str) -> Callable[[Request], Awaitable[Response]]:
    async def refuse(request: Request) -> Response:
        raise NotBuilt(f"{request.url.path} does nothing in this version: {reason}", hint=hint)

    return refuse


for _path, (_reason, _hint) in _ABSENT.items():
    # Plain routes: the OpenAPI document shows what there is.
    router.add_route(f"/{_path}", _refusing(_reason, _hint), methods=["POST"], include_in_schema=False)
