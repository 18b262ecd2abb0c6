"""The paths of FATE-Flow 1.x below /v1, to tell its clients' calls from ours, and absent parts from typing errors."""

from __future__ import annotations

import re
from typing import Final

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
    """Whether 1.x clients know this path."""
    name = path.removeprefix("/v1/")
    return name in BUILT or name in NOT_BUILT or _NAMED.fullmatch(name) is not None


def is_absent_part(path: str) -> bool:
    """Whether FATE-Flow has this path and this version does not."""
    return path.removeprefix("/v1/") in NOT_BUILT
