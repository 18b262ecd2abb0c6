"""What both clients offer: all nouns, and beside them what is done every day."""

from __future__ import annotations

from functools import cached_property

from fateflow_tui.sdk.calls import call, data, jobs, logs, parties, site, tables, tracking
from fateflow_tui.sdk.nouns import (
    Data,
    Jobs,
    Logs,
    Models,
    Parties,
    Permissions,
    Serving,
    Site,
    Tables,
    Tags,
    Tasks,
    Tracking,
)
from fateflow_tui.sdk.operations import Noun, Operation, When


class Everyday(Noun[When]):
    """Operations that need no noun; each is also to be found under its own."""

    request = Operation(call.raw)
    fetch = Operation(call.fetch)

    submit = Operation(jobs.submit)
    lint = Operation(jobs.lint)
    job = Operation(jobs.show)
    resolve = Operation(jobs.resolve)
    why = Operation(jobs.why)
    story = Operation(jobs.story)
    graph = Operation(jobs.graph)
    stop = Operation(jobs.stop)
    rerun = Operation(jobs.rerun)
    update_notes = Operation(jobs.update_notes)
    job_config = Operation(jobs.config)
    clean_queue = Operation(jobs.clean_queue)

    metrics = Operation(tracking.metrics)
    parameters = Operation(tracking.parameters)
    summary = Operation(tracking.summary)
    output_data = Operation(tracking.output_data)
    output_tables = Operation(tracking.output_tables)

    upload = Operation(data.upload)
    download = Operation(data.download)
    upload_history = Operation(data.upload_history)
    table_info = Operation(tables.info)
    delete_table = Operation(tables.delete)

    log_page = Operation(logs.page)
    log_files = Operation(logs.files)

    add_party = Operation(parties.add)
    trust_party = Operation(parties.trust)
    remove_party = Operation(parties.remove)
    ping_party = Operation(parties.ping)

    status = Operation(site.status)
    doctor = Operation(site.doctor)
    modules = Operation(site.modules)
    resources = Operation(site.resources)
    shutdown = Operation(site.shutdown)


class Offer(Everyday[When]):
    """The nouns."""

    @cached_property
    def jobs(self) -> Jobs[When]:
        return Jobs(self._carry)

    @cached_property
    def tasks(self) -> Tasks[When]:
        return Tasks(self._carry)

    @cached_property
    def tracking(self) -> Tracking[When]:
        return Tracking(self._carry)

    @cached_property
    def data(self) -> Data[When]:
        return Data(self._carry)

    @cached_property
    def tables(self) -> Tables[When]:
        return Tables(self._carry)

    @cached_property
    def models(self) -> Models[When]:
        return Models(self._carry)

    @cached_property
    def tags(self) -> Tags[When]:
        return Tags(self._carry)

    @cached_property
    def serving(self) -> Serving[When]:
        return Serving(self._carry)

    @cached_property
    def parties(self) -> Parties[When]:
        return Parties(self._carry)

    @cached_property
    def permissions(self) -> Permissions[When]:
        return Permissions(self._carry)

    @cached_property
    def log(self) -> Logs[When]:
        return Logs(self._carry)

    @cached_property
    def site(self) -> Site[When]:
        return Site(self._carry)
