"""A deployed model: predicting with it, and serving it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Self

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party
from fateflow_tui.sdk.client import FateFlow
from fateflow_tui.sdk.pipeline.component import Settings, prefix_of
from fateflow_tui.sdk.pipeline.documents import Tables, conf_of, reading
from fateflow_tui.sdk.pipeline.run import Progress, Run
from fateflow_tui.sdk.types import Inference, PartyOutcomes

_EVALUATION = "Evaluation"
_READER = "Reader"


class Deployed:
    """A version of a model that predicts.

    parent_version: the trained version that it was made of. dsl: with which it predicts. roles: its parties.
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
        """Makes a version of what a training job has left. components: none for all."""
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
        """A version that was deployed earlier. model_version: or an alias of it."""
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
        """The components whose tables are named at each prediction."""
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
        """Predicts and returns when it is done; the scores are the output data of the last component.

        guest, host: tables of the reader, as `Pipeline.reader` takes them. tables: reader -> role -> tables, where
        there are several readers. evaluation: parameters of an Evaluation of the scores, {} for its defaults; if the
        model has none, it is deployed once more with one. Raises RunFailed, TimedOut.
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
        """The same with an Evaluation of what comes out at the end; it is made once, as a version of its own."""
        components = self.dsl["components"]
        read = {ref.partition(".")[0] for node in components.values() for ref in _references(node)}
        last = [
            f"{name}.{node['output']['data'][0]}"
            for name, node in components.items()
            if name not in read and node.get("output", {}).get("data")
        ]
        if not last:
            raise BadRequest("nothing comes out at the end that could be evaluated")
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
        """Loads it for inference at its guest and hosts."""
        return self.client.models.load(self.model_id, self.model_version, roles=self.roles, initiator=self.initiator)

    def bind(self, service_id: str) -> str:
        """Gives it the name that inference asks for; it must be loaded. Returns the scheduler's words."""
        text = self.client.models.bind(
            service_id, self.model_id, self.model_version, roles=self.roles, initiator=self.initiator
        )
        self.service_id = service_id
        return text

    def infer(self, features: Mapping[str, Any], remote: Mapping[str, Any] | None = None) -> Inference:
        """One score. features: of the guest, by name. remote: by what hosts find the same person."""
        if not self.service_id:
            raise BadRequest("the model has no service id yet", hint="load() it, then bind() it to one")
        return self.client.serving.infer(self.service_id, features, remote)

    def verify(self) -> bool:
        """Whether its parts are whole and unchanged at all parties."""
        return self.client.models.verify(self.model_version).ok

    def _of_module(self, module: str) -> list[str]:
        return [name for name, node in self.dsl["components"].items() if node["module"] == module]

    def _only_reader(self) -> str:
        readers = self.readers
        if len(readers) != 1:
            hint = f"name their tables by `tables`: {', '.join(readers)}" if readers else "deploy it with its reader"
            raise BadRequest(f"the model has {len(readers)} readers", hint=hint)
        return readers[0]

    def __repr__(self) -> str:
        return f"<Deployed {self.model_version}, of {self.parent_version}>"


def _references(node: Mapping[str, Any]) -> list[str]:
    return [str(ref) for refs in node.get("input", {}).get("data", {}).values() for ref in refs]
