"""FATE-Flow 1.7's apps `provider` and `component`: which modules there are, and whether a component's conf is good."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui import __version__
from fateflow_tui.core.document import Problem, examine_job
from fateflow_tui.core.errors import BadDocument, BadRequest, FateFlowError, NotFound
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.fate.jobs import all_problems, client_free
from fateflow_tui.server.openapi import DOCUMENT, NUMBER, OBJECT, PARTIES, TEXT, described, members
from fateflow_tui.server.requests import Body, DocumentBody

router = APIRouter(tags=["component (FATE-Flow 1.7+)"])

# Everything comes from one provider here: this site, with the packages and files that add modules to it.
_PROVIDER: Final = "fateflow"
_SUPPORT: Final = {"default_provider": _PROVIDER, "support_provider": [_PROVIDER]}
_VERSIONS: Final = {"default": {"version": __version__}, __version__: {"components": ["HeteroLR", "Intersection"]}}

_COMPONENT = members(
    job_dsl=DOCUMENT,
    job_runtime_conf=DOCUMENT,
    component_name=TEXT,
    component_module_name=TEXT,
    role=PARTIES,
    dsl_version=NUMBER,
    component_parameters=OBJECT,
    role_parameters=OBJECT,
    algorithm_parameters=OBJECT,
)
_EXAMPLE = {
    "component_name": "dataio_0",
    "component_module_name": "DataIO",
    "role": {"guest": [9999], "host": [10000]},
    "dsl_version": 2,
    "component_parameters": {"common": {"dataio_0": {"with_label": True}}},
}


@router.post("/provider/get", **described(answer={_PROVIDER: _VERSIONS}))
async def providers(site: ThisSite) -> Response:
    """All providers of modules by name and version."""
    return answer({_PROVIDER: _versions(site)})


@router.post("/provider/registry/get", **described(answer={"components": {}, "providers": {_PROVIDER: _VERSIONS}}))
async def registry(site: ThisSite) -> Response:
    """Modules and their providers."""
    modules = dict.fromkeys(_modules(site), _SUPPORT)
    return answer({"components": modules, "providers": {_PROVIDER: _versions(site)}})


@router.post("/provider/{name}/get", **described(example={"name": _PROVIDER}, answer={_PROVIDER: _VERSIONS}))
async def provider(name: str, site: ThisSite) -> Response:
    """One provider by its name."""
    if name != _PROVIDER:
        raise NotFound(f"there is no provider {name!r} here, only {_PROVIDER}")
    return answer({_PROVIDER: _versions(site)})


@router.post("/component/get", **described(answer={"HeteroLR": _SUPPORT}))
async def components(site: ThisSite) -> Response:
    """The modules that can run here, each with its provider."""
    return answer(dict.fromkeys(_modules(site), _SUPPORT))


@router.post("/component/{name}/get", **described(example={"name": "HeteroLR"}, answer=_SUPPORT))
async def component(name: str, site: ThisSite) -> Response:
    """One module by its name, in any case."""
    found = next((module for module in _modules(site) if module.lower() == name.lower()), None)
    if found is None:
        raise NotFound(f"no module {name!r} can run here", hint="fateflow component list")
    return answer(_SUPPORT)


@router.post("/component/validate", **described(_COMPONENT, _EXAMPLE))
async def validate(site: ThisSite, body: DocumentBody) -> Response:
    """Checks a whole job (`job_dsl`, `job_runtime_conf`) or the parameters of one component (`component_name`,
    `component_module_name`, `role`, `dsl_version` and the parameters as in a conf). Success has the warnings as
    `data`; a failure names all errors.
    """
    dsl = body.members.get("job_dsl", body.members.get("dsl"))
    if dsl is not None:
        conf = body.members.get("job_runtime_conf", body.members.get("runtime_conf"))
        _, problems = examine_job(dsl, client_free({} if conf is None else conf), site.catalog)
    else:
        problems = _component_problems(site, body)
    errors = [problem for problem in problems if problem.is_error]
    if errors:
        details = [problem.to_dict() for problem in problems]
        raise BadDocument(all_problems(BadDocument("", data=details)), data=details)
    return answer([problem.to_dict() for problem in problems])


def _component_problems(site: Site, body: Body) -> list[Problem]:
    """Of a job that consists of this component alone, only what concerns its module and its parameters."""
    body.require("component_name", "component_module_name", "role")
    name, roles = body.text("component_name"), body.mapping("role")
    first = next(((role, ids[0]) for role, ids in roles.items() if isinstance(ids, list) and ids), None)
    if first is None:
        raise BadRequest("role names no party", hint='as in {"guest": [9999], "host": [10000]}')
    version = body.integer("dsl_version", 2)
    if version not in (1, 2):
        raise BadRequest(f"there is no dsl_version {version}", hint="1 or 2")
    parameters = ("component_parameters", "role_parameters", "algorithm_parameters")
    conf = {
        "dsl_version": version,
        "initiator": {"role": first[0], "party_id": first[1]},
        "role": roles,
        "job_parameters": {"common": {}} if version == 2 else {},
        **{key: body.mapping(key) for key in parameters if body.members.get(key) is not None},
    }
    dsl = {"components": {name: {"module": body.text("component_module_name")}}}
    _, problems = examine_job(dsl, conf, site.catalog)
    return [problem for problem in problems if problem.document == "conf" or problem.path.endswith(".module")]


def _modules(site: Site) -> list[str]:
    found = []
    for name in site.catalog.names():
        try:
            facts = site.catalog.facts(name)
        except FateFlowError:
            continue  # it cannot be loaded; `component/list` and the doctor tell
        if facts is not None and facts.built:
            found.append(name)
    return sorted(found)


def _versions(site: Site) -> dict[str, Any]:
    return {"default": {"version": __version__}, __version__: {"components": _modules(site)}}
