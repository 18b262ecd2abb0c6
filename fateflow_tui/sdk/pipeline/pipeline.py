"""The builder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from fateflow_tui.core.document.problems import nearest
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party
from fateflow_tui.sdk.client import FateFlow
from fateflow_tui.sdk.operations.call import PartyLike, party_of
from fateflow_tui.sdk.pipeline.component import INPUTS, MODEL_INPUTS, Component, Port, Settings, outputs_of, prefix_of
from fateflow_tui.sdk.pipeline.documents import Documents, Ids, Tables, conf_of, dsl_of, ids_of, reading
from fateflow_tui.sdk.pipeline.run import Progress, Run
from fateflow_tui.sdk.types import Problem

PortLike = Port | str
_INPUTS = (*INPUTS, *MODEL_INPUTS)


class Pipeline:
    """Components of one job, to be trained together by its parties.

    guest, host, arbiter: party ids. client: of the initiator's scheduler; by default the one that runs here.
    initiator: by default the first guest. job_parameters: for all parties, such as {"task_cores": 2}.
    """

    def __init__(
        self,
        *,
        guest: Ids = (),
        host: Ids = (),
        arbiter: Ids = (),
        client: FateFlow | None = None,
        initiator: PartyLike | None = None,
        job_parameters: Mapping[str, Any] | None = None,
    ) -> None:
        given = {"guest": guest, "host": host, "arbiter": arbiter}
        self.roles = {role: found for role, ids in given.items() if (found := ids_of(role, ids))}
        if not self.roles:
            raise BadRequest("a pipeline has at least one party", hint="name a guest, as in Pipeline(guest=9999)")
        first = next(iter(self.roles.items()))
        self.initiator = party_of(initiator) if initiator else Party.of(first[0], first[1][0])
        self.job_parameters = dict(job_parameters or {})
        self.components: dict[str, Component] = {}
        self._client = client

    @cached_property
    def client(self) -> FateFlow:
        return self._client or FateFlow()

    def add(
        self,
        module: str,
        name: str = "",
        *,
        guest: Settings | None = None,
        host: Settings | None = None,
        arbiter: Settings | None = None,
        outputs: Sequence[str] | None = None,
        parameters: Mapping[str, Any] | None = None,
        **inputs_and_parameters: Any,
    ) -> Component:
        """Adds a component.

        name: by default made of the module's, as in hetero_lr_0. guest, host, arbiter: parameters for these parties
        only: one mapping for all of the role, or a list with one for each. outputs: of a module that is not FATE's
        own, by default `data`. The other keywords are inputs (data, train_data, validate_data, test_data, eval_data,
        model, isometric_model; each a port, a text such as "dataio_0.data", or a list of them) and parameters for all
        parties; those of other names may be given as `parameters`.

        Raises BadRequest for a name that is taken and for an input that leads nowhere.
        """
        name = name or self._free_name(prefix_of(module))
        if name in self.components:
            raise BadRequest(f"the pipeline has a component {name} already")
        inputs = {key: inputs_and_parameters.pop(key) for key in _INPUTS if key in inputs_and_parameters}
        ports = {key: self._ports(name, key, value) for key, value in inputs.items()}
        own = {"guest": guest, "host": host, "arbiter": arbiter}
        component = Component(
            name,
            module,
            outputs_of(module) if outputs is None else outputs,
            {key: found for key, found in ports.items() if key in INPUTS},
            {key: found for key, found in ports.items() if key in MODEL_INPUTS},
            {**inputs_and_parameters, **(parameters or {})},
            {role: settings for role, settings in own.items() if settings is not None},
        )
        self.components[name] = component
        return component

    def reader(self, name: str = "", *, guest: Tables | None = None, host: Tables | None = None) -> Component:
        """Adds a Reader. guest, host: their tables, {"namespace": ..., "name": ...} or (namespace, name); one for all
        parties of the role, or a list with one for each.
        """
        tables = {role: reading(given) for role, given in (("guest", guest), ("host", host)) if given is not None}
        return self.add("Reader", name, guest=tables.get("guest"), host=tables.get("host"))

    def to_documents(self) -> Documents:
        """The DSL and the conf that `fit` submits."""
        common = {component.name: component.common for component in self.components.values()}
        by_role: dict[str, dict[str, Settings]] = {}
        for component in self.components.values():
            for role, settings in component.by_role.items():
                by_role.setdefault(role, {})[component.name] = settings
        parameters = {"job_type": "train", **self.job_parameters}
        conf = conf_of(self.roles, self.initiator, parameters, common, by_role)
        return Documents(dsl_of(self.components.values()), conf)

    def check(self) -> list[Problem]:
        """All problems of the pipeline, warnings included, as the scheduler sees them; runs nothing."""
        return self.client.lint(*self.to_documents())

    def submit(self) -> Run:
        """Starts training and returns at once. Raises BadDocument with all problems."""
        accepted = self.client.submit(*self.to_documents())
        return Run(self.client, accepted.job_id, self.initiator)

    def fit(self, progress: Progress | None = None, timeout: float | None = None) -> Run:
        """Trains and returns when it is done. progress: is told the job whenever it has changed. timeout: seconds.

        Raises BadDocument, RunFailed with the failure cards of all parties, TimedOut.
        """
        return self.submit().wait(progress, timeout)

    def _free_name(self, prefix: str) -> str:
        number = 0
        while f"{prefix}_{number}" in self.components:
            number += 1
        return f"{prefix}_{number}"

    def _ports(self, component: str, key: str, value: Any) -> list[Port]:
        several = list(value) if isinstance(value, list | tuple) else [value]
        return [self._port(component, key, one) for one in several]

    def _port(self, component: str, key: str, value: Any) -> Port:
        """A port, as it is or as text. Raises BadRequest when the pipeline has no such output."""
        place = f"input {key} of {component}"
        if isinstance(value, Component):
            raise BadRequest(f"{place} is a component", hint=f"name an output of it: {value.name}.{value.outputs[0]}")
        source, dot, output = str(value).partition(".")
        if not isinstance(value, Port | str) or not dot:
            raise BadRequest(f"{place} is {value!r:.100}, and no output", hint="write component.data, for example")
        known = self.components.get(source)
        if known is None:
            close = nearest(source, self.components)
            hint = f"did you mean {close}?" if close else f"it has {', '.join(self.components) or 'none yet'}"
            raise BadRequest(f"{place}: the pipeline has no component {source}", hint=hint)
        try:
            return known.port(output)
        except AttributeError as error:
            raise BadRequest(f"{place}: {error}") from None
