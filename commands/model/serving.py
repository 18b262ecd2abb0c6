"""Commands of `fateflow model` for online inference: load, bind, serve-test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.documents import read_conf
from fateflow_tui.commands.errors import FAILED, OK
from fateflow_tui.commands.groups import CommandGroup, older_letters, prints
from fateflow_tui.commands.model.versions import find_version, only_one
from fateflow_tui.commands.options import ConfOption, JobOption, VersionArgument
from fateflow_tui.commands.output import Format, cell, columns, number
from fateflow_tui.core.errors import BadRequest

app = CommandGroup("Serve models.")


@app.command()
def load(
    ctx: typer.Context, version: VersionArgument = None, job_id: JobOption = None, conf_path: ConfOption = None
) -> None:
    """Load a deployed version at its guest and hosts, so that it can be bound to a service.

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
        body = {"job_id": find_version(session, version).model_version}
    else:
        body = {"job_id": session.known_version(job_id)}
    fate.forward(session, "model/load", body, lambda data: _print_outcomes(session, data))


@app.command()
def bind(
    ctx: typer.Context,
    service: Annotated[str | None, typer.Argument(metavar="SERVICE", help="Name of the service.")] = None,
    version: VersionArgument = None,
    conf_path: ConfOption = None,
    job_id: JobOption = None,
) -> None:
    """Bind a service to a loaded version.

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
            raise BadRequest("missing VERSION", hint="for example: fateflow model bind churn @last")
        body = {"service_id": service, "job_id": find_version(session, word).model_version}
    fate.forward(session, "model/bind", body, name=str(body.get("service_id", "")))


@app.command("serve-test")
@prints("Inference | list[BatchAnswer]")
@older_letters(feature="-f")
def serve_test(
    ctx: typer.Context,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Name of the service.")],
    id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Id by which the hosts find their features.")
    ] = None,
    feature: Annotated[
        list[str] | None,
        typer.Option("--feature", metavar="NAME=VALUE", help="Guest feature; repeatable."),
    ] = None,
    remote: Annotated[
        list[str] | None,
        typer.Option("--remote", metavar="NAME=VALUE", help="Further value for the hosts; repeatable."),
    ] = None,
    batch: Annotated[
        Path | None, typer.Option("--batch", metavar="FILE", help="Send each row of a .csv or .jsonl file.")
    ] = None,
    id_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column with the ids; by default `id` or the first.")
    ] = None,
) -> int:
    """Request a score from a service as FATE-Serving's clients do; with --batch, the scores of many rows.

    Exits with 1 when a row gets no score.

    Examples:
    fateflow model serve-test churn --id p000 --feature x0=1.1 --feature x1=-2
    fateflow model serve-test churn --batch demo/data/guest.csv
    fateflow model serve-test churn --batch rows.jsonl --id-column patient -o jsonl
    """
    session = context.of(ctx)
    if batch is not None:
        if id is not None or feature or remote:
            raise BadRequest("--batch cannot be combined with --id, --feature and --remote")
        return _request_batch(session, service, batch, id_column)
    others = {**({"id": id} if id is not None else {}), **_pairs(remote, "--remote")}
    body = {
        "head": {"serviceId": service},
        "body": {"featureData": _pairs(feature, "--feature"), "sendToRemoteFeatureData": others},
    }
    from fateflow_tui.sdk.operations import Call, whole

    envelope = fate.execute(session, Call("/federation/1.0/inference", body, whole))
    fate.print_answer(session, envelope, lambda data: _print_score(session, data or {}))
    return OK


def _request_batch(session: context.Session, service: str, file: Path, id_column: str | None) -> int:
    from fateflow_tui.commands.model.inference_rows import id_of, requests_of
    from fateflow_tui.sdk.operations import Call, whole

    requests = requests_of(file, id_column)
    body = {"head": {"serviceId": service}, "body": {"batchDataList": requests}}
    envelope = fate.execute(session, Call("/federation/1.0/batchInference", body, whole))
    answers = envelope.get("batchDataList") or []
    output = session.output
    ids = {request["index"]: id_of(request) for request in requests}
    if envelope["retcode"] != 0 or output.format is Format.FATE:
        fate.print_answer(session, envelope, lambda _: None)
    else:
        rows = [{**one, "id": ids.get(one["index"], "")} for one in answers]
        output.listing(rows, ("ID", "SCORE", ""), _batch_row, lambda one: str(one["id"]))
    failed = sum(1 for one in answers if one.get("retcode"))
    if failed:
        output.warn(f"{failed} of {len(requests)} rows got no score")
    return FAILED if failed else OK


def _batch_row(one: dict[str, Any]) -> list[str]:
    found = one.get("data") or {}
    return [one["id"], number(found.get("score", found.get("classes", ""))), cell(one.get("retmsg"))]


def _pairs(words: list[str] | None, option: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for word in words or []:
        name, equals, value = word.partition("=")
        if not (name and equals):
            raise BadRequest(f"invalid {option} {word!r}: expected NAME=VALUE")
        try:
            parsed = json.loads(value)
        except ValueError:
            parsed = value
        found[name] = parsed if isinstance(parsed, int | float | str) else value
    return found


def _print_score(session: context.Session, data: dict[str, Any]) -> None:
    facts = [[name, number(value)] for name, value in data.items()]
    session.output.lines("  ".join(row) for row in columns(facts))


def _print_outcomes(session: context.Session, data: dict[str, Any]) -> None:
    rows = [
        [f"{role}:{party_id}", "✓" if answer.get("retcode") == 0 else "✗", str(answer.get("retmsg", ""))]
        for role, answers in (data.get("detail") or {}).items()
        for party_id, answer in answers.items()
    ]
    session.output.lines("  ".join(row).rstrip() for row in columns(rows))
