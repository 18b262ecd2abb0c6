"""Every operation of the HTTP API is in the SDK and on the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.contract.api_document import OPERATIONS
from tests.contract.reach import BY_HAND, command_paths, flow_client_paths, path_of, same, sample_calls, sdk_paths

# Operations that are the same as another one: FATE's older and later names, kept for its clients.
_SAME_AS = {
    "job/log": "job/log/download",
    "table/add": "table/bind",
    "model/query/detail": "model/query",
    "server/version/get": "version/get",
    "info/version": "version/get",
    "permission/grant": "party/grant",
    "permission/delete": "party/revoke",
    "permission/query": "party/grants",
    "permission/grant/privilege": "party/grant",
    "permission/delete/privilege": "party/revoke",
    "permission/query/privilege": "party/grants",
    "resource/query": "resource/show",
    "component/get": "component/list",
    "component/{name}/get": "component/list",
    "component/validate": "dsl/lint",
    "provider/get": "component/list",
    "provider/{name}/get": "component/list",
    "provider/registry/get": "component/list",
    "server/fateflow/info": "site/status",
    "server/get": "site/status",
    "server/{name}/get": "site/status",
    "info/common": "site/status",
    "info/party/{destination}": "party/ping",
    "model/transfer/{party_model_id}/{version}": "model/transfer",
    "/federation/v1/inference": "/federation/1.0/inference",
    "/federation/v1/batchInference": "/federation/1.0/batchInference",
}
# Operations that only FATE's later clients use, as their answer is always the same.
_ONLY_HTTP = {
    "server/service/get": "a site calls no services of others: always []",
    "service/query": "the same",
    "info/fateboard": "no board belongs to a site: always a failure",
    "info/eggroll": "no EggRoll belongs to a site: always a failure",
    "resource/return": "a job gives back what it holds by itself; this only looks",
}
# Operations for programs, not for the command line.
_NO_COMMAND = {
    "party/identity": "how a site presents itself before it is trusted; `party add` and `party trust` show it",
    "events": "changes as they happen, for programs; `job watch`, `log show -f` and `metric show -f` follow",
    "model/transfer": "for serving programs: base64 of the models",
    "pipeline/dag/dependency": "the DAG in FATE-Board's form; `job graph` draws it",
    "tracking/job/data_view": "parties and tables in FATE-Board's form; `job show` and `job config` have them",
    "tracking/component/metric_data": "one series; `metric show` chooses one",
    "tracking/component/output/data": "the first rows, for FATE-Board; `component output-data` has all",
    "table/list": "`job view` has the outputs of a job, `job config` what it reads",
    "job/report": "times of tasks; `task query` and `job show` have them",
    "job/log/path": "where the logs lie on the server; `job log` fetches them",
    "job/url/get": "no board belongs to a site",
    "log/size": "for FATE-Board: logs by line numbers; `log show` is the command",
    "log/cat": "the same",
}
# The operations of the API by path below /v1, without those that sites ask each other for.
_OFFERED = {
    path.removeprefix("/v1/"): operation for _, path, operation in OPERATIONS if not path.startswith("/v1/peer/")
}


def test_the_sdk_has_every_operation() -> None:
    known = {*sdk_paths().values(), *flow_client_paths(), *BY_HAND}
    missing = [path for path in _OFFERED if not _covered(path, known, _ONLY_HTTP)]
    assert not missing, f"the SDK has no call for: {', '.join(missing)}"


def test_the_command_line_has_every_operation() -> None:
    known = command_paths(set(_OFFERED))
    missing = [path for path in _OFFERED if not _covered(path, known, {**_ONLY_HTTP, **_NO_COMMAND})]
    assert not missing, f"the command line has no command for: {', '.join(missing)}"


def test_the_sdk_calls_only_existing_operations() -> None:
    unknown = [f"{name}: {path}" for name, path in sdk_paths().items() if same(path, _OFFERED) is None]
    assert not unknown, f"the API has nothing at: {', '.join(unknown)}"


def test_calls_send_what_the_api_requires() -> None:
    lacking = []
    for name, call in sample_calls().items():
        path = same(path_of(call), _OFFERED)
        if path is None or call.upload is not None:
            continue
        absent = set(_required(_OFFERED[path])) - call.body.keys()
        lacking += [f"{name} ({path}): {member}" for member in sorted(absent)]
    assert not lacking, f"calls leave out what is required: {', '.join(lacking)}"


def test_exceptions_name_existing_operations() -> None:
    named = {*_SAME_AS, *_ONLY_HTTP, *_NO_COMMAND, *BY_HAND}
    assert named <= set(_OFFERED), f"not in the API: {', '.join(sorted(named - set(_OFFERED)))}"


def _required(operation: Mapping[str, Any]) -> Sequence[str]:
    content = operation.get("requestBody", {}).get("content", {})
    schema: dict[str, Any] = content.get("application/json", {}).get("schema", {})
    required: Sequence[str] = schema.get("required", ())
    return required


def _covered(path: str, known: set[str], exceptions: Mapping[str, str]) -> bool:
    """Whether an operation, or the same by another name, is reached or is an exception."""
    meant = _SAME_AS.get(path, path)
    names = {name for name in _OFFERED if _SAME_AS.get(name, name) == meant}
    reached = known | exceptions.keys()
    return any(name in reached or ("{" in name and any(same(one, {name: None}) for one in known)) for name in names)
