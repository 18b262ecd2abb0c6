"""Forecast of a job that is not submitted: what each party would run, reserve, read, write and send."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from fateflow_tui.core.plan import JobPlan, PartyDocument, TaskPlan
from fateflow_tui.core.ports import ModuleCatalog, loadable_facts
from fateflow_tui.core.why import DurationStats
from fateflow_tui.sdk.types.jobs import JobForecast, Leaving, PartyForecast, TaskForecast
from fateflow_tui.server.explain.wording import duration_of
from fateflow_tui.server.fate.lineage import named_tables


def forecast(
    plan: JobPlan,
    catalog: ModuleCatalog,
    usual: Mapping[str, DurationStats],
    here: Collection[str],
    reused: Collection[str],
    refusals: Mapping[str, str],
    source: str = "",
) -> JobForecast:
    """Forecast a job. here: this site's parties. reused: components whose results come from the job `source`. refusals:
    by party.
    """
    parameters = plan.documents[0].job_parameters if plan.documents else {}
    times = {
        component.name: duration_of(usual, component.module, map(str, component.parties))
        for component in plan.components
        if component.name not in reused
    }
    unknown = [name for name, known in times.items() if known is None]
    whole = sum(known.duration for known in times.values() if known is not None)
    return JobForecast(
        initiator=str(plan.initiator),
        job_type=str(parameters.get("job_type", "train")),
        components=[component.name for component in plan.components],
        parties=[
            PartyForecast(
                party=str(document.party),
                here=str(document.party) in here,
                cores=document.need.cores,
                memory=document.need.memory,
                tasks=[
                    _task(document, task, usual, catalog, str(document.party) in here, task.component in reused)
                    for task in document.tasks
                ],
                leaves=[
                    one
                    for task in document.tasks
                    if task.component not in reused
                    for one in _leaves(task, plan, document, catalog)
                ],
                refusal=refusals.get(str(document.party), ""),
            )
            for document in plan.documents
        ],
        expected=0 if unknown else whole // max(1, plan.options.task_parallelism),
        unknown=unknown,
        source=source,
        model_id=plan.documents[0].model_id if plan.documents else "",
        model_version=plan.documents[0].model_version if parameters.get("job_type") == "predict" else "",
    )


def _task(
    document: PartyDocument,
    task: TaskPlan,
    usual: Mapping[str, DurationStats],
    catalog: ModuleCatalog,
    here: bool,
    reused: bool,
) -> TaskForecast:
    known = usual.get(f"{task.module}/{document.party.role}")
    named = named_tables(task, catalog)
    reads = [f"{namespace}.{name}" for namespace, name in named]
    return TaskForecast(
        component=task.component,
        module=task.module,
        action="reuse" if reused else "run",
        expected=known.duration if known and not reused else 0,
        runs=known.count if known else 0,
        reads=reads if here else [],
        writes=list(_written(task, catalog)) if here else [],
        their_tables=0 if here else len(reads),
    )


def _written(task: TaskPlan, catalog: ModuleCatalog) -> Iterator[str]:
    """The tables that the user names, and the ports of those that stay with the job."""
    facts = loadable_facts(catalog, task.module)
    if facts is not None and (table := facts.table_written(task.parameters)):
        yield ".".join(table)
    yield from (f"{task.component}.{port}" for port in task.data_ports)


def _leaves(task: TaskPlan, plan: JobPlan, document: PartyDocument, catalog: ModuleCatalog) -> Iterable[Leaving]:
    """The values that a module declares to send from this party; no others may leave it."""
    facts = catalog.facts(task.module)
    runners = next((one.parties for one in plan.components if one.name == task.component), [])
    for variable in facts.variables.values() if facts is not None else ():
        to = [str(party) for party in runners if party.role in variable.targets and party != document.party]
        if document.party.role in variable.sources and to:
            yield Leaving(task.component, variable.name, to)
