"""What differs between two jobs: documents, effective parameters, last metrics, times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.metrics import read
from fateflow_tui.core.plan import PartyDocument
from fateflow_tui.core.records import JobState
from fateflow_tui.registry.difference import changes
from fateflow_tui.sdk.types.jobs import ComparedJob, ComponentPair, ComponentView, DocumentChange, JobDiff, MetricPair
from fateflow_tui.server.explain.ended import reused
from fateflow_tui.server.fate.records import own_documents
from fateflow_tui.server.job_views import component_views, job_line

_PARAMETERS: Final = ("component_parameters", "algorithm_parameters", "role_parameters")
_MODEL_KEYS: Final = ("model_id", "model_version")  # they differ between any two trainings
_CURVES: Final = ("LOSS", "EVALUATION_SUMMARY")  # the last point of other series is not a result

# component, party, series, key
_Place = tuple[str, str, str, str]


def diff_jobs(home: Home, a: JobState, b: JobState) -> JobDiff:
    """Compare two jobs. The metrics of both are read from disk."""
    dsl = list(_changed(_dsl(a), _dsl(b)))
    conf = list(_changed(_conf(a), _conf(b)))
    parameters = _parameters(_documents(a), _documents(b))
    return JobDiff(
        a=_compared(a),
        b=_compared(b),
        same=not (dsl or conf or parameters),
        dsl=dsl,
        conf=conf,
        parameters=parameters,
        metrics=list(_metrics(dict(_last_values(home, a)), dict(_last_values(home, b)))),
        components=list(_components(a, b)),
    )


def _compared(state: JobState) -> ComparedJob:
    line = job_line(state)
    ran = line.started_at and line.ended_at  # a job that was refused has ended, but never started
    return ComparedJob(state.job_id, line.status, line.ended_at - line.started_at if ran else 0)


def _documents(state: JobState) -> dict[str, PartyDocument]:
    known = {str(document.party): document for document in state.plan.documents} if state.plan else {}
    return {**known, **state.documents}


def _dsl(state: JobState) -> Any:
    document = next(iter(own_documents(state).values()), None)
    return document.dsl if document else {}


def _conf(state: JobState) -> dict[str, Any]:
    """The conf without the parameters of components, which are compared by component."""
    document = next(iter(own_documents(state).values()), None)
    conf = state.plan.conf if state.plan else document.conf if document else {}
    kept = {name: value for name, value in conf.items() if name not in _PARAMETERS}
    trains = document is not None and document.model_version == state.job_id
    return {**kept, "job_parameters": _without_model(kept.get("job_parameters", {}))} if trains else kept


def _without_model(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_model(value) if isinstance(value, Mapping) else value
        for name, value in parameters.items()
        if name not in _MODEL_KEYS
    }


def _changed(old: Any, new: Any, party: str = "") -> Iterator[DocumentChange]:
    for one in changes(old, new):
        yield DocumentChange(one["path"], one["change"], one["old"], one["new"], party)


def _parameters(a: Mapping[str, PartyDocument], b: Mapping[str, PartyDocument]) -> dict[str, list[DocumentChange]]:
    """The differences of the effective parameters by component, at the parties where both jobs have it."""
    found: dict[str, list[DocumentChange]] = {}
    parties: dict[str, list[str]] = {}
    for party in [key for key in a if key in b]:
        before = {task.component: task.parameters for task in a[party].tasks}
        for task in b[party].tasks:
            if task.component in before:
                parties.setdefault(task.component, []).append(party)
                of_party = list(_changed(before[task.component], task.parameters, party))
                found.setdefault(task.component, []).extend(of_party)
    return {name: _merged(differences, parties[name]) for name, differences in found.items() if differences}


def _merged(found: list[DocumentChange], parties: list[str]) -> list[DocumentChange]:
    """Merge differences that are the same at all parties into one."""
    merged: list[DocumentChange] = []
    for one in found:
        same = [other.party for other in found if (other.path, other.old, other.new) == (one.path, one.old, one.new)]
        folded = DocumentChange(one.path, one.change, one.old, one.new) if same == parties else one
        if folded not in merged:
            merged.append(folded)
    return merged


def _last_values(home: Home, state: JobState) -> Iterator[tuple[_Place, float | str]]:
    for document in own_documents(state).values():
        for task in document.tasks:
            run = state.newest_run(document.party, task.component)
            if run is None:
                continue
            for namespace, of_namespace in read(
                home.metrics(state.job_id, document.party, task.component, run.version)
            ).items():
                for name, series in of_namespace.items():
                    yield from _of_series(task.component, str(document.party), f"{namespace}.{name}", series)


def _of_series(
    component: str, party: str, name: str, series: Mapping[str, Any]
) -> Iterator[tuple[_Place, float | str]]:
    if series["meta"].get("metric_type") not in _CURVES or not series["data"]:
        return
    words = [point for point in series["data"] if isinstance(point[0], str)]
    if words:
        for key, value in words:
            if isinstance(value, int | float | str):
                yield (component, party, name, key), value
        return
    value = series["data"][-1][1]
    if isinstance(value, int | float | str):
        yield (component, party, name, "last"), value


def _metrics(a: Mapping[_Place, float | str], b: Mapping[_Place, float | str]) -> Iterator[MetricPair]:
    for place in [*a, *(place for place in b if place not in a)]:
        yield MetricPair(*place, a.get(place), b.get(place))


def _components(a: JobState, b: JobState) -> Iterator[ComponentPair]:
    before, now = ({view.name: view for view in component_views(state)} for state in (a, b))
    sources = reused(a), reused(b)
    for name in [*before, *(name for name in now if name not in before)]:
        old, new = before.get(name), now.get(name)
        one = new or old
        if one is not None:
            yield ComponentPair(
                component=name,
                module=one.module,
                a=_status(old, sources[0]),
                b=_status(new, sources[1]),
                a_took=_took(old, sources[0]),
                b_took=_took(new, sources[1]),
            )


def _status(view: ComponentView | None, sources: Mapping[str, str]) -> str:
    if view is None:
        return ""
    return "reused" if sources.get(view.name) else str(view.status)


def _took(view: ComponentView | None, sources: Mapping[str, str]) -> int:
    ran = view is not None and view.started_at and view.ended_at and not sources.get(view.name)
    return max(0, view.ended_at - view.started_at) if view is not None and ran else 0
