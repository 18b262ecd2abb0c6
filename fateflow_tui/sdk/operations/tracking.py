"""What tasks leave: metrics, parameters, summaries, output tables and models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from fateflow_tui.sdk.answers import Envelope
from fateflow_tui.sdk.operations.call import (
    Call,
    Document,
    PartyLike,
    as_,
    document,
    fetch,
    given,
    list_of,
    member,
    party_members,
)
from fateflow_tui.sdk.types import DataPreview, DataView, Dependencies, OutputModel, OutputTable, Series


def metrics(job_id: str, component: str, party: PartyLike | None = None) -> Call[dict[str, dict[str, Series]]]:
    """Series by namespace and name; of the initiator unless a party is named."""
    body = _component(job_id, component, party)
    return Call("/v1/tracking/component/metric/all", body, as_(dict[str, dict[str, Series]]))


def metric_names(job_id: str, component: str, party: PartyLike | None = None) -> Call[dict[str, list[str]]]:
    """The names of a component's series by namespace."""
    return Call("/v1/tracking/component/metrics", _component(job_id, component, party), as_(dict[str, list[str]]))


def series(job_id: str, component: str, namespace: str, name: str, party: PartyLike | None = None) -> Call[Series]:
    """One series; without points when there is none of this name."""

    def read(envelope: Envelope) -> Series:
        return msgspec.convert({"data": envelope.data or [], "meta": envelope.meta or {}}, Series, strict=False)

    body = {**_component(job_id, component, party), "metric_namespace": namespace, "metric_name": name}
    return Call("/v1/tracking/component/metric_data", body, read)


def delete_metrics(job_id: str, component: str = "", party: PartyLike | None = None, day: str = "") -> Call[str]:
    """Forgets metrics of a job's tasks. day: `YYYYMMDD`, for those of all jobs of a day in the place of a job.

    Returns the scheduler's words.
    """
    body = given({"job_id": job_id, "component_name": component, "model": day, **party_members(party)})
    return Call("/v1/tracking/component/metric/delete", body, lambda envelope: str(envelope.data or envelope.retmsg))


def parameters(job_id: str, component: str, party: PartyLike | None = None) -> Call[dict[str, Any]]:
    """{module, `<Class>Param`: {...}}: a component's merged parameters at a party; {} if it does not run it."""
    body = _component(job_id, component, party)
    return Call("/v1/tracking/component/parameters", body, lambda envelope: dict(envelope.data or {}))


def summary(job_id: str, component: str, party: PartyLike) -> Call[dict[str, Any]]:
    """What a component says of its result. Raises FateFlowError when it has said nothing."""
    body = _component(job_id, component, party)
    return Call("/v1/tracking/component/summary/download", body, as_(dict[str, Any]))


def components(job_id: str) -> Call[list[str]]:
    """The components of a job in the order of its DSL."""
    return Call("/v1/tracking/component/list", {"job_id": job_id}, member("components", list[str]))


def output_data(job_id: str, component: str, party: PartyLike | None = None) -> Call[DataPreview]:
    """The first 100 rows of each output table."""

    def read(envelope: Envelope) -> DataPreview:
        return msgspec.convert({"rows": envelope.data or [], **(envelope.meta or {})}, DataPreview)

    return Call("/v1/tracking/component/output/data", _component(job_id, component, party), read)


def output_tables(job_id: str, component: str, party: PartyLike) -> Call[list[OutputTable]]:
    """Names of the output tables of a component at a party."""
    body = _component(job_id, component, party)
    return Call("/v1/tracking/component/output/data/table", body, list_of(OutputTable))


def output_archive(
    job_id: str, component: str, target: Path | str, party: PartyLike | None = None, limit: int = -1, head: bool = True
) -> Call[Path]:
    """The output tables as tar.gz of one `.csv` and one `.meta` each, written to `target`.

    limit: rows of each, -1 for all. head: begin with a line of names.
    """
    body = {**_component(job_id, component, party), "limit": limit, "head": head}
    return fetch("tracking/component/output/data/download", body, target)


def output_model(job_id: str, component: str, party: PartyLike | None = None) -> Call[OutputModel]:
    """The model that a component has trained, as a party may see it; empty without one."""

    def read(envelope: Envelope) -> OutputModel:
        meta = envelope.meta or {}
        return OutputModel(dict(envelope.data or {}), dict(meta.get("meta_data") or {}), meta.get("module_name") or "")

    return Call("/v1/tracking/component/output/model", _component(job_id, component, party), read)


def data_view(job_id: str, party: PartyLike | None = None) -> Call[DataView]:
    """Who takes part in a job and with which tables."""
    return Call("/v1/tracking/job/data_view", {"job_id": job_id, **party_members(party)}, as_(DataView))


def dependencies(job_id: str, party: PartyLike | None = None) -> Call[Dependencies]:
    """The DAG of a job as FATE's board draws it."""
    return Call("/v1/pipeline/dag/dependency", {"job_id": job_id, **party_members(party)}, as_(Dependencies))


def dsl_dependencies(dsl: Document) -> Call[Dependencies]:
    """The DAG of a DSL that need not have been submitted."""
    return Call("/v1/pipeline/dag/dependency", {"job_dsl": document(dsl)}, as_(Dependencies))


def _component(job_id: str, component: str, party: PartyLike | None) -> dict[str, Any]:
    return {"job_id": job_id, "component_name": component, **party_members(party)}
