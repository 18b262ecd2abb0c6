"""A job as our own front ends show it: all parties and components together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from fateflow_tui.core.document.dsl import topological_order
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.messages import FailureCard
from fateflow_tui.core.plan import JobOptions, PartyDocument, TaskPlan
from fateflow_tui.core.ports import ModuleCatalog, loadable_facts
from fateflow_tui.core.records import JobState, PartyRecord
from fateflow_tui.core.status import Status, fold_parties
from fateflow_tui.sdk.types.jobs import ComponentView, JobLine, JobView, PartyLine
from fateflow_tui.server.fate.records import own_documents

_MODEL_KEYS = ("model", "isometric_model")
_MODULES = 3  # named in a summary


def dependencies(dsl: Mapping[str, Any]) -> dict[str, Any]:
    """Return FATE's `pipeline/dag/dependency`: names in order, edges with their ports, and modules."""
    components = dsl.get("components")
    if not isinstance(components, dict) or not all(isinstance(one, dict) for one in components.values()):
        raise BadRequest("the DSL has no components")
    edges = {name: list(_edges(component, components)) for name, component in components.items()}
    order, loops = topological_order({name: [edge["component_name"] for edge in edges[name]] for name in edges})
    if loops:
        raise BadRequest(f"components form a loop: {' -> '.join(loops[0])}")
    return {
        "component_list": order,
        "dependencies": {name: edges[name] for name in order if edges[name]},
        "component_module": {name: components[name].get("module") for name in order},
        "component_need_run": dict.fromkeys(order, True),
    }


def _edges(component: dict[str, Any], components: dict[str, Any]) -> Iterator[dict[str, Any]]:
    inputs = component.get("input") or {}
    for key, references in (inputs.get("data") or {}).items():
        yield from _to(references, key, "data", components)
    for key in _MODEL_KEYS:
        yield from _to(inputs.get(key) or [], "model", "model", components)


def _to(references: Any, kind: str, port_kind: str, components: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for reference in [references] if isinstance(references, str) else references:
        # `pipeline.component.port` (predict DSLs) is a trained model, `args.key` (v1) a table; neither is an edge
        name, _, port = str(reference).rpartition(".")
        if name in components:
            ports = (components[name].get("output") or {}).get(port_kind) or []
            index = ports.index(port) if port in ports else 0
            yield {"component_name": name, "type": kind, "up_output_info": [port_kind, index]}


def job_line(state: JobState) -> JobLine:
    """Return a job as one line: at its driver over all parties, elsewhere as this site's first party knows it."""
    record, document = _primary(state)
    driver = state.driver
    refused = record.refusal.text if record.refusal else ""
    statuses = component_statuses(state)
    status = driver.status if driver else record.status
    ended_at = driver.ended_at if driver else record.ended_at
    return JobLine(
        job_id=state.job_id,
        name=state.plan.name if state.plan else "",
        status=status,
        progress=driver.progress if driver else record.progress,
        initiator=str(document.initiator if document else record.driver),
        roles={role: [str(number) for number in ids] for role, ids in document.roles.items()} if document else {},
        running=[name for name, of_one in statuses.items() if of_one is Status.RUNNING],
        created_at=driver.created_at if driver else record.created_at,
        started_at=driver.started_at if driver else record.started_at,
        ended_at=ended_at if status.ended else 0,
        waiting=driver.waiting if driver and not status.ended else None,
        reason=driver.reason if driver else refused or record.directive.reason,
        tag=driver.tag if driver else "",
        submitted_by=state.plan.submitted_by if state.plan else "",
        description=record.description,
        parties={line.party: line.status for line in party_lines(state)},
        failed_at=first_failed(state),
        summary=summary_of(document) if document else "",
    )


def summary_of(document: PartyDocument) -> str:
    """Return what a job does, as far as one party's document says: `upload people`, `train Sleep, Evaluation`."""
    local = document.initiator.role == "local" and document.tasks
    kind = document.tasks[0].module if local else document.job_parameters.get("job_type") or "train"
    tables = dict.fromkeys(table for plan in document.tasks for table in _tables(plan))
    modules = [] if local else list(dict.fromkeys(plan.module for plan in document.tasks))
    more = ["…"] if not tables and len(modules) > _MODULES else []
    return " ".join([str(kind).lower(), ", ".join([*tables] or [*modules[:_MODULES], *more])]).strip()


def _tables(plan: TaskPlan) -> Iterator[str]:
    """The stored tables that the parameters or inputs of a task name."""
    values = [plan.parameters, *plan.parameters.values(), *plan.inputs.get("tables", {}).values()]
    for value in values:
        if isinstance(value, dict) and value.get("namespace") and value.get("name"):
            yield str(value["name"])


def first_failed(state: JobState) -> list[str]:
    """Return the parties where a task failed before those of the others, or that refused the job."""
    failed = [
        (task.ended_at, str(task.party))
        for task in state.tasks.values()
        if task.status is Status.FAILED and task is state.newest_run(task.party, task.component)
    ]
    for key, view in (state.driver.parties if state.driver else {}).items():
        if key not in state.parties and view.report is not None:
            tasks = view.report.tasks.values()
            failed += [(report.ended_at, key) for report in tasks if report.status is Status.FAILED]
    if (reported := remote_failure(state)) is not None:
        return [str(reported.party)]
    if not failed and state.driver is not None and state.driver.refused_by:
        return [state.driver.refused_by]
    first = min(failed, default=(0, ""))[0]
    return sorted({party for at, party in failed if at == first})


def job_view(state: JobState) -> JobView:
    record, document = _primary(state)
    options = document.options if document else JobOptions()
    return JobView(
        **msgspec.structs.asdict(job_line(state)),
        driver=str(record.driver),
        drives_here=state.driver is not None,
        schedule_mode=options.schedule_mode,
        priority=options.priority,
        reruns=state.driver.reruns if state.driver else 0,
        model_id=document.model_id if document else "",
        model_version=document.model_version if document else "",
        stop=(state.driver.stop if state.driver else None) or record.directive.stop or record.stop,
        party_lines=party_lines(state),
        components=component_views(state),
        cards=failure_cards(state),
    )


def with_module_facts(view: JobView, catalog: ModuleCatalog) -> JobView:
    """Return the job with what its components' modules say about their metrics."""
    components = []
    for one in view.components:
        facts = loadable_facts(catalog, one.module)
        if facts is not None:
            one = msgspec.structs.replace(one, has_metrics=facts.has_metrics, evaluates=facts.evaluates)
        components.append(one)
    return msgspec.structs.replace(view, components=components)


def party_lines(state: JobState) -> list[PartyLine]:
    """Return every party of the job that is known here, this site's own first."""
    lines = [PartyLine(key, state.parties[key].status, here=True) for key in _own(state)]
    views = state.driver.parties if state.driver else {}
    for key, view in views.items():
        if key not in state.parties:
            status = view.report.ended if view.report and view.report.ended else _status_of(state)
            lines.append(PartyLine(key, status, here=False, lost=view.lost, trouble=view.trouble))
    return lines


def component_statuses(state: JobState) -> dict[str, Status]:
    """Return the status of each component over all parties, in topological order."""
    if state.driver is not None:
        order = [plan.name for plan in state.plan.components] if state.plan else list(state.driver.components)
        return {name: state.driver.components[name].status for name in order if name in state.driver.components}
    statuses: dict[str, Status] = {}
    for key, document in own_documents(state).items():
        orders = state.parties[key].directive.components
        for plan in document.tasks:
            if plan.component in orders:
                statuses.setdefault(plan.component, orders[plan.component].status)
            else:
                statuses.setdefault(plan.component, fold_parties(_at_parties(state, plan.component).values()))
    return statuses


def component_views(state: JobState) -> list[ComponentView]:
    modules: dict[str, str] = {}
    needs: dict[str, list[str]] = {}
    for document in state.documents.values():
        for plan in document.tasks:
            modules[plan.component] = plan.module
            needs.setdefault(plan.component, plan.needs)
    if state.plan is not None:
        modules.update((plan.name, plan.module) for plan in state.plan.components)
        needs.update((plan.name, plan.needs) for plan in state.plan.components)
    views: list[ComponentView] = []
    for name, status in component_statuses(state).items():
        runs = [task for task in state.tasks.values() if task.component == name]
        newest = max((task.version for task in runs), default=0)
        current = [task for task in runs if task.version == newest]
        views.append(
            ComponentView(
                name=name,
                module=modules.get(name, ""),
                needs=needs.get(name, []),
                status=status,
                version=newest,
                started_at=min((task.started_at for task in current if task.started_at), default=0),
                ended_at=max((task.ended_at for task in current), default=0) if status.ended else 0,
                parties=_at_parties(state, name),
                reused_from=next((task.reused_from for task in current if task.reused_from), ""),
            )
        )
    return views


def failure_cards(state: JobState) -> list[FailureCard]:
    """Return the failure cards of the newest runs: complete for this site's parties, redacted for the others."""
    cards = [
        task.card
        for task in state.tasks.values()
        if task.card is not None and task is state.newest_run(task.party, task.component)
    ]
    for key, view in (state.driver.parties if state.driver else {}).items():
        if key not in state.parties and view.report is not None:
            cards.extend(report.card for report in view.report.tasks.values() if report.card is not None)
    reported = remote_failure(state)
    return [reported, *cards] if reported is not None else cards


def remote_failure(state: JobState) -> FailureCard | None:
    """Return the first failure as the driver reported it, at a site that does not drive the job and where it did not
    happen.
    """
    failures = (record.directive.failure for record in state.parties.values()) if state.driver is None else ()
    return next((card for card in failures if card is not None and str(card.party) not in state.parties), None)


def _own(state: JobState) -> list[str]:
    """The parties that this site plays; those that never accepted the job come last."""
    return list(dict.fromkeys([*own_documents(state), *state.parties]))


def _primary(state: JobState) -> tuple[PartyRecord, PartyDocument | None]:
    """The party that stands for the site, and its document if it is known here."""
    key = _own(state)[0]
    return state.parties[key], own_documents(state).get(key)


def _at_parties(state: JobState, component: str) -> dict[str, Status]:
    """The status of a component at each party that runs it, as far as it is known."""
    statuses: dict[str, Status] = {}
    for document in state.plan.documents if state.plan else state.documents.values():
        if any(plan.component == component for plan in document.tasks):
            key = str(document.party)
            view = state.driver.parties.get(key) if state.driver and key not in state.parties else None
            report = view.report.tasks.get(component) if view and view.report else None
            run = report or state.newest_run(document.party, component)
            statuses[key] = run.status if run else Status.WAITING
    return statuses


def _status_of(state: JobState) -> Status:
    return state.driver.status if state.driver else Status.WAITING
