"""What both clients offer: one namespace per resource, and shortcuts for frequent operations."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from fateflow_tui.sdk.answers import Envelope
from fateflow_tui.sdk.operations.call import Call, Mode, Namespace, operation, save, whole
from fateflow_tui.sdk.operations.jobs import Jobs, Tasks
from fateflow_tui.sdk.operations.models import Models, Tags
from fateflow_tui.sdk.operations.serving import Serving
from fateflow_tui.sdk.operations.site import Logs, Parties, Permissions, Site
from fateflow_tui.sdk.operations.tables import Data, Tables
from fateflow_tui.sdk.operations.tracking import Tracking


class Shortcuts(Namespace[Mode]):
    """Operations that a client offers directly; each is also in the namespace of its resource."""

    @operation
    def request(self, path: str, body: Mapping[str, Any] | None = None, method: str = "POST") -> Call[Envelope]:
        """Call any path of the API below /v1 and return the envelope. Raises the error of a failed call."""
        return Call(f"/v1/{path.strip('/')}", dict(body or {}), whole, method)

    @operation
    def fetch(self, path: str, body: Mapping[str, Any], target: Path | str, method: str = "GET") -> Call[Path]:
        """Call a path below /v1 that answers with a file. It is written to `target` completely, or not at all."""
        return save(path, body, target, method)

    submit = Jobs.submit
    lint = Jobs.lint
    job = Jobs.show
    resolve = Jobs.resolve
    why = Jobs.why
    history = Jobs.history
    story = Jobs.history  # the name of earlier versions
    graph = Jobs.graph
    stop = Jobs.stop
    rerun = Jobs.rerun
    update_notes = Jobs.update_notes
    job_config = Jobs.config
    clean_queue = Jobs.clean_queue

    metrics = Tracking.metrics
    parameters = Tracking.parameters
    summary = Tracking.summary
    output_data = Tracking.output_data
    output_tables = Tracking.output_tables

    upload = Data.upload
    download = Data.download
    upload_history = Data.upload_history
    table_info = Tables.info
    delete_table = Tables.delete

    log_page = Logs.page
    log_files = Logs.files

    add_party = Parties.add
    trust_party = Parties.trust
    remove_party = Parties.remove
    ping_party = Parties.ping

    status = Site.status
    doctor = Site.doctor
    modules = Site.modules
    resources = Site.resources
    shutdown = Site.shutdown


class Namespaces(Shortcuts[Mode]):
    """The operations of a client: its namespaces and shortcuts."""

    @cached_property
    def jobs(self) -> Jobs[Mode]:
        return Jobs(self._execute)

    @cached_property
    def tasks(self) -> Tasks[Mode]:
        return Tasks(self._execute)

    @cached_property
    def tracking(self) -> Tracking[Mode]:
        return Tracking(self._execute)

    @cached_property
    def data(self) -> Data[Mode]:
        return Data(self._execute)

    @cached_property
    def tables(self) -> Tables[Mode]:
        return Tables(self._execute)

    @cached_property
    def models(self) -> Models[Mode]:
        return Models(self._execute)

    @cached_property
    def tags(self) -> Tags[Mode]:
        return Tags(self._execute)

    @cached_property
    def serving(self) -> Serving[Mode]:
        return Serving(self._execute)

    @cached_property
    def parties(self) -> Parties[Mode]:
        return Parties(self._execute)

    @cached_property
    def permissions(self) -> Permissions[Mode]:
        return Permissions(self._execute)

    @cached_property
    def log(self) -> Logs[Mode]:
        return Logs(self._execute)

    @cached_property
    def site(self) -> Site[Mode]:
        return Site(self._execute)
