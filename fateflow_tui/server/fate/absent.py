"""The paths of FATE-Flow 1.x, and the calls that this version rejects, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.core.errors import NotBuilt

_BUILT: Final = """
job/submit job/query job/stop job/rerun job/update job/config job/log job/log/download job/list/job job/list/task
job/task/query job/data/view/query job/clean/queue job/url/get
data/upload data/download data/upload/history table/table_info table/delete table/list
tracking/component/metrics tracking/component/metric/all tracking/component/metric_data tracking/component/parameters
tracking/component/list tracking/component/output/data tracking/component/output/data/download
tracking/component/output/data/table tracking/component/summary/download tracking/job/data_view
pipeline/dag/dependency version/get server/version/get info/version
job/dsl/generate job/clean job/log/path job/parameter/update job/report
data/writer table/bind table/add table/download table/preview table/schema/update table/enable table/disable
table/disable/delete table/tracking/source table/tracking/job table/connector/create table/connector/query
tracking/component/metric/delete tracking/component/output/model
model/deploy model/get/predict/dsl model/get/predict/conf model/query model/query/detail model/export model/import
model/store model/restore model/load model/bind model/migrate model/transfer
model/model_tag/create model/model_tag/remove model/model_tag/retrieve
model/tag/create model/tag/retrieve model/tag/update model/tag/destroy model/tag/list
permission/grant/privilege permission/delete/privilege permission/query/privilege
permission/grant permission/delete permission/query
server/fateflow/info server/get server/service/get server/reload server/config/job/default
info/common info/fateboard info/eggroll service/query
provider/get provider/registry/get component/get component/validate
resource/query resource/return checkpoint/list checkpoint/get log/size log/cat
key/query template/download
"""
_NOT_BUILT: Final = """
model/archive/packaging model/service/register model/homo/convert model/homo/deploy
model/load/do model/migrate/do model/deploy/do
version/set
service/registry
provider/register provider/update
component/hetero/merge component/woe_array/extract component/woe_array/merge
key/public/save key/public/delete worker/config/load
"""
BUILT: Final = frozenset(_BUILT.split())
NOT_BUILT: Final = frozenset(_NOT_BUILT.split())


# Paths with a name in them, of later versions.
_NAMED: Final = re.compile(
    r"server/[^/]+/(get|register)|info/party/.+|provider/[^/]+/get|component/[^/]+/get|forward/[^/]+(/do)?"
)


def is_original(path: str) -> bool:
    """Whether this is a path of FATE-Flow 1.x."""
    name = path.removeprefix("/v1/")
    return name in BUILT or name in NOT_BUILT or _NAMED.fullmatch(name) is not None


def is_absent_part(path: str) -> bool:
    """Whether FATE-Flow has this path and this version does not support it."""
    return path.removeprefix("/v1/") in NOT_BUILT


router = APIRouter()

_OWN_SERVERS: Final = ("a site calls no servers other than its peers", "add a peer: fateflow party add PARTY URL")
_OWN_MODULES: Final = (
    "modules come from installed packages (entry points fateflow.components) and from files in <home>/components",
    "put the file there and restart the site",
)
_OWN_KEYS: Final = (
    "FATE's RSA keys are not used: sites authenticate each other by pinned Ed25519 keys",
    "pin a key: fateflow party trust PARTY; remove it: fateflow party remove PARTY",
)
_ABSENT: Final[dict[str, tuple[str, str]]] = {
    "version/set": ("the parties of a site are set when it starts", "fateflow server start --party PARTY"),
    "server/{name}/register": _OWN_SERVERS,
    "service/registry": _OWN_SERVERS,
    "provider/register": _OWN_MODULES,
    "provider/update": _OWN_MODULES,
    "key/public/save": _OWN_KEYS,
    "key/public/delete": _OWN_KEYS,
    "info/party/{via}/{destination}": ("sites are always asked directly", "info/party/PARTY_ID"),
    "forward/{role}": ("sites do not forward calls to services of other parties", ""),
    "forward/{role}/do": ("sites do not forward calls to services of other parties", ""),
    "worker/config/load": ("workers receive their task from the scheduler that starts them, without HTTP", ""),
    "component/hetero/merge": ("the parts of a hetero model stay at their parties and are not merged", ""),
    "component/woe_array/extract": ("no module of this version creates WOE arrays", ""),
    "component/woe_array/merge": ("no module of this version creates WOE arrays", ""),
}


def _rejecting(reason: str, hint: str) -> Callable[[Request], Awaitable[Response]]:
    async def reject(request: Request) -> Response:
        raise NotBuilt(f"this version does not support {request.url.path}: {reason}", hint=hint)

    return reject


for _path, (_reason, _hint) in _ABSENT.items():
    # Plain routes: the OpenAPI document lists supported calls only.
    router.add_route(f"/{_path}", _rejecting(_reason, _hint), methods=["POST"], include_in_schema=False)
