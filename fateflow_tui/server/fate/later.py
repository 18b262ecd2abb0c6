"""Calls that FATE-Flow added after 1.6: the apps `server`, `info`, `service`, `provider`, `component`, `resource`,
`checkpoint`, `key` and `template`.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

import fateflow_tui
from fateflow_tui import __version__
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.document import Problem, examine_job
from fateflow_tui.core.document.job_parameters import TASK_CORES
from fateflow_tui.core.errors import BadDocument, BadRequest, Conflict, FateFlowError, NotFound
from fateflow_tui.core.plan import JobOptions
from fateflow_tui.runtime.peers.grants import party_of
from fateflow_tui.runtime.peers.keys import fingerprint
from fateflow_tui.runtime.site import Site
from fateflow_tui.runtime.site_config import SiteConfig
from fateflow_tui.server.address import Address
from fateflow_tui.server.archives import example_archive, tar_answer
from fateflow_tui.server.context import ThisAddress, ThisSite, known_job
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.fate.jobs import OneJobRequest, SubmitJobRequest, all_problems
from fateflow_tui.server.openapi import JOB, TAR, answers
from fateflow_tui.server.requests import NO_MEMBERS, Flag, Int, Json, Object, RequestBody, Text

router = APIRouter()

_SERVER_TAG: Final = "server (FATE-Flow 1.7+)"
_COMPONENT_TAG: Final = "component (FATE-Flow 1.7+)"
_RESOURCE_TAG: Final = "resource (FATE-Flow 1.7+)"

_PLACE: Final = {"host": "127.0.0.1", "http_port": 9380, "grpc_port": None}
_INSTANCE: Final = {"instance_id": "site-1742-1", "timestamp": 1, "version": __version__, **_PLACE}
_COMMON: Final = {"version": __version__, "party_id": 9999, **_PLACE}
_DEFAULTS: Final = {
    "task_cores": TASK_CORES,
    "task_memory": 0,
    "task_parallelism": 1,
    "federated_status_collect_type": "PULL",
}
# All modules have one provider here: this site, with the packages and files that add modules to it.
_PROVIDER: Final = "fateflow"
_SUPPORT: Final = {"default_provider": _PROVIDER, "support_provider": [_PROVIDER]}
_VERSIONS: Final = {"default": {"version": __version__}, __version__: {"components": ["HeteroLR", "Intersection"]}}
_ENGINE: Final = {
    "f_engine_type": "computing",
    "f_engine_name": "STANDALONE",
    "f_engine_entrance": "fateflow",
    "f_cores": 20,
    "f_memory": 0,
    "f_remaining_cores": 16,
    "f_remaining_memory": 0,
    "f_nodes": 1,
}
_IN_USE: Final = {"job_id": JOB, "role": "guest", "party_id": "9999", "cores": 4, "memory": 0}
_KEY: Final = {"algorithm": "Ed25519", "public_key": "MCowBQYDK2VwAyEA...", "fingerprint": "SHA256:..."}
# Beside the package: in an installation, or in a checkout.
_TEMPLATE_FOLDERS: Final = ("fateflow_tui/commands/demo_files", "demo")
_TEMPLATE_FILE: Final = "hetero_lr_dsl.json"


class ValidateRequest(
    SubmitJobRequest,
    example={
        "component_name": "dataio_0",
        "component_module_name": "DataIO",
        "role": {"guest": [9999], "host": [10000]},
        "dsl_version": 2,
        "component_parameters": {"common": {"dataio_0": {"with_label": True}}},
    },
):
    """Either the documents of a job, or one component with its parameters as in a conf."""

    component_name: Text = ""
    component_module_name: Text = ""
    role: Object = NO_MEMBERS
    dsl_version: Int = 2
    component_parameters: Object = NO_MEMBERS
    role_parameters: Object = NO_MEMBERS
    algorithm_parameters: Object = NO_MEMBERS


class CheckpointsRequest(
    RequestBody,
    example={
        "role": "guest",
        "party_id": 9999,
        "model_id": "guest-9999#host-10000#model",
        "model_version": JOB,
        "component_name": "hetero_lr_0",
    },
):
    role: Text
    party_id: Text
    model_id: Text
    model_version: Text
    component_name: Text


class CheckpointRequest(CheckpointsRequest):
    step_index: Int | None = None
    step_name: Text = ""


class KeyQuery(RequestBody, example={"party_id": 10000}):
    party_id: Text


class TemplateRequest(RequestBody, example={"min_data": 1}):
    min_data: Flag = True


@router.post("/server/fateflow/info", tags=[_SERVER_TAG], **answers({"site-1742-1": _INSTANCE}))
async def server_info(site: ThisSite, address: ThisAddress) -> Response:
    """List the schedulers of this site by their instance id. There is always one: the one that answers."""
    instance = f"{site.name}-{os.getpid()}-{site.started_at}"
    facts = {"instance_id": instance, "timestamp": now_ms(), "version": __version__, **_place(address)}
    return answer({instance: facts})


@router.post("/server/get", tags=[_SERVER_TAG], **answers({"fateflow": _PLACE}))
async def server_get(address: ThisAddress) -> Response:
    """List the servers of this site. There is always one: the site itself."""
    return answer({"fateflow": _place(address)})


@router.post("/server/service/get", tags=[_SERVER_TAG], **answers([]))
@router.post("/service/query", tags=[_SERVER_TAG], **answers([]))
async def services() -> Response:
    """List the services of other servers. The list is always empty."""
    return answer([])


@router.post("/server/reload", tags=[_SERVER_TAG], **answers({"changed": []}))
async def reload(site: ThisSite) -> Response:
    """Check `site.toml` against the running configuration. Changes need a restart: the call fails and lists the changed
    keys.
    """
    path = site.home.configuration
    fresh = await asyncio.to_thread(SiteConfig.load, path)
    changed = [name for name in SiteConfig.__struct_fields__ if getattr(fresh, name) != getattr(site.config, name)]
    # Options of the command line differ from the file, too; only a file that was changed since the start counts.
    if changed and path.stat().st_mtime_ns // 1_000_000 > site.started_at:
        raise Conflict(
            f"{path} differs from the running configuration: {', '.join(changed)}; nothing was changed",
            hint="fateflow server stop, then fateflow server start",
            data={"changed": changed},
        )
    return answer({"changed": []})


@router.post("/server/config/job/default", tags=[_SERVER_TAG], **answers(_DEFAULTS))
async def job_defaults() -> Response:
    """Return the defaults of job parameters. Times are in seconds; 0 means no limit."""
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


@router.post("/server/{name}/get", tags=[_SERVER_TAG], **answers(_PLACE, parameters={"name": "fateflow"}))
async def server_named(name: str, address: ThisAddress) -> Response:
    """Return a server by its name."""
    if name != "fateflow":
        raise NotFound(f"there is no server {name!r}; this site has only fateflow")
    return answer(_place(address))


@router.post("/info/common", tags=[_SERVER_TAG], **answers(_COMMON))
async def common(site: ThisSite, address: ThisAddress) -> Response:
    """Return the version, the address and the first party id of this site; null for a site that plays all parties."""
    return answer(_common(site, address))


@router.post("/info/fateboard", tags=[_SERVER_TAG], **answers())
async def fateboard() -> Response:
    """Return the address of FATE-Board. This always fails, because a site has none of its own."""
    raise NotFound("this site has no FATE-Board", hint="point a FATE-Board of version 1.8 or later at this site")


@router.post("/info/eggroll", tags=[_SERVER_TAG], **answers())
async def eggroll() -> Response:
    """Return the address of EggRoll. This always fails, because sites run tasks without it."""
    raise NotFound("this site runs its tasks without EggRoll", hint="fateflow resource show")


@router.post("/info/party/{destination}", tags=[_SERVER_TAG], **answers(_COMMON, parameters={"destination": "9999"}))
async def of_party(destination: str, site: ThisSite, address: ThisAddress) -> Response:
    """Return the version and the address of another party's site, which is asked now."""
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


@router.post("/provider/get", tags=[_COMPONENT_TAG], **answers({_PROVIDER: _VERSIONS}))
async def providers(site: ThisSite) -> Response:
    """List the providers of modules by name and version."""
    return answer({_PROVIDER: _versions(site)})


@router.post(
    "/provider/registry/get",
    tags=[_COMPONENT_TAG],
    **answers({"components": {}, "providers": {_PROVIDER: _VERSIONS}}),
)
async def registry(site: ThisSite) -> Response:
    """List the modules and their providers."""
    modules = dict.fromkeys(_modules(site), _SUPPORT)
    return answer({"components": modules, "providers": {_PROVIDER: _versions(site)}})


@router.post(
    "/provider/{name}/get",
    tags=[_COMPONENT_TAG],
    **answers({_PROVIDER: _VERSIONS}, parameters={"name": _PROVIDER}),
)
async def provider(name: str, site: ThisSite) -> Response:
    """Return a provider by its name."""
    if name != _PROVIDER:
        raise NotFound(f"there is no provider {name!r} here, only {_PROVIDER}")
    return answer({_PROVIDER: _versions(site)})


@router.post("/component/get", tags=[_COMPONENT_TAG], **answers({"HeteroLR": _SUPPORT}))
async def components(site: ThisSite) -> Response:
    """List the modules that can run here, each with its provider."""
    return answer(dict.fromkeys(_modules(site), _SUPPORT))


@router.post("/component/{name}/get", tags=[_COMPONENT_TAG], **answers(_SUPPORT, parameters={"name": "HeteroLR"}))
async def component(name: str, site: ThisSite) -> Response:
    """Return the provider of a module; case does not matter."""
    found = next((module for module in _modules(site) if module.lower() == name.lower()), None)
    if found is None:
        raise NotFound(f"there is no module {name!r} that can run here", hint="fateflow component list")
    return answer(_SUPPORT)


@router.post("/component/validate", tags=[_COMPONENT_TAG], **answers())
async def validate(site: ThisSite, body: Json[ValidateRequest]) -> Response:
    """Validate the documents of a job, or the parameters of one component. Returns warnings; fails with all errors."""
    if body.job_dsl is not None:
        _, problems = examine_job(body.dsl_document, body.conf_document, site.catalog)
    else:
        problems = _component_problems(site, body)
    details = [problem.to_dict() for problem in problems]
    if any(problem.is_error for problem in problems):
        raise BadDocument(all_problems(BadDocument("", data=details)), data=details)
    return answer(details)


@router.post(
    "/resource/query",
    tags=[_RESOURCE_TAG],
    **answers({"computing_engine_resource": _ENGINE, "use_resource_job": [_IN_USE]}),
)
async def resources(site: ThisSite) -> Response:
    """Show the capacity of the computing engine, what is left of it, and which jobs hold the rest. Memory is in MiB, 0
    where it is not counted.
    """
    found = site.jobs.resources()
    capacity, used = found["capacity"], found["used"]
    engine = {
        **_ENGINE,
        "f_cores": capacity["cores"],
        "f_memory": capacity["memory"],
        "f_remaining_cores": capacity["cores"] - used["cores"],
        "f_remaining_memory": max(0, capacity["memory"] - used["memory"]),
    }
    holders = [{"job_id": one["job_id"], **one["party"], **one["held"]} for one in found["holders"]]
    return answer({"computing_engine_resource": engine, "use_resource_job": holders})


@router.post("/resource/return", tags=[_RESOURCE_TAG], **answers(True))
async def return_resources(site: ThisSite, body: Json[OneJobRequest]) -> Response:
    """Check that a job holds no resources. A job returns them when it ends, so this fails for a running job."""
    job_id = known_job(site, body.job_id).job_id
    held = [one for one in site.jobs.resources()["holders"] if one["job_id"] == job_id]
    if held:
        raise Conflict(
            f"job {job_id} has not ended and holds {sum(one['held']['cores'] for one in held)} cores",
            hint=f"stop it to return them: fateflow job stop {job_id}",
        )
    return answer(True)


@router.post("/checkpoint/list", tags=[_RESOURCE_TAG], **answers([]))
async def checkpoints(body: Json[CheckpointsRequest]) -> Response:
    """List the checkpoints of a component's model. The list is always empty: no module of this version writes any."""
    return answer([])


@router.post("/checkpoint/get", tags=[_RESOURCE_TAG], **answers())
async def checkpoint(body: Json[CheckpointRequest]) -> Response:
    """Return a checkpoint. This always fails: no module of this version writes any."""
    step = body.step_name if body.step_index is None else body.step_index
    raise NotFound(f"component {body.component_name} has no checkpoint {step}: the modules of this version write none")


@router.post("/key/query", tags=["key (FATE-Flow 1.9+)"], **answers({"host:10000": _KEY}))
async def keys(site: ThisSite, body: Json[KeyQuery]) -> Response:
    """Return the key of this site, or the pinned keys of another one, by party. These are Ed25519 keys, not RSA keys as
    in FATE.
    """
    routes = site.routes.list()
    found = {one.party: one.public_key for one in routes if party_of(one.party).party_id == body.party_id}
    own = [pattern for pattern in site.config.parties if party_of(pattern).party_id == body.party_id]
    own = own or ([body.party_id] if site.config.standalone else [])
    found |= dict.fromkeys(own, site.authenticator.identity().public_key)
    return answer(
        {
            party: {"algorithm": "Ed25519", "public_key": key, "fingerprint": fingerprint(key)}
            for party, key in found.items()
            if key is not None
        }
    )


@router.post("/template/download", tags=["template (FATE-Flow 1.7+)"], **answers(file=TAR))
async def template(body: Json[TemplateRequest]) -> Response:
    """Download the documents and the small tables of an example job as tar.gz. `min_data` has no effect; FATE's clients
    send it.
    """
    archive = await asyncio.to_thread(example_archive, _template_folder())
    return tar_answer(archive, "template.tar.gz")


def _place(address: Address) -> dict[str, Any]:
    """The address as FATE shows it; there is no gRPC here."""
    return {"host": urlsplit(address.url).hostname, "http_port": address.port, "grpc_port": None}


def _common(site: Site, address: Address) -> dict[str, Any]:
    first = site.config.primary_party()
    return {"version": __version__, "party_id": _number(first.party_id) if first else None, **_place(address)}


def _number(party_id: str) -> int | str:
    """A party id as FATE shows it: as a number, if it is one."""
    return int(party_id) if party_id.isascii() and party_id.isdecimal() and len(party_id) < 19 else party_id


def _modules(site: Site) -> list[str]:
    found = []
    for name in site.catalog.names():
        try:
            facts = site.catalog.facts(name)
        except FateFlowError:
            continue  # a module that cannot be loaded; `component/list` and the doctor report it
        if facts is not None and facts.built:
            found.append(name)
    return sorted(found)


def _versions(site: Site) -> dict[str, Any]:
    return {"default": {"version": __version__}, __version__: {"components": _modules(site)}}


def _component_problems(site: Site, body: ValidateRequest) -> list[Problem]:
    """Check a job that consists of this component alone; keep only what concerns its module and its parameters."""
    body.require("component_name", "component_module_name", "role")
    first = next(((role, ids[0]) for role, ids in body.role.items() if isinstance(ids, list) and ids), None)
    if first is None:
        raise BadRequest("role has no party", hint='as in {"guest": [9999], "host": [10000]}')
    if body.dsl_version not in (1, 2):
        raise BadRequest(f"invalid dsl_version {body.dsl_version}", hint="1 or 2")
    parameters = ("component_parameters", "role_parameters", "algorithm_parameters")
    conf = {
        "dsl_version": body.dsl_version,
        "initiator": {"role": first[0], "party_id": first[1]},
        "role": body.role,
        "job_parameters": {"common": {}} if body.dsl_version == 2 else {},
        **{key: getattr(body, key) for key in parameters if body.members.get(key) is not None},
    }
    dsl = {"components": {body.component_name: {"module": body.component_module_name}}}
    _, problems = examine_job(dsl, conf, site.catalog)
    return [problem for problem in problems if problem.document == "conf" or problem.path.endswith(".module")]


def _template_folder() -> Path:
    root = Path(fateflow_tui.__file__).parents[1]
    for folder in _TEMPLATE_FOLDERS:
        if (root / folder / _TEMPLATE_FILE).is_file():
            return root / folder
    raise NotFound(f"there are no example files in {root}: expected them in {' or '.join(_TEMPLATE_FOLDERS)}")
