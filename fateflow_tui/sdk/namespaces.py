"""What both clients offer: one namespace per resource, and shortcuts for daily use."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from functools import cached_property
from typing import Any, Generic, ParamSpec, Self, TypeVar, overload

from fateflow_tui.sdk.operations import (
    call,
    data,
    jobs,
    logs,
    model_archives,
    models,
    parties,
    permissions,
    serving,
    site,
    tables,
    tags,
    tasks,
    tracking,
)
from fateflow_tui.sdk.operations.call import Call

P = ParamSpec("P")
T = TypeVar("T")


class Now:
    """Marks what a synchronous client offers: its methods return results."""


class Later:
    """Marks what an asynchronous client offers: its methods return coroutines of results."""


When = TypeVar("When", Now, Later)


class Noun(Generic[When]):
    """Operations that belong together, of one client. carry: what carries out a call."""

    def __init__(self, carry: Callable[[Call[Any]], Any]) -> None:
        self._carry = carry

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {', '.join(sorted(operations_of(type(self))))}>"


class Operation(Generic[P, T]):
    """A method of a noun: it takes the arguments of a function of `calls` and gives what its call results in."""

    def __init__(self, make: Callable[P, Call[T]]) -> None:
        self.make = make
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, noun: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, noun: Noun[Now], owner: type[Any] | None = None) -> Callable[P, T]: ...
    @overload
    def __get__(self, noun: Noun[Later], owner: type[Any] | None = None) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, noun: Any, owner: type[Any] | None = None) -> Any:
        if noun is None:
            return self

        @functools.wraps(self.make)
        def carried_out(*args: P.args, **kwargs: P.kwargs) -> Any:
            return noun._carry(self.make(*args, **kwargs))

        return carried_out


def operations_of(kind: type[Any]) -> dict[str, Operation[..., Any]]:
    """What a noun offers by name, that of its ancestors included."""
    members = {name: value for each in reversed(kind.__mro__) for name, value in vars(each).items()}
    return {name: value for name, value in members.items() if isinstance(value, Operation)}


class Jobs(Noun[When]):
    """Submitting jobs, looking at them, stopping and rerunning them. Called: a list, newest first."""

    __call__ = Operation(jobs.listed)
    submit = Operation(jobs.submit)
    reuse_plan = Operation(jobs.reuse_plan)
    lint = Operation(jobs.lint)
    show = Operation(jobs.show)
    resolve = Operation(jobs.resolve)
    why = Operation(jobs.why)
    story = Operation(jobs.story)
    graph = Operation(jobs.graph)
    stop = Operation(jobs.stop)
    rerun = Operation(jobs.rerun)
    plan = Operation(jobs.plan)
    forecast = Operation(jobs.forecast)
    diff = Operation(jobs.diff)
    update_notes = Operation(jobs.update_notes)
    config = Operation(jobs.config)
    query = Operation(jobs.query)
    records = Operation(jobs.records)
    outputs = Operation(jobs.outputs)
    lineage = Operation(jobs.lineage)
    change_parameters = Operation(jobs.change_parameters)
    report = Operation(jobs.report)
    log_directory = Operation(jobs.log_directory)
    log_archive = Operation(jobs.log_archive)
    clean_queue = Operation(jobs.clean_queue)
    clean = Operation(jobs.clean)
    board_url = Operation(jobs.board_url)
    predict_dsl = Operation(jobs.predict_dsl)


class Tasks(Noun[When]):
    """Components at parties. Called: those of a job."""

    __call__ = Operation(tasks.query)
    records = Operation(tasks.records)


class Tracking(Noun[When]):
    """What tasks leave: metrics, parameters, summaries, outputs."""

    metrics = Operation(tracking.metrics)
    metric_names = Operation(tracking.metric_names)
    series = Operation(tracking.series)
    delete_metrics = Operation(tracking.delete_metrics)
    parameters = Operation(tracking.parameters)
    summary = Operation(tracking.summary)
    components = Operation(tracking.components)
    output_data = Operation(tracking.output_data)
    output_tables = Operation(tracking.output_tables)
    output_archive = Operation(tracking.output_archive)
    output_model = Operation(tracking.output_model)
    data_view = Operation(tracking.data_view)
    dependencies = Operation(tracking.dependencies)
    dsl_dependencies = Operation(tracking.dsl_dependencies)


class Data(Noun[When]):
    """Tables from files, files from tables."""

    upload = Operation(data.upload)
    upload_conf = Operation(data.upload_conf)
    upload_server_file = Operation(data.upload_server_file)
    upload_history = Operation(data.upload_history)
    download = Operation(data.download)
    write = Operation(data.write)


class Tables(Noun[When]):
    """Tables of the site. Called: a list, newest first."""

    __call__ = Operation(tables.listed)
    info = Operation(tables.info)
    delete = Operation(tables.delete)
    bind = Operation(tables.bind)
    preview = Operation(tables.preview)
    download = Operation(tables.download)
    source = Operation(tables.source)
    jobs = Operation(tables.jobs)
    of_job = Operation(tables.of_job)
    update_schema = Operation(tables.update_schema)
    enable = Operation(tables.enable)
    disable = Operation(tables.disable)
    delete_disabled = Operation(tables.delete_disabled)
    create_connector = Operation(tables.create_connector)
    connector = Operation(tables.connector)


class Models(Noun[When]):
    """Versions of models. Called: a list, newest first."""

    __call__ = Operation(models.listed)
    show = Operation(models.show)
    resolve = Operation(models.resolve)
    query = Operation(models.query)
    verify = Operation(models.verify)
    diff = Operation(models.diff)
    delete = Operation(models.delete)
    deploy = Operation(models.deploy)
    predict_dsl = Operation(models.predict_dsl)
    predict_conf = Operation(models.predict_conf)
    load = Operation(models.load)
    bind = Operation(models.bind)
    migrate = Operation(model_archives.migrate)
    export = Operation(model_archives.export)
    import_ = Operation(model_archives.import_)
    store = Operation(model_archives.store)
    restore = Operation(model_archives.restore)
    set_alias = Operation(models.set_alias)
    remove_alias = Operation(models.remove_alias)
    aliases = Operation(models.aliases)
    buffers = Operation(models.buffers)
    checkpoints = Operation(models.checkpoints)
    checkpoint = Operation(models.checkpoint)


class Tags(Noun[When]):
    """Names that model versions are found by. Called: a list with the number of their models."""

    __call__ = Operation(tags.listed)
    create = Operation(tags.create)
    find = Operation(tags.find)
    models = Operation(tags.models)
    update = Operation(tags.update)
    delete = Operation(tags.delete)
    attach = Operation(tags.attach)
    detach = Operation(tags.detach)
    of_model = Operation(tags.of_model)


class Serving(Noun[When]):
    """Online inference. Called: services and loaded models."""

    __call__ = Operation(serving.listed)
    infer = Operation(serving.infer)
    infer_batch = Operation(serving.infer_batch)
    unload = Operation(serving.unload)
    unbind = Operation(serving.unbind)
    bind_features = Operation(serving.bind_features)
    unbind_features = Operation(serving.unbind_features)
    features = Operation(serving.features)


class Logs(Noun[When]):
    """Log files and records. `FateFlow.logs` follows a job's."""

    files = Operation(logs.files)
    page = Operation(logs.page)
    line_count = Operation(logs.line_count)
    lines = Operation(logs.lines)


class Parties(Noun[When]):
    """Where other parties' sites are. Called: a list."""

    __call__ = Operation(parties.listed)
    add = Operation(parties.add)
    identity = Operation(parties.identity)
    trust = Operation(parties.trust)
    remove = Operation(parties.remove)
    ping = Operation(parties.ping)
    keys = Operation(parties.keys)
    info = Operation(parties.info)


class Permissions(Noun[When]):
    """What parties of other sites may use here. Called: what was granted."""

    __call__ = Operation(permissions.listed)
    grant = Operation(permissions.grant)
    revoke = Operation(permissions.revoke)
    forget = Operation(permissions.forget)


class Site(Noun[When]):
    """The site itself. Called: its status."""

    __call__ = Operation(site.status)
    status = Operation(site.status)
    doctor = Operation(site.doctor)
    resources = Operation(site.resources)
    collect_garbage = Operation(site.collect_garbage)
    modules = Operation(site.modules)
    check_component = Operation(site.check_component)
    versions = Operation(site.versions)
    info = Operation(site.info)
    job_defaults = Operation(site.job_defaults)
    reload = Operation(site.reload)
    example = Operation(site.example)
    shutdown = Operation(site.shutdown)


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
