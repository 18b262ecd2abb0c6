"""What of an earlier job can stand for what a new one would do: the earlier job itself, and what a party still has."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from hashlib import sha256

import msgspec

from fateflow_tui.artifacts.durable import make_directories
from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.models import PartyModels
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import FateFlowError, NotFound
from fateflow_tui.core.ids import Party, party_model_id
from fateflow_tui.core.plan import JobPlan, PartyDocument, Reuse, TaskPlan
from fateflow_tui.core.ports import ModuleCatalog
from fateflow_tui.core.records import Adopted, JobState, Output, TaskRecord
from fateflow_tui.engine import unchanged
from fateflow_tui.runtime.orders import newest_success


def with_reuse(plan: JobPlan, source: JobState) -> JobPlan:
    """The plan with all that an earlier job has done alike proposed to its parties."""
    alike = unchanged(plan, source)
    if not alike:
        return plan
    reuse = Reuse(source.job_id, alike)
    documents = [msgspec.structs.replace(document, reuse=reuse) for document in plan.documents]
    return msgspec.structs.replace(plan, documents=documents)


def best_source(plan: JobPlan, states: Iterable[JobState]) -> JobState | None:
    """The ended job that has most of the plan done alike; of several, the first that is given."""
    ended = (state for state in states if state.driver is not None and state.driver.status.ended)
    best = max(ended, key=lambda state: len(unchanged(plan, state)), default=None)
    return best if best is not None and unchanged(plan, best) else None


class Adoption:
    """Looks at what a party of this site still has of an earlier job, and makes it ready to be the new job's."""

    def __init__(self, home: Home, tables: Tables, catalog: ModuleCatalog) -> None:
        self._home = home
        self._tables = tables
        self._catalog = catalog
        self._models = PartyModels(home.models)

    def adoptable(self, document: PartyDocument, source: JobState | None) -> dict[str, Adopted]:
        """component -> what the party has of it; without those whose tables, models or module are not the same."""
        if document.reuse is None or source is None:
            return {}
        before = source.documents.get(str(document.party))
        if before is None:
            return {}
        old = {task.component: task for task in before.tasks}
        found: dict[str, Adopted] = {}
        for task in document.tasks:
            run = newest_success(source, document.party, task.component)
            if task.component not in document.reuse.components or run is None or old.get(task.component) != task:
                continue
            if self._is_there(run, task) and self._copied(document, before, run):
                found[task.component] = Adopted(run.outputs, run.summary, run.module_version)
        return found

    def _is_there(self, run: TaskRecord, task: TaskPlan) -> bool:
        """Whether its tables have the same content still, and its module is the one that made them."""
        facts = self._catalog.facts(task.module)
        if facts is None or facts.version != run.module_version:
            return False
        return all(self._has_table(output) for output in run.outputs if output.kind == "data")

    def _has_table(self, output: Output) -> bool:
        meta = self._tables.meta(output.namespace, output.table)
        return meta is not None and meta.obstacle() is None and meta.identity == output.sha256

    def _copied(self, document: PartyDocument, before: PartyDocument, run: TaskRecord) -> bool:
        """Copies the run's models and metrics to where the new job's own would be."""
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

    def _model(self, before: PartyDocument, component: str, output: Output) -> bytes:
        owner = party_model_id(before.party, before.model_id)
        content = self._models.read(owner, before.model_version, component, output.name)
        if sha256(content).hexdigest() != output.sha256:
            raise NotFound(f"the model of {component} is not the one that its task left")
        return content

    def _copy_metrics(self, old_job: str, new_job: str, party: Party, run: TaskRecord) -> None:
        source = self._home.metrics(old_job, party, run.component, run.version)
        target = self._home.metrics(new_job, party, run.component, 0)
        if source.is_file():
            make_directories(target.parent)
            shutil.copyfile(source, target)
