"""A job of a pipeline and what it leaves: metrics, tables, and a model to predict with."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

from fateflow_tui.core.document.problems import nearest
from fateflow_tui.core.errors import BadRequest, FateFlowError, NotFound
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import FailureCard
from fateflow_tui.core.status import Status
from fateflow_tui.sdk.client import FateFlow
from fateflow_tui.sdk.operations.call import PartyLike, party_of
from fateflow_tui.sdk.pipeline.documents import Component, Settings, Tables, conf_of, prefix_of, reading
from fateflow_tui.sdk.pipeline.output import OutputData
from fateflow_tui.sdk.types import Inference, LogLine, OutputModel, PartyOutcomes, Series
from fateflow_tui.sdk.types.jobs import JobView

_EVALUATION = "Evaluation"
_READER = "Reader"

Progress = Callable[[JobView], None]
ComponentLike = Component | str


class RunFailed(FateFlowError):
    """A job of a pipeline has not succeeded; the message lists the failures at all parties.

    job: as it ended. cards: complete for parties of the site that was called, without rows, paths and addresses for
    others.
    """

    code: ClassVar[str] = "run_failed"

    def __init__(self, job: JobView) -> None:
        lines = [f"job {job.job_id} has ended: {job.status}{f' ({job.reason})' if job.reason else ''}"]
        lines += [line for card in job.cards for line in _card_lines(card)]
        hint = f"see the log: fateflow log show {job.job_id}"
        super().__init__("\n".join(lines), hint=hint, data={"job_id": job.job_id, "status": str(job.status)})
        self.job = job
        self.cards = job.cards


class Run:
    """A submitted job. party: whose outputs the methods return by default, the initiator."""

    def __init__(self, client: FateFlow, job_id: str, party: PartyLike) -> None:
        self.client, self.job_id, self.party = client, job_id, party_of(party)
        self._job: JobView | None = None

    @classmethod
    def of_job(cls, client: FateFlow, job_id: str) -> Self:
        """Return the run of a job that was submitted earlier, also by others. Raises JobNotFound."""
        job = client.job(job_id)
        return cls(client, job.job_id, Party.parse(job.initiator))

    @property
    def job(self) -> JobView:
        """The current state of the job."""
        if self._job is None or not self._job.status.ended:
            self._job = self.client.job(self.job_id)
        return self._job

    @property
    def status(self) -> Status:
        """The current status of the job."""
        return self.job.status

    def wait(self, progress: Progress | None = None, timeout: float | None = None) -> Self:
        """Wait until the job has succeeded.

        progress: called with the job after each change. timeout: seconds until TimedOut is raised. Raises RunFailed.
        """
        for job in self.client.watch(self.job_id, timeout):
            if progress is not None:
                progress(job)
            self._job = job
        if self.job.status is not Status.SUCCESS:
            raise RunFailed(self.job)
        return self

    def stop(self, reason: str = "") -> None:
        """Stop the job at all parties."""
        self.client.stop(self.job_id, reason=reason)

    def metrics(self, component: ComponentLike, party: PartyLike | None = None) -> dict[str, dict[str, Series]]:
        """Return the metric series of a component: namespace -> name -> series."""
        return self.client.metrics(self.job_id, self._component(component), party or self.party)

    def summary(self, component: ComponentLike, party: PartyLike | None = None) -> dict[str, object]:
        """Return the summary of a component."""
        return self.client.summary(self.job_id, self._component(component), party or self.party)

    def model(self, component: ComponentLike, party: PartyLike | None = None) -> OutputModel:
        """Return the model of a component, as far as the party may see it."""
        return self.client.tracking.output_model(self.job_id, self._component(component), party or self.party)

    def output_data(self, component: ComponentLike, party: PartyLike | None = None, limit: int = -1) -> OutputData:
        """Download the output tables of a component. limit: rows per table, -1 for all. Raises FateFlowError without
        tables.
        """
        name = self._component(component)
        with tempfile.TemporaryDirectory(prefix="fateflow-") as folder:
            target = Path(folder) / "output.tar.gz"
            self.client.tracking.output_archive(self.job_id, name, target, party or self.party, limit)
            return OutputData.read(target)

    def logs(self, component: ComponentLike = "", *, follow: bool = False) -> Iterator[LogLine]:
        """Yield the log lines of the job or of one component. follow: continue until the job has ended."""
        name = self._component(component) if component else ""
        return self.client.logs(self.job_id, component=name, follow=follow)

    def deploy(self, components: Sequence[ComponentLike] = ()) -> Deployed:
        """Make a version of the trained model for prediction.

        components: by default all. The readers are always included; each prediction passes their tables.
        """
        return Deployed.deploy(self, [self._component(component) for component in components])

    def _component(self, component: ComponentLike) -> str:
        """The name of a component of this job. Raises NotFound."""
        name, known = str(component), [view.name for view in self.job.components]
        if name in known:
            return name
        close = nearest(name, known)
        hint = f"did you mean {close}?" if close else f"the components are: {', '.join(known)}"
        raise NotFound(f"job {self.job_id} has no component {name}", hint=hint)

    def __repr__(self) -> str:
        return f"<Run {self.job_id} of {self.party}>"


class Deployed:
    """A deployed version of a model, for prediction.

    parent_version: the trained version. dsl: the prediction DSL. roles: role -> party ids.
    """

    def __init__(
        self,
        client: FateFlow,
        model_id: str,
        model_version: str,
        *,
        parent_version: str,
        dsl: dict[str, Any],
        roles: Mapping[str, Sequence[int]],
        initiator: Party,
    ) -> None:
        self.client, self.model_id, self.model_version = client, model_id, model_version
        self.parent_version, self.dsl, self.roles, self.initiator = parent_version, dsl, roles, initiator
        self.service_id = ""

    @classmethod
    def deploy(cls, run: Run, components: Sequence[str] = ()) -> Self:
        """Deploy the model of a training job. components: empty for all."""
        job, client = run.job, run.client
        readers = [view.name for view in job.components if view.module == _READER and view.name not in components]
        chosen = [*readers, *components] if components else []
        made = client.models.deploy(job.model_id, job.model_version, chosen)
        return cls(
            client,
            made.model_id,
            made.model_version,
            parent_version=job.model_version,
            dsl=client.models.predict_dsl(made.model_id, made.model_version),
            roles={role: [int(one) for one in ids] for role, ids in job.roles.items()},
            initiator=run.party,
        )

    @classmethod
    def of_version(cls, client: FateFlow, model_version: str) -> Self:
        """Return a version that was deployed earlier. model_version: or its alias. Raises NotFound, BadRequest."""
        view = client.models.show(model_version)
        if not view.deployed:
            raise BadRequest(f"model version {view.model_version} is not deployed", hint="deploy it first")
        initiator = view.initiator or f"guest:{view.roles['guest'][0]}"
        return cls(
            client,
            view.model_id,
            view.model_version,
            parent_version=str(view.parent_info.get("parent_model_version", "")),
            dsl=client.models.predict_dsl(view.model_id, view.model_version),
            roles=view.roles,
            initiator=Party.parse(initiator),
        )

    @property
    def readers(self) -> list[str]:
        """The components whose tables are passed to `predict`."""
        return self._of_module(_READER)

    def predict(
        self,
        *,
        guest: Tables | None = None,
        host: Tables | None = None,
        tables: Mapping[str, Mapping[str, Tables]] | None = None,
        evaluation: Mapping[str, Any] | None = None,
        job_parameters: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> Run:
        """Predict and wait until it is done; the scores are the output data of the last component.

        guest, host: tables of the reader, as for `Pipeline.reader`. tables: reader -> role -> tables, for several
        readers. evaluation: parameters of an Evaluation of the scores, {} for its defaults; if the model has none, it
        is deployed again with one. progress, timeout: as for `Run.wait`. Raises RunFailed, TimedOut.
        """
        if evaluation is not None and not self._of_module(_EVALUATION):
            return self.evaluated.predict(
                guest=guest,
                host=host,
                tables=tables,
                evaluation=evaluation,
                job_parameters=job_parameters,
                progress=progress,
                timeout=timeout,
            )
        named = {role: given for role, given in (("guest", guest), ("host", host)) if given is not None}
        wanted = tables or {self._only_reader(): named}
        by_role: dict[str, dict[str, Settings]] = {}
        for reader, of_roles in wanted.items():
            for role, given in of_roles.items():
                by_role.setdefault(role, {})[reader] = reading(given)
        model = {"job_type": "predict", "model_id": self.model_id, "model_version": self.model_version}
        common = {name: evaluation or {} for name in self._of_module(_EVALUATION)}
        conf = conf_of(self.roles, self.initiator, {**(job_parameters or {}), **model}, common, by_role)
        accepted = self.client.submit({}, conf)
        return Run(self.client, accepted.job_id, self.initiator).wait(progress, timeout)

    @cached_property
    def evaluated(self) -> Deployed:
        """This version with an Evaluation of its final outputs; deployed once, as a version of its own."""
        components = self.dsl["components"]
        read = {ref.partition(".")[0] for node in components.values() for ref in _references(node)}
        last = [
            f"{name}.{node['output']['data'][0]}"
            for name, node in components.items()
            if name not in read and node.get("output", {}).get("data")
        ]
        if not last:
            raise BadRequest("the model has no output table to evaluate")
        node = {"module": _EVALUATION, "input": {"data": {"data": last}}, "output": {"data": ["data"]}}
        dsl = {"components": {**components, f"{prefix_of(_EVALUATION)}_0": node}}
        made = self.client.models.deploy(self.model_id, self.parent_version, predict_dsl=dsl)
        return Deployed(
            self.client,
            made.model_id,
            made.model_version,
            parent_version=self.parent_version,
            dsl=dsl,
            roles=self.roles,
            initiator=self.initiator,
        )

    def load(self) -> PartyOutcomes:
        """Load the version for inference at its guest and hosts."""
        return self.client.models.load(self.model_id, self.model_version, roles=self.roles, initiator=self.initiator)

    def bind(self, service_id: str) -> str:
        """Bind the loaded version to a service id, and return the scheduler's message."""
        text = self.client.models.bind(
            service_id, self.model_id, self.model_version, roles=self.roles, initiator=self.initiator
        )
        self.service_id = service_id
        return text

    def infer(self, features: Mapping[str, Any], remote: Mapping[str, Any] | None = None) -> Inference:
        """Score one row. features: the guest's, by name. remote: what hosts look the same row up by. Raises BadRequest
        before `bind`.
        """
        if not self.service_id:
            raise BadRequest("the model is not bound to a service", hint="call load(), then bind()")
        return self.client.serving.infer(self.service_id, features, remote)

    def verify(self) -> bool:
        """Check that the parts at all parties are complete and unchanged."""
        return self.client.models.verify(self.model_version).ok

    def _of_module(self, module: str) -> list[str]:
        return [name for name, node in self.dsl["components"].items() if node["module"] == module]

    def _only_reader(self) -> str:
        readers = self.readers
        if len(readers) != 1:
            hint = f"pass `tables` for {', '.join(readers)}" if readers else "deploy it with its reader"
            raise BadRequest(f"the model has {len(readers)} readers", hint=hint)
        return readers[0]

    def __repr__(self) -> str:
        return f"<Deployed {self.model_version}, of {self.parent_version}>"


def _card_lines(card: FailureCard) -> Iterator[str]:
    yield f"{card.component} at {card.party}: {card.cause or card.kind}"
    facts = {"where": card.where, "signal": card.signal, "hint": card.hint}
    yield from (f"  {name}: {value}" for name, value in facts.items() if value)


def _references(node: Mapping[str, Any]) -> list[str]:
    return [str(ref) for refs in node.get("input", {}).get("data", {}).values() for ref in refs]
