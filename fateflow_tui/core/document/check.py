"""Checks the two documents of a job against each other and the module catalog, and reports all problems at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from fateflow_tui.core.document.conf import Conf, Layer, dsl_version, read_conf
from fateflow_tui.core.document.dsl import Dsl, read_dsl
from fateflow_tui.core.document.job_parameters import read_job_parameters
from fateflow_tui.core.document.json_text import JsonDocument, Path, read_json
from fateflow_tui.core.document.parameters import (
    ParameterResolver,
    Parameters,
    check_parties,
    check_sources,
    find_modules,
)
from fateflow_tui.core.document.predict import effective_conf, merge_confs
from fateflow_tui.core.document.problems import Problem, Problems, bad_document, kind_of, shown
from fateflow_tui.core.document.role_lists import Tables, own_layers, tables_by_party
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party
from fateflow_tui.core.ports import ModuleCatalog, ModuleFacts

MAX_TASKS: Final = 100_000
JOB_TYPES: Final = ("train", "predict")


class CheckedJob(msgspec.Struct, frozen=True):
    """A job without errors, ready to be planned.

    dsl_document, conf_document: as submitted, without the keys of clients. parameters: component -> party that
    runs it -> merged parameters. job_parameters, own_job_parameters: for all parties, and the overrides of each.
    tables: party -> "args.<dataset>" -> table (version 1). train_conf: of the model, for a predict job.
    """

    conf: Conf
    initiator: Party
    dsl: Dsl
    dsl_document: dict[str, Any]
    modules: dict[str, ModuleFacts]
    parameters: dict[str, dict[Party, Parameters]]
    job_parameters: dict[str, Any]
    own_job_parameters: dict[Party, dict[str, Any]]
    tables: dict[Party, Tables]
    warnings: list[Problem]
    train_conf: dict[str, Any] = {}

    @property
    def conf_document(self) -> dict[str, Any]:
        return self.conf.document

    @property
    def job_type(self) -> str:
        return str(self.conf.job_type)

    @property
    def not_built(self) -> dict[str, str]:
        """component -> module, for modules that this version knows by name but cannot run."""
        components = self.dsl.components.values()
        return {c.name: c.module for c in components if not self.modules[c.module].built}


def check_job(
    dsl: object, conf: object, catalog: ModuleCatalog, *, train_conf: Mapping[str, Any] | None = None
) -> CheckedJob:
    """Read and check a job. dsl, conf: text (str, bytes), a parsed object, or a `JsonDocument`.

    For a predict job `dsl` is the model's inference DSL and `train_conf` the conf that it was trained with.
    Raises BadDocument, whose `data` lists all problems including warnings as dicts (see `Problem`).
    """
    checked, problems = examine_job(dsl, conf, catalog, train_conf=train_conf)
    if checked is None:
        raise bad_document(problems)
    return checked


def examine_job(
    dsl: object, conf: object, catalog: ModuleCatalog, *, train_conf: Mapping[str, Any] | None = None
) -> tuple[CheckedJob | None, list[Problem]]:
    """Like `check_job`, but never raises: return the job, None if there are errors, and all problems."""
    dsl_json, conf_json = read_json(dsl), read_json(conf)
    dsl_problems, problems = Problems("dsl", dsl_json), Problems("conf", conf_json)
    checked = _examine(dsl_json, conf_json, catalog, train_conf, dsl_problems, problems)
    if dsl_problems.has_errors or problems.has_errors:
        checked = None
    found = [*dsl_problems.sorted(), *problems.sorted()]
    return msgspec.structs.replace(checked, warnings=found) if checked is not None else None, found


def lint_job(
    dsl: object,
    conf: object,
    catalog: ModuleCatalog,
    *,
    train_conf: Mapping[str, Any] | None = None,
    version: int = 2,
) -> list[Problem]:
    """All problems of both documents; never raises. conf None: check the DSL alone, as of this version."""
    if conf is not None:
        return examine_job(dsl, conf, catalog, train_conf=train_conf)[1]
    document = read_json(dsl)
    problems = Problems("dsl", document)
    find_modules(read_dsl(document.value, version, problems), catalog, version, problems)
    return problems.sorted()


def _examine(
    dsl_json: JsonDocument,
    conf_json: JsonDocument,
    catalog: ModuleCatalog,
    train_conf: Mapping[str, Any] | None,
    dsl_problems: Problems,
    problems: Problems,
) -> CheckedJob | None:
    conf = read_conf(conf_json.value, problems)
    predict = conf.job_type == "predict"
    job_parameters, own_job = _job_parameters(conf, problems)
    dsl = read_dsl(dsl_json.value, conf.version, dsl_problems, predict=predict)
    modules = find_modules(dsl, catalog, conf.version, dsl_problems)
    if dsl.components:  # otherwise it could not be read, which is reported already
        _warn_absent(conf, dsl, problems)
    if conf.roles:
        check_parties(dsl, modules, conf.roles, dsl_problems)
    tasks = len(conf.parties) * len(dsl.components)
    if tasks > MAX_TASKS:
        message = f"{len(dsl.components)} components at {len(conf.parties)} parties: the limit is {MAX_TASKS} tasks"
        problems.error("DocumentLimitError", ("role",), message)
    if not 0 < tasks <= MAX_TASKS:
        return None
    whole = effective_conf(train_conf, conf, problems) if predict and train_conf else conf
    own: Mapping[Party, list[Layer]] = whole.own
    tables: dict[Party, Tables] = {}
    if conf.version == 1:
        own = own_layers(whole, dsl, modules, catalog, problems)
        tables = tables_by_party(whole, dsl, problems, dsl_problems)
    resolver = ParameterResolver(catalog, whole, predict=predict, dsl=dsl_problems, problems=problems)
    parameters = resolver.resolve(dsl, modules, own)
    check_sources(parameters, dsl, modules, dsl_problems)
    if conf.initiator is None:
        return None
    return CheckedJob(
        conf=conf,
        initiator=conf.initiator,
        dsl=dsl,
        dsl_document=dsl_json.value if isinstance(dsl_json.value, dict) else {},
        modules=modules,
        parameters=parameters,
        job_parameters=job_parameters,
        own_job_parameters=own_job,
        tables=tables,
        warnings=[],
        train_conf=dict(train_conf or {}),
    )


def _job_parameters(conf: Conf, problems: Problems) -> tuple[dict[str, Any], dict[Party, dict[str, Any]]]:
    path = conf.job_path
    common = read_job_parameters(conf.job_parameters, path, problems)
    job_type = conf.job_type
    if job_type not in JOB_TYPES:
        message = f"job_type must be train or predict, not {shown(job_type)}"
        near = (job_type, JOB_TYPES) if isinstance(job_type, str) else None
        problems.error("ModeError", (*path, "job_type"), message, near=near)
    if job_type == "predict":
        missing = [name for name in ("model_id", "model_version") if not common.get(name)]
        if missing:
            message = f"a predict job needs {' and '.join(missing)} of the model in its job parameters"
            problems.error("RequiredParameterMissingError", path, message)
    clean: dict[Path, dict[str, Any]] = {}  # parties that share an index key share its parameters
    own: dict[Party, dict[str, Any]] = {}
    for party, overrides in conf.own_job_parameters.items():
        for place, given in overrides:
            if place not in clean:
                clean[place] = read_job_parameters(given, place, problems)
            own[party] = {**own.get(party, {}), **clean[place]}
    return common, own


def _warn_absent(conf: Conf, dsl: Dsl, problems: Problems) -> None:
    """Warn about parameters of components that the DSL lacks: they have no effect and may be a typo."""
    layers = [conf.common, *(layer for layers in conf.own.values() for layer in layers)]
    layers += [Layer(("role_parameters", role), given) for role, given in conf.role_parameters.items()]
    for layer in layers:
        for name in layer.components:
            if name not in dsl.components and not (name == "args" and layer.path[0] == "role_parameters"):
                message = f"the DSL has no component {name}; these parameters have no effect"
                near = (name, dsl.components)
                problems.warn("ParametersOfAbsentComponent", (*layer.path, name), message, near=near)


def with_changes(
    conf: Mapping[str, Any],
    job_parameters: Mapping[str, Any] | None = None,
    component_parameters: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A copy of the conf with the changes merged in at every depth. Check it again before you use it.

    Both changes are written as in a version 2 conf: {"common": {...}, "role": {"guest": {"0": {...}}}}. For a
    version 1 conf they have the form of its own sections: flat job parameters, and
    {"common": algorithm_parameters, "role": role_parameters}. Raises BadRequest if they are not objects.
    """
    changed = dict(conf)
    given = _object("component_parameters", component_parameters)
    sections = {"job_parameters": _object("job_parameters", job_parameters), "component_parameters": given}
    if dsl_version(conf) == 1:
        del sections["component_parameters"]
        sections["algorithm_parameters"] = _object("component_parameters.common", given.get("common"))
        sections["role_parameters"] = _object("component_parameters.role", given.get("role"))
    for section, changes in sections.items():
        if changes:
            changed[section] = merge_confs(conf.get(section, {}), changes)
    return changed


def conf_of_version(conf: Mapping[str, Any], model_id: str, model_version: str) -> dict[str, Any]:
    """A copy of a conf whose job parameters name this model version."""
    names = {"model_id": model_id, "model_version": model_version}
    parameters = conf.get("job_parameters", {})
    if isinstance(parameters.get("common"), Mapping):
        return {**conf, "job_parameters": {**parameters, "common": {**parameters["common"], **names}}}
    return {**conf, "job_parameters": {**parameters, **names}}


def _object(name: str, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    raise BadRequest(f"{name} must be an object, not {kind_of(value)}")


def changed_components(conf: Mapping[str, Any], component_parameters: Mapping[str, Any]) -> list[str]:
    """The components that valid changes name; a rerun runs these and everything after them again."""
    sections = [component_parameters.get("common", {})]
    for given in component_parameters.get("role", {}).values():
        sections += [given] if dsl_version(conf) == 1 else given.values()
    return list(dict.fromkeys(name for section in sections for name in section))
