"""Commands of FATE's own client: the same requests, and with `-o fate` the same answers.

Most of them only forward their options to an endpoint; such a command is a `FateCommand`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from inspect import Parameter, Signature
from typing import Any, Final, NamedTuple

import msgspec
import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.context import Session
from fateflow_tui.commands.documents import read_conf
from fateflow_tui.commands.groups import CommandGroup, prints
from fateflow_tui.commands.options import YesOption, required

_ANY_FAILURE: Final = frozenset(range(1, 1000))  # retcodes; an answer is printed before its failure is raised
_TIMEOUT: Final = 60.0  # seconds


def request(session: Session, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Call an endpoint below /v1 and return its envelope, whatever its retcode. Members that are None are not sent."""
    from fateflow_tui.sdk.operations import Call, whole

    return execute(session, Call(f"/v1/{path}", _given(body), whole))


def execute(session: Session, call: Any) -> dict[str, Any]:
    """Execute a call of the SDK and return its envelope, whatever its retcode."""
    from fateflow_tui.sdk.operations import whole

    tolerant = msgspec.structs.replace(call, read=whole, tolerated=_ANY_FAILURE, patience=_TIMEOUT)
    envelope: dict[str, Any] = msgspec.to_builtins(session.flow.execute(tolerant))
    return {name: value for name, value in envelope.items() if value is not None or name == "retcode"}


def request_data(session: Session, path: str, body: Mapping[str, Any]) -> Any:
    """Call an endpoint below /v1 and return its `data`. Members that are None are not sent. Raises its failure."""
    from fateflow_tui.sdk.operations import Call, whole

    return session.flow.execute(Call(f"/v1/{path}", _given(body), whole, patience=_TIMEOUT)).data


def print_answer(
    session: Session,
    envelope: dict[str, Any],
    table: Callable[[Any], None],
    *,
    name: str = "",
    tolerated: Collection[int] = (),
    listing: bool = False,
) -> None:
    """Print an answer: its data by `table` or in the requested format, or as FATE's client does with `-o fate`.

    listing: `table` prints the data in every format. tolerated: retcodes that only mean that there is nothing to show.
    Raises the answer's failure.
    """
    from fateflow_tui.sdk.answers import Envelope

    output = session.output
    as_fate = output.format == "fate"
    if as_fate:
        output.envelope({name: value for name, value in envelope.items() if name != "error"})
    if envelope["retcode"] not in {0, *tolerated}:
        msgspec.convert({**envelope, "retmsg": _failure_message(envelope)}, Envelope).raise_failure()
    if output.is_table or (listing and not as_fate):
        table(envelope.get("data"))
    elif not as_fate:
        output.answer(envelope, name)


def print_submitted(session: Session, job_id: str) -> None:
    """Print the id of a submitted job, and how to follow it."""
    session.output.lines([job_id])
    session.output.info(f"submitted; follow it with: fateflow job watch {job_id}")


def forward(
    session: Session,
    path: str,
    body: Mapping[str, Any],
    table: Callable[[Any], None] | None = None,
    *,
    name: str = "",
    empty: str = "no data",
    tolerated: Collection[int] = (),
    listing: bool = False,
) -> None:
    """Call an endpoint and print its answer: by `table`, or as YAML; an answer without data by its message.

    empty: printed for data without content. listing: `table` prints the data in every format.
    """
    envelope = request(session, path, body)
    message = str(envelope.get("retmsg") or "")
    done = "done" if message.lower() == "success" else message
    as_yaml = yaml_table(session, empty if "data" in envelope else done)
    print_answer(session, envelope, table or as_yaml, name=name, tolerated=tolerated, listing=listing)


def yaml_table(session: Session, empty: str = "no data") -> Callable[[Any], None]:
    """Return a function that prints any data as YAML. empty: printed when there is none."""
    from fateflow_tui.commands.output import yaml

    def table(data: Any) -> None:
        if data in (None, {}, []):
            session.output.info(empty)
        else:
            session.output.write(yaml(data))

    return table


class FateCommand(NamedTuple):
    """A command that sends its options to an endpoint and prints the answer.

    examples: the arguments of each. required, optional: the options, by the name of the member they are sent as.
    show: prints the answer's data; None for YAML. listing: `show` prints it in every format. prints: the type of what
    it prints with `--json`. name: the member that `-o name` prints. empty: printed for no data. confirm: a question
    with members in braces. resolve: how to complete the value of an option, besides ids of jobs
    and versions. tolerated: retcodes that only mean that there is nothing to show.
    """

    command: str
    endpoint: str
    help: str
    examples: tuple[str, ...] = ("",)
    required: Mapping[str, Any] = {}
    optional: Mapping[str, Any] = {}
    defaults: Mapping[str, Any] = {}
    show: Callable[[Session, Any], None] | None = None
    name: str = ""
    empty: str = "no data"
    confirm: str = ""
    resolve: Mapping[str, Callable[[Session, str], Any]] = {}
    tolerated: Collection[int] = ()
    listing: bool = False
    prints: str = "dict[str, Any]"

    @property
    def options(self) -> dict[str, Any]:
        """The annotations of all options."""
        return {**self.required, **self.optional, **({"yes": YesOption} if self.confirm else {})}

    def body(self, session: Session, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the request for option values. A file given with -c is its beginning. Raises BadRequest."""
        for name, annotation in self.required.items():
            required(given[name], _shortest(name, annotation))
        body = dict(read_conf(given["conf_path"])) if given.get("conf_path") else {}
        resolve = {"job_id": Session.known_id, "model_version": Session.known_version, **self.resolve}
        for name, value in given.items():
            if name not in ("conf_path", "yes"):
                body[name] = resolve[name](session, value) if name in resolve else value
        return body


def add_rows(group: CommandGroup, words: str, rows: Iterable[FateCommand]) -> None:
    """Add the commands of a table to a group. words: the group's name, for the examples."""
    for row in rows:
        examples = "\n".join(f"fateflow {words} {row.command} {example}".rstrip() for example in row.examples)
        group.command(row.command, help=f"{row.help}\n\nExamples:\n{examples}")(_function(row))


def _function(row: FateCommand) -> Callable[..., None]:
    """Return the function of a row, with the parameters that Typer reads."""

    def command(ctx: typer.Context, **given: Any) -> None:
        session = context.of(ctx)
        body = row.body(session, given)
        if row.confirm:
            session.confirm(row.confirm.format_map(body), given["yes"])
        show = row.show
        table = None if show is None else lambda data: show(session, data)
        name = str(body.get(row.name, ""))
        settings: dict[str, Any] = {"empty": row.empty, "tolerated": row.tolerated, "listing": row.listing}
        forward(session, row.endpoint, body, table, name=name, **settings)

    kind, no = Parameter.KEYWORD_ONLY, {"yes": False}
    options = [
        Parameter(name, kind, default={**no, **row.defaults}.get(name), annotation=annotation)
        for name, annotation in row.options.items()
    ]
    parameters = [Parameter("ctx", kind, annotation=typer.Context), *options]
    vars(command)["__signature__"] = Signature(parameters)
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return prints(row.prints)(command)


def _shortest(name: str, annotation: Any) -> str:
    """Return the option that a message names: `-j` for `--job-id`, `-j`."""
    declared = annotation.__metadata__[0].param_decls or (f"--{name.replace('_', '-')}",)
    return str(declared[-1])


def _given(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _failure_message(envelope: dict[str, Any]) -> str:
    """Return the messages of the parties that failed, where each party answered for itself; else the answer's own."""
    answers = envelope["data"].get("detail") if isinstance(envelope.get("data"), dict) else None
    if not isinstance(answers, dict):
        return str(envelope.get("retmsg") or "")
    parties: dict[str, list[str]] = {}
    for role, by_party in answers.items():
        for party_id, answer in by_party.items():
            if answer.get("retcode"):
                parties.setdefault(str(answer.get("retmsg", "")), []).append(f"{role}:{party_id}")
    texts = [text if names[0] in text else f"{', '.join(names)}: {text}" for text, names in parties.items()]
    return "; ".join(texts) or str(envelope.get("retmsg") or "")
