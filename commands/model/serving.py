"""Online inference with models: load, bind, try; `model` takes these verbs in, `serving` has the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.documents import read_conf
from fateflow_tui.commands.errors import FAILED, OK
from fateflow_tui.commands.groups import CommandGroup
from fateflow_tui.commands.model.versions import known, only_one
from fateflow_tui.commands.options import ConfOption, JobOption, VersionArgument
from fateflow_tui.commands.output import Format, cell, columns, number
from fateflow_tui.core.errors import BadRequest

app = CommandGroup("Serve models.")


@app.command()
def load(
    ctx: typer.Context, version: VersionArgument = None, job_id: JobOption = None, conf_path: ConfOption = None
) -> None:
    """Loads a deployed version at its guest and hosts, so that it can be bound to a service.

    Examples:
    fateflow model load @last
    fateflow model load -j @last --json
    fateflow model load -c load_conf.json
    """
    session = context.of(ctx)
    only_one(version or job_id, conf_path, "VERSION, -j")
    if conf_path is not None:
        body = read_conf(conf_path)
    elif version:
        body = {"job_id": known(session, version).model_version}
    else:
        body = {"job_id": session.known_version(job_id)}
    fate.forward(session, "model/load", body, lambda data: _outcomes(session, data))


@app.command()
def bind(
    ctx: typer.Context,
    service: Annotated[str | None, typer.Argument(metavar="SERVICE", help="The name that inference asks for.")] = None,
    version: VersionArgument = None,
    conf_path: ConfOption = None,
    job_id: JobOption = None,
) -> None:
    """Lets a service id be answered by a loaded version from now on.

    Examples:
    fateflow model bind churn @last
    fateflow model bind -c bind_service.json -j @last
    """
    session = context.of(ctx)
    only_one(service, conf_path, "SERVICE and VERSION")
    if conf_path is not None:
        body = read_conf(conf_path)
        if job_id:
            body["job_id"] = session.known_version(job_id)
    else:
        word = version or job_id
        if not word:
            raise BadRequest("name the version that is to answer", hint="as in: fateflow model bind churn @last")
        body = {"service_id": service, "job_id": known(session, word).model_version}
    fate.forward(session, "model/bind", body, name=str(body.get("service_id", "")))


@app.command("serve-test")
def serve_test(
    ctx: typer.Context,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="The service, as it was bound.")],
    id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="By which the hosts find their features.")
    ] = None,
    feature: Annotated[
        list[str] | None, typer.Option("--feature", "-f", metavar="NAME=VALUE", help="Of the guest; repeat.")
    ] = None,
    remote: Annotated[
        list[str] | None, typer.Option("--remote", metavar="NAME=VALUE", help="Sent to the hosts besides the id.")
    ] = None,
    batch: Annotated[
        Path | None, typer.Option("--batch", metavar="FILE", help="Ask for each row of a .csv or .jsonl file.")
    ] = None,
    id_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="The id in FILE; `id` or the first, if not said.")
    ] = None,
) -> int:
    """Asks a service for a score, as a program that calls FATE-Serving does; with --batch for the scores of many rows.

    Exit code 1 when a row gets none.

    Examples:
    fateflow model serve-test churn --id p000 --feature x0=1.1 --feature x1=-2
    fateflow model serve-test churn --batch demo/data/guest.csv
    fateflow model serve-test churn --batch rows.jsonl --id-column patient -o jsonl
    """
    session = context.of(ctx)
    if batch is not None:
        if id is not None or feature or remote:
            raise BadRequest("--batch has ids and features in its file", hint="leave out --id, --feature, --remote")
        return _ask_batch(session, service, batch, id_column)
    others = {**({"id": id} if id is not None else {}), **_pairs(remote, "--remote")}
    body = {
        "head": {"serviceId": service},
        "body": {"featureData": _pairs(feature, "--feature"), "sendToRemoteFeatureData": others},
    }
    from fateflow_tui.sdk.operations import Call, whole

    envelope = fate.execute(session, Call("/federation/1.0/inference", body, whole))
    fate.print_answer(session, envelope, lambda data: _score(session, data or {}))
    return OK


def _ask_batch(session: context.Session, service: str, file: Path, id_column: str | None) -> int:
    from fateflow_tui.commands.model.inference_rows import id_of, questions_of
    from fateflow_tui.sdk.operations import Call, whole

    questions = questions_of(file, id_column)
    body = {"head": {"serviceId": service}, "body": {"batchDataList": questions}}
    envelope = fate.execute(session, Call("/federation/1.0/batchInference", body, whole))
    answers = envelope.get("batchDataList") or []
    output = session.output
    ids = {question["index"]: id_of(question) for question in questions}
    if envelope["retcode"] != 0 or output.format in (Format.JSON, Format.YAML):
        fate.print_answer(session, envelope, lambda _: None)
    else:
        rows = [{**one, "id": ids.get(one["index"], "")} for one in answers]
        output.listing(rows, ("ID", "SCORE", ""), _batch_row, lambda one: str(one["id"]))
    failed = sum(1 for one in answers if one.get("retcode"))
    if failed:
        output.warn(f"{failed} of {len(questions)} rows got no score")
    return FAILED if failed else OK


def _batch_row(one: dict[str, Any]) -> list[str]:
    found = one.get("data") or {}
    return [one["id"], number(found.get("score", found.get("classes", ""))), cell(one.get("retmsg"))]


def _pairs(words: list[str] | None, option: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for word in words or []:
        name, equals, value = word.partition("=")
        if not (name and equals):
            raise BadRequest(f"{option} {word!r} is not NAME=VALUE")
        try:
            parsed = json.loads(value)
        except ValueError:
            parsed = value
        found[name] = parsed if isinstance(parsed, int | float | str) else value
    return found


def _score(session: context.Session, data: dict[str, Any]) -> None:
    facts = [[name, number(value)] for name, value in data.items()]
    session.output.lines("  ".join(row) for row in columns(facts))


def _outcomes(session: context.Session, data: dict[str, Any]) -> None:
    rows = [
        [f"{role}:{party_id}", "✓" if answer.get("retcode") == 0 else "✗", str(answer.get("retmsg", ""))]
        for role, answers in (data.get("detail") or {}).items()
        for party_id, answer in answers.items()
    ]
    session.output.lines("  ".join(row).rstrip() for row in columns(rows))
