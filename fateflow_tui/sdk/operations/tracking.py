"""Tracking: metrics, parameters, summaries, output tables and models of tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from fateflow_tui.sdk.answers import Envelope
from fateflow_tui.sdk.operations.call import (
    Call,
    Document,
    Mode,
    Namespace,
    PartyLike,
    as_,
    document,
    given,
    list_of,
    member,
    operation,
    party_members,
    save,
)
from fateflow_tui.sdk.types.tables import DataPreview, DataView, Dependencies, OutputModel, OutputTable, Series


class Tracking(Namespace[Mode]):
    """Metrics, parameters, summaries and outputs of tasks. Without a party, those of the initiator."""

    @operation
    def metrics(
        self, job_id: str, component: str, party: PartyLike | None = None
    ) -> Call[dict[str, dict[str, Series]]]:
        """Return a component's metric series: namespace -> name -> series."""
        body = _component(job_id, component, party)
        return Call("/v1/tracking/component/metric/all", body, as_(dict[str, dict[str, Series]]))

    @operation
    def metric_names(self, job_id: str, component: str, party: PartyLike | None = None) -> Call[dict[str, list[str]]]:
        """Return the names of a component's series by namespace."""
        return Call("/v1/tracking/component/metrics", _component(job_id, component, party), as_(dict[str, list[str]]))

    @operation
    def series(
        self, job_id: str, component: str, namespace: str, name: str, party: PartyLike | None = None
    ) -> Call[Series]:
        """Return one series; it has no points when there is none of this name."""

        def read(envelope: Envelope) -> Series:
            return msgspec.convert({"data": envelope.data or [], "meta": envelope.meta or {}}, Series, strict=False)

        body = {**_component(job_id, component, party), "metric_namespace": namespace, "metric_name": name}
        return Call("/v1/tracking/component/metric_data", body, read)

    @operation
    def delete_metrics(
        self, job_id: str, component: str = "", party: PartyLike | None = None, day: str = ""
    ) -> Call[str]:
        """Delete metrics of a job's tasks, and return the scheduler's message.

        day: `YYYYMMDD`, to delete those of all jobs of a day instead.
        """
        body = given({"job_id": job_id, "component_name": component, "model": day, **party_members(party)})
        path = "/v1/tracking/component/metric/delete"
        return Call(path, body, lambda envelope: str(envelope.data or envelope.retmsg))

    @operation
    def parameters(self, job_id: str, component: str, party: PartyLike | None = None) -> Call[dict[str, Any]]:
        """Return a component's merged parameters at a party: {module, `<Class>Param`: {...}}; {} where it does not
        run.
        """
        body = _component(job_id, component, party)
        return Call("/v1/tracking/component/parameters", body, lambda envelope: dict(envelope.data or {}))

    @operation
    def summary(self, job_id: str, component: str, party: PartyLike) -> Call[dict[str, Any]]:
        """Return the summary that a component wrote. Raises FateFlowError when it wrote none."""
        body = _component(job_id, component, party)
        return Call("/v1/tracking/component/summary/download", body, as_(dict[str, Any]))

    @operation
    def components(self, job_id: str) -> Call[list[str]]:
        """List the components of a job in the order of its DSL."""
        return Call("/v1/tracking/component/list", {"job_id": job_id}, member("components", list[str]))

    @operation
    def output_data(self, job_id: str, component: str, party: PartyLike | None = None) -> Call[DataPreview]:
        """Return the first 100 rows of each output table of a component."""

        def read(envelope: Envelope) -> DataPreview:
            return msgspec.convert({"rows": envelope.data or [], **(envelope.meta or {})}, DataPreview)

        return Call("/v1/tracking/component/output/data", _component(job_id, component, party), read)

    @operation
    def output_tables(self, job_id: str, component: str, party: PartyLike) -> Call[list[OutputTable]]:
        """List the output tables of a component at a party."""
        body = _component(job_id, component, party)
        return Call("/v1/tracking/component/output/data/table", body, list_of(OutputTable))

    @operation
    def output_archive(
        self,
        job_id: str,
        component: str,
        target: Path | str,
        party: PartyLike | None = None,
        limit: int = -1,
        head: bool = True,
    ) -> Call[Path]:
        """Download the output tables of a component as tar.gz to `target`, each as a `.csv` and a `.meta` file.

        limit: rows per table, -1 for all. head: begin each .csv with the column names.
        """
        body = {**_component(job_id, component, party), "limit": limit, "head": head}
        return save("tracking/component/output/data/download", body, target)

    @operation
    def output_model(self, job_id: str, component: str, party: PartyLike | None = None) -> Call[OutputModel]:
        """Return the model that a component trained, as far as the party may see it; empty without one."""

        def read(envelope: Envelope) -> OutputModel:
            meta = envelope.meta or {}
            settings, module = meta.get("meta_data") or {}, meta.get("module_name") or ""
            return OutputModel(dict(envelope.data or {}), dict(settings), module)

        return Call("/v1/tracking/component/output/model", _component(job_id, component, party), read)

    @operation
    def data_view(self, job_id: str, party: PartyLike | None = None) -> Call[DataView]:
        """Return the parties of a job and the tables that they read."""
        return Call("/v1/tracking/job/data_view", {"job_id": job_id, **party_members(party)}, as_(DataView))

    @operation
    def dependencies(self, job_id: str, party: PartyLike | None = None) -> Call[Dependencies]:
        """Return the DAG of a job in the form of FATE-Board."""
        return Call("/v1/pipeline/dag/dependency", {"job_id": job_id, **party_members(party)}, as_(Dependencies))

    @operation
    def dsl_dependencies(self, dsl: Document) -> Call[Dependencies]:
        """Return the DAG of a DSL in the form of FATE-Board; nothing is submitted."""
        return Call("/v1/pipeline/dag/dependency", {"job_dsl": document(dsl)}, as_(Dependencies))


def _component(job_id: str, component: str, party: PartyLike | None) -> dict[str, Any]:
    return {"job_id": job_id, "component_name": component, **party_members(party)}
