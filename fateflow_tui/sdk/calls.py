"""Every operation as a value: what to send and how to read the answer. Pure; the clients only carry them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import msgspec

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party
from fateflow_tui.core.status import Status
from fateflow_tui.sdk.answers import Envelope
from fateflow_tui.sdk.jobs import JobGraph, JobLine, JobView, JobWhy, StoryEntry, Submission
from fateflow_tui.sdk.results import (
    Check,
    DataPreview,
    LogFileInfo,
    LogPage,
    Module,
    OutputTable,
    PartyRoute,
    PeerState,
    Problem,
    RerunStep,
    Series,
    SiteStatus,
    StopOutcome,
    TableInfo,
    Task,
)

T = TypeVar("T")
Document = Mapping[str, Any] | str | Path
PartyLike = Party | str

_PENDING = 103  # the stop is recorded, and not every party has answered


class Call(msgspec.Struct, Generic[T], frozen=True):
    """A request and the reading of its answer. path: below the scheduler's URL. tolerated: retcodes that are no
    failure. upload: the file to be sent along. patience: seconds that the answer may take beyond the client's own.
    """

    path: str
    body: dict[str, Any]
    read: Callable[[Envelope], T]
    method: str = "POST"
    tolerated: frozenset[int] = frozenset()
    upload: Path | None = None
    patience: float = 0.0


def as_(type_: type[T]) -> Callable[[Envelope], T]:
    return lambda envelope: msgspec.convert(envelope.data, type_, strict=False)


def list_of(type_: type[T]) -> Callable[[Envelope], list[T]]:
    return lambda envelope: msgspec.convert(envelope.data or [], list[type_], strict=False)  # type: ignore[valid-type]


def nothing(envelope: Envelope) -> None:
    return None


def whole(envelope: Envelope) -> Envelope:
    return envelope


def document(source: Document) -> dict[str, Any] | str:
    """A job document as it is sent: a path's content as text, so that problems have lines; JSON text and objects as
    they are. Raises BadRequest for a file that cannot be read.
    """
    if isinstance(source, Mapping):
        return dict(source)
    if isinstance(source, str) and source.lstrip()[:1] in ("{", "["):
        return source
    try:
        return Path(source).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else str(error)
        raise BadRequest(f"cannot read the job document {source!s:.200}: {cause}") from None


def raw(path: str, body: Mapping[str, Any], method: str = "POST") -> Call[Envelope]:
    """Any call of the API, answered by its envelope; a failure is raised."""
    return Call(f"/v1/{path.strip('/')}", dict(body), whole, method)


def submit(dsl: Document, conf: Document) -> Call[Submission]:
    body = {"job_dsl": document(dsl), "job_runtime_conf": document(conf)}
    return Call("/v1/job/submit", body, as_(Submission), patience=60)


def lint(dsl: Document, conf: Document) -> Call[list[Problem]]:
    body = {"job_dsl": document(dsl), "job_runtime_conf": document(conf)}
    return Call("/v1/dsl/lint", body, list_of(Problem))


def jobs(limit: int = 20, status: Sequence[str] | str = (), party: PartyLike | None = None) -> Call[list[JobLine]]:
    body = {"limit": limit, "status": [status] if isinstance(status, str) else list(status), **_party(party)}
    return Call("/v1/job/list", _given(body), list_of(JobLine))


def job(job_id: str) -> Call[JobView]:
    return Call("/v1/job/show", {"job_id": job_id}, as_(JobView))


def resolve(word: str) -> Call[str]:
    return Call("/v1/job/resolve", {"word": word}, lambda envelope: str(envelope.data["job_id"]))


def wait(job_id: str, seconds: float) -> Call[JobLine]:
    return Call("/v1/job/wait", {"job_id": job_id, "timeout": seconds}, as_(JobLine), patience=seconds)


def why(job_id: str) -> Call[JobWhy]:
    return Call("/v1/job/why", {"job_id": job_id}, as_(JobWhy))


def story(job_id: str, component: str = "") -> Call[list[StoryEntry]]:
    return Call("/v1/job/story", _given({"job_id": job_id, "component_name": component}), list_of(StoryEntry))


def graph(job_id: str) -> Call[JobGraph]:
    return Call("/v1/job/graph", {"job_id": job_id}, as_(JobGraph))


def tasks(
    job_id: str, party: PartyLike | None = None, component: str = "", status: str = "", all_versions: bool = False
) -> Call[list[Task]]:
    body = {"job_id": job_id, "component_name": component, "status": status, **_party(party)}
    body = {**_given(body), "only_latest": not all_versions}
    return Call("/v1/job/task/query", body, list_of(Task), tolerated=frozenset({101}))


def stop(job_id: str, status: Status | str = Status.CANCELED, reason: str = "") -> Call[StopOutcome]:
    def read(envelope: Envelope) -> StopOutcome:
        if not isinstance(envelope.data, dict):
            envelope.raise_failure()
        return msgspec.convert(envelope.data or {}, StopOutcome)

    body = _given({"job_id": job_id, "stop_status": str(status), "reason": reason})
    return Call("/v1/job/stop", body, read, tolerated=frozenset({_PENDING}), patience=30)


def rerun(
    job_id: str,
    components: Sequence[str] = (),
    force: bool = False,
    job_parameters: Mapping[str, Any] | None = None,
    component_parameters: Mapping[str, Any] | None = None,
    plan: bool = False,
) -> Call[list[RerunStep]]:
    body = {
        "job_id": job_id,
        "component_name": list(components),
        "force": force,
        "job_parameters": dict(job_parameters or {}),
        "component_parameters": dict(component_parameters or {}),
    }
    return Call("/v1/job/rerun/plan" if plan else "/v1/job/rerun", _given(body), list_of(RerunStep), patience=30)


def update_notes(job_id: str, party: PartyLike, notes: str) -> Call[None]:
    return Call("/v1/job/update", {"job_id": job_id, **_party(party), "notes": notes}, nothing)


def job_config(job_id: str, party: PartyLike | None = None) -> Call[dict[str, Any]]:
    return Call("/v1/job/config", {"job_id": job_id, **_party(party)}, as_(dict[str, Any]))


def clean_queue() -> Call[dict[str, int]]:
    return Call("/v1/job/clean/queue", {}, as_(dict[str, int]))


def metrics(job_id: str, component: str, party: PartyLike | None = None) -> Call[dict[str, dict[str, Series]]]:
    body = _component(job_id, component, party)
    return Call("/v1/tracking/component/metric/all", body, as_(dict[str, dict[str, Series]]))


def parameters(job_id: str, component: str, party: PartyLike | None = None) -> Call[dict[str, Any]]:
    body = _component(job_id, component, party)
    return Call("/v1/tracking/component/parameters", body, lambda envelope: dict(envelope.data or {}))


def summary(job_id: str, component: str, party: PartyLike) -> Call[dict[str, Any]]:
    body = _component(job_id, component, party)
    return Call("/v1/tracking/component/summary/download", body, as_(dict[str, Any]))


def output_data(job_id: str, component: str, party: PartyLike | None = None) -> Call[DataPreview]:
    def read(envelope: Envelope) -> DataPreview:
        return msgspec.convert({"rows": envelope.data or [], **(envelope.meta or {})}, DataPreview)

    return Call("/v1/tracking/component/output/data", _component(job_id, component, party), read)


def output_tables(job_id: str, component: str, party: PartyLike) -> Call[list[OutputTable]]:
    body = _component(job_id, component, party)
    return Call("/v1/tracking/component/output/data/table", body, list_of(OutputTable))


def upload(
    path: Path | str,
    *,
    table_name: str,
    namespace: str,
    head: bool = True,
    partition: int = 4,
    drop: bool = False,
    id_delimiter: str = ",",
    **more: Any,
) -> Call[Submission]:
    conf = {
        "file": str(path),
        "table_name": table_name,
        "namespace": namespace,
        "head": int(head),
        "partition": partition,
        "drop": int(drop),
        "id_delimiter": id_delimiter,
        **more,
    }
    return upload_conf(path, conf)


def upload_conf(path: Path | str, conf: Mapping[str, Any]) -> Call[Submission]:
    """An upload with a configuration as FATE's clients write it."""
    query = quote(msgspec.json.encode(dict(conf)).decode(), safe="")
    file = Path(path).expanduser()
    if not file.is_file():
        raise BadRequest(f"there is no file {file}")
    return Call(f"/v1/data/upload?{query}", {}, as_(Submission), upload=file, patience=600)


def download(namespace: str, table_name: str, output_path: Path | str, delimiter: str = ",") -> Call[Submission]:
    body = {"namespace": namespace, "table_name": table_name, "output_path": str(output_path), "delimiter": delimiter}
    return Call("/v1/data/download", body, as_(Submission))


def upload_history(limit: int = 10, job_id: str = "") -> Call[list[dict[str, Any]]]:
    return Call("/v1/data/upload/history", _given({"limit": limit, "job_id": job_id}), list_of(dict[str, Any]))


def table_info(namespace: str, table_name: str) -> Call[TableInfo]:
    return Call("/v1/table/table_info", {"namespace": namespace, "table_name": table_name}, as_(TableInfo))


def delete_table(namespace: str, table_name: str) -> Call[None]:
    return Call("/v1/table/delete", {"namespace": namespace, "table_name": table_name}, nothing)


def log_files(job_id: str = "") -> Call[list[LogFileInfo]]:
    return Call("/v1/log/list", _given({"job_id": job_id}), list_of(LogFileInfo))


def log_page(
    job_id: str = "",
    *,
    level: str = "INFO",
    party: PartyLike | None = None,
    component: str = "",
    tail: int = 0,
    cursors: Mapping[str, Any] | None = None,
) -> Call[LogPage]:
    body = {"job_id": job_id, "component_name": component, "tail": tail, "cursors": dict(cursors or {})}
    return Call("/v1/log/read", {**_given(body), "level": level, **_party(party)}, as_(LogPage))


def parties() -> Call[list[PartyRoute]]:
    return Call("/v1/party/list", {}, list_of(PartyRoute))


def add_party(party: str, url: str, note: str = "", key: str = "") -> Call[PartyRoute]:
    return Call("/v1/party/add", _given({"party": party, "url": url, "note": note, "key": key}), as_(PartyRoute))


def trust_party(party: str, key: str = "") -> Call[PartyRoute]:
    return Call("/v1/party/trust", _given({"party": party, "key": key}), as_(PartyRoute))


def remove_party(party: str) -> Call[None]:
    return Call("/v1/party/remove", {"party": party}, nothing)


def ping_party(party: str) -> Call[PeerState]:
    return Call("/v1/party/ping", {"party": party}, as_(PeerState), patience=10)


def modules() -> Call[list[Module]]:
    return Call("/v1/component/list", {}, list_of(Module))


def resources() -> Call[dict[str, Any]]:
    return Call("/v1/resource/show", {}, as_(dict[str, Any]))


def doctor() -> Call[list[Check]]:
    return Call("/v1/site/doctor", {}, list_of(Check))


def status() -> Call[SiteStatus]:
    return Call("/v1/site/status", {}, as_(SiteStatus))


def shutdown() -> Call[None]:
    return Call("/v1/site/shutdown", {}, nothing)


def log_stream_query(
    job_id: str, level: str = "INFO", party: PartyLike | None = None, component: str = "", tail: int = 0
) -> dict[str, Any]:
    return _given({"job_id": job_id, "level": level, "component_name": component, "tail": tail, **_party(party)})


def _component(job_id: str, component: str, party: PartyLike | None) -> dict[str, Any]:
    return {"job_id": job_id, "component_name": component, **_party(party)}


def _party(party: PartyLike | None) -> dict[str, Any]:
    if party is None:
        return {}
    if isinstance(party, str):
        try:
            party = Party.parse(party)
        except ValueError as error:
            raise BadRequest(str(error)) from None
    return {"role": party.role, "party_id": party.party_id}


def _given(body: dict[str, Any]) -> dict[str, Any]:
    """Without what was left empty."""
    return {name: value for name, value in body.items() if value is not False and value not in ("", None, [], {})}
