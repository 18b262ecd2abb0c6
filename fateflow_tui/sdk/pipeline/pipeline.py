"""The builder of pipelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from fateflow_tui.core.document.problems import Problem, nearest
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party
from fateflow_tui.sdk.client import FateFlow
from fateflow_tui.sdk.operations.call import PartyLike, party_of
from fateflow_tui.sdk.pipeline.documents import (
    INPUTS,
    MODEL_INPUTS,
    Component,
    Documents,
    Ids,
    Port,
    Settings,
    Tables,
    conf_of,
    dsl_of,
    ids_of,
    outputs_of,
    prefix_of,
    reading,
)
from fateflow_tui.sdk.pipeline.run import Progress, Run

PortLike = Port | str
_INPUTS = (*INPUTS, *MODEL_INPUTS)


class Pipeline:
    """Components of a training job.

    guest, host, arbiter: party ids. client: of the initiator's scheduler, by default `FateFlow()`. initiator: by
    default the first guest. job_parameters: for all parties, such as {"task_cores": 2}.
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
            raise BadRequest("the pipeline has no parties", hint="pass a guest, as in Pipeline(guest=9999)")
        first = next(iter(self.roles.items()))
        self.initiator = party_of(initiator) if initiator else Party.of(first[0], first[1][0])
        self.job_parameters = dict(job_parameters or {})
        self.components: dict[str, Component] = {}
        self._client = client

    @cached_property
    def client(self) -> FateFlow:
        """The client that submits the pipeline."""
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
        """Add a component.

        name: by default derived from the module, such as hetero_lr_0. guest, host, arbiter: parameters for these
        parties only: one mapping for all of the role, or a list with one for each. outputs: by default those of FATE's
        module, or `data`. Other keywords are inputs (data, train_data, validate_data, test_data, eval_data, model,
        isometric_model; each a port, a text such as "dataio_0.data", or a list of them) or parameters for all parties.
        parameters: more of these, whose names are not identifiers or clash with other arguments.

        Raises BadRequest for a name that is taken and for an unknown input.
        """
        name = name or self._free_name(prefix_of(module))
        if name in self.components:
            raise BadRequest(f"the pipeline already has a component {name}")
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
        """Add a Reader.

        guest, host: their tables, {"namespace": ..., "name": ...} or (namespace, name); one for all parties of the
        role, or a list with one for each.
        """
        tables = {role: reading(given) for role, given in (("guest", guest), ("host", host)) if given is not None}
        return self.add("Reader", name, guest=tables.get("guest"), host=tables.get("host"))

    def to_documents(self) -> Documents:
        """Return the DSL and the conf that `fit` submits."""
        common = {component.name: component.common for component in self.components.values()}
        by_role: dict[str, dict[str, Settings]] = {}
        for component in self.components.values():
            for role, settings in component.by_role.items():
                by_role.setdefault(role, {})[component.name] = settings
        parameters = {"job_type": "train", **self.job_parameters}
        conf = conf_of(self.roles, self.initiator, parameters, common, by_role)
        return Documents(dsl_of(self.components.values()), conf)

    def check(self) -> list[Problem]:
        """Return all problems of the pipeline, warnings included. Nothing is run."""
        return self.client.lint(*self.to_documents())

    def submit(self) -> Run:
        """Start training without waiting. Raises BadDocument with all problems."""
        accepted = self.client.submit(*self.to_documents())
        return Run(self.client, accepted.job_id, self.initiator)

    def fit(self, progress: Progress | None = None, timeout: float | None = None) -> Run:
        """Train and wait until it is done.

        progress: called with the job after each change. timeout: seconds until TimedOut is raised. Raises BadDocument
        with all problems, RunFailed with the failures at all parties.
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
        """Resolve a port or its text. Raises BadRequest when the pipeline has no such output."""
        place = f"input {key} of {component}"
        if isinstance(value, Component):
            raise BadRequest(f"{place} is a component", hint=f"pass an output: {value.name}.{value.outputs[0]}")
        source, dot, output = str(value).partition(".")
        if not isinstance(value, Port | str) or not dot:
            raise BadRequest(f"{place} is not an output: {value!r:.100}", hint="pass component.data, for example")
        known = self.components.get(source)
        if known is None:
            close = nearest(source, self.components)
            hint = f"did you mean {close}?" if close else f"the components are: {', '.join(self.components) or 'none'}"
            raise BadRequest(f"{place}: the pipeline has no component {source}", hint=hint)
        try:
            return known.port(output)
        except AttributeError as error:
            raise BadRequest(f"{place}: {error}") from None
