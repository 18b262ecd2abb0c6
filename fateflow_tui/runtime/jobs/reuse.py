"""Reuse of an earlier job's results: which job to reuse, and which of its results a party still has."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.models import PartyModels
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import FateFlowError, NotFound
from fateflow_tui.core.files import make_directories
from fateflow_tui.core.ids import Party, party_model_id
from fateflow_tui.core.plan import JobPlan, PartyDocument, Reuse, TaskPlan
from fateflow_tui.core.ports import ModuleCatalog
from fateflow_tui.core.records import Adopted, JobState, TaskOutput, TaskRecord
from fateflow_tui.engine import RunCause, RunReason, other_model, reads_model, reusable_components, similarity
from fateflow_tui.runtime.effects import newest_success


def with_reuse(plan: JobPlan, source: JobState) -> JobPlan:
    """Return the plan, proposing the unchanged results of an earlier job to its parties."""
    alike = reusable_components(plan, source)
    if not alike:
        return plan
    reuse = Reuse(source.job_id, alike)
    documents = [msgspec.structs.replace(document, reuse=reuse) for document in plan.documents]
    return msgspec.structs.replace(plan, documents=documents)


def best_source(plan: JobPlan, states: Iterable[JobState]) -> JobState | None:
    """The ended job with the most reusable components; of several, the first one."""
    ended = (state for state in states if state.driver is not None and state.driver.status.ended)
    best = max(ended, key=lambda state: len(reusable_components(plan, state)), default=None)
    return best if best is not None and reusable_components(plan, best) else None


def closest(plan: JobPlan, states: Iterable[JobState]) -> JobState | None:
    """The ended job to compare a plan with: `best_source`, else the most similar one; None if there is none."""
    ended = [state for state in states if state.driver is not None and state.driver.status.ended]
    alike = [state for state in ended if similarity(plan, state)]
    return best_source(plan, alike) or max(alike, key=lambda state: similarity(plan, state), default=None)


class Adoption:
    """Finds which results of an earlier job a party of this site still has, and copies them for a new job."""

    def __init__(self, home: Home, tables: Tables, catalog: ModuleCatalog) -> None:
        self._home = home
        self._tables = tables
        self._catalog = catalog
        self._models = PartyModels(home.models)

    def adoptable(self, document: PartyDocument, source: JobState | None) -> dict[str, Adopted]:
        """component -> the results that the party can reuse; none whose tables, models or module have changed."""
        if document.reuse is None or source is None:
            return {}
        before = source.documents.get(str(document.party))
        if before is None:
            return {}
        found: dict[str, Adopted] = {}
        for task, run in self._alike(document, before, source):
            if task.component not in document.reuse.components or self._obstacle(task, run) is not None:
                continue
            if self._copied(document, before, run):
                found[task.component] = Adopted(run.outputs, run.summary, run.module_version)
        return found

    def obstacles(self, documents: Sequence[PartyDocument], source: JobState) -> dict[str, RunReason]:
        """component -> why it must run at a party of this site although it is unchanged. Copies nothing."""
        reasons: dict[str, list[RunReason]] = {}
        for document in documents:
            before = source.documents.get(str(document.party))
            if before is None:
                continue
            for task, run in self._alike(document, before, source):
                reason = self._obstacle(task, run) or self._lost_model(before, run)
                if reason is not None:
                    why = f"{reason.why} at {document.party}"
                    reasons.setdefault(task.component, []).append(RunReason(reason.change, why))
        return {
            component: RunReason(found[0].change, "; ".join(one.why for one in found))
            for component, found in reasons.items()
        }

    def missing_outputs(self, state: JobState) -> dict[str, str]:
        """Components of an ended job whose output tables no longer exist -> the party of this site."""
        found: dict[str, str] = {}
        for document in state.documents.values():
            for task in document.tasks:
                run = newest_success(state, document.party, task.component)
                tables = [output for output in run.outputs if output.kind == "data"] if run is not None else []
                if any(self._tables.meta(output.namespace, output.table) is None for output in tables):
                    found.setdefault(task.component, str(document.party))
        return found

    def _alike(
        self, document: PartyDocument, before: PartyDocument, source: JobState
    ) -> Iterator[tuple[TaskPlan, TaskRecord]]:
        """The unchanged tasks, each with its newest successful run."""
        old = {task.component: task for task in before.tasks}
        same_model = other_model(document) == other_model(before)
        for task in document.tasks:
            run = newest_success(source, document.party, task.component)
            if run is not None and old.get(task.component) == task and (same_model or not reads_model(task)):
                yield task, run

    def _obstacle(self, task: TaskPlan, run: TaskRecord) -> RunReason | None:
        """Why a run cannot be reused: another module version, or a changed table. None if it can."""
        facts = self._catalog.facts(task.module)
        if facts is None or facts.version != run.module_version:
            return RunReason(RunCause.MODULE, f"module changed: another version of {task.module}")
        for output in run.outputs:
            if output.kind == "data" and not self._has_table(output):
                return RunReason(RunCause.LOST, f"its table {output.name} has changed or no longer exists")
        return None

    def _lost_model(self, before: PartyDocument, run: TaskRecord) -> RunReason | None:
        for output in run.outputs:
            try:
                if output.kind == "model":
                    self._model(before, run.component, output)
            except (FateFlowError, OSError):
                return RunReason(RunCause.LOST, f"its model {output.name} has changed or no longer exists")
        return None

    def _has_table(self, output: TaskOutput) -> bool:
        meta = self._tables.meta(output.namespace, output.table)
        return meta is not None and meta.obstacle() is None and meta.identity == output.sha256

    def _copied(self, document: PartyDocument, before: PartyDocument, run: TaskRecord) -> bool:
        """Copy the run's models and metrics to the new job. False if that fails."""
        try:
            for output in run.outputs:
                if output.kind == "model":
                    content = self._model(before, run.component, output)
                    owner = party_model_id(document.party, document.model_id)
                    self._models.write(owner, document.model_version, run.component, output.name, content)
            self._copy_metrics(before.job_id, document.job_id, document.party, run)
        except (FateFlowError, OSError):
            return False
        return True

    def _model(self, before: PartyDocument, component: str, output: TaskOutput) -> bytes:
        owner = party_model_id(before.party, before.model_id)
        content = self._models.read(owner, before.model_version, component, output.name)
        if sha256(content).hexdigest() != output.sha256:
            raise NotFound(f"the model of {component} has changed since its task wrote it")
        return content

    def _copy_metrics(self, old_job: str, new_job: str, party: Party, run: TaskRecord) -> None:
        source = self._home.metrics(old_job, party, run.component, run.version)
        target = self._home.metrics(new_job, party, run.component, 0)
        if source.is_file():
            make_directories(target.parent)
            shutil.copyfile(source, target)
