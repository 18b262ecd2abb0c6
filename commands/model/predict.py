"""Commands of `fateflow model` that deploy versions and predict with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.documents import read_conf, read_text
from fateflow_tui.commands.groups import CommandGroup, prints
from fateflow_tui.commands.model.predict_conf import filled, tables_of
from fateflow_tui.commands.model.versions import Version, find_version, named
from fateflow_tui.commands.options import (
    ComponentsFileOption,
    ComponentsOption,
    ConfOption,
    ModelIdOption,
    ModelVersionOption,
    VersionArgument,
    WatchOption,
    component_list,
    listed,
    required,
)
from fateflow_tui.core.errors import BadRequest, Conflict

app = CommandGroup("Deploy models and predict with them.")

StepOption = Annotated[
    list[str] | None,
    typer.Option("--cpn-step-index", metavar="NAME:STEP", help="A checkpoint, instead of the final state."),
]
StepNameOption = Annotated[
    list[str] | None, typer.Option("--cpn-step-name", metavar="NAME:STEP", help="Same, with the name of the step.")
]


@app.command()
@prints("Deployment")
def deploy(
    ctx: typer.Context,
    version: VersionArgument = None,
    model_id: ModelIdOption = None,
    model_version: ModelVersionOption = None,
    components: ComponentsOption = None,
    cpn_path: ComponentsFileOption = None,
    dsl_path: Annotated[Path | None, typer.Option("--dsl-path", metavar="FILE", help="Prediction DSL.")] = None,
    cpn_step_index: StepOption = None,
    cpn_step_name: StepNameOption = None,
) -> None:
    """Deploy a trained version for prediction at all its parties; the trained version is kept.

    Without components or a DSL, all components that can predict are deployed.

    Examples:
    fateflow model deploy @last
    fateflow model deploy @last --components reader_0,dataio_0,intersection_0,hetero_lr_0 -o name
    fateflow model deploy --model-id arbiter-10001#guest-9999#host-10000#model --model-version @last --json
    """
    session = context.of(ctx)
    body = _source(session, version, model_id, model_version)
    names = component_list(components, cpn_path)
    if any(sign in names for sign in "/\\"):
        raise BadRequest("component names contain no slashes", hint="for example reader_0,dataio_0,hetero_lr_0")
    if names:
        body["cpn_list"] = listed(names)
    elif dsl_path is not None:
        body["dsl"] = read_text(dsl_path)
    body["components_checkpoint"] = _checkpoints(cpn_step_index, cpn_step_name)
    envelope = fate.request(session, "model/deploy", body)
    made = (envelope.get("data") or {}).get("model_version", "")
    fate.print_answer(session, envelope, lambda data: _print_deployed(session, data), name=made)


@app.command()
@prints("Submission")
def predict(
    ctx: typer.Context,
    version: VersionArgument = None,
    conf_path: ConfOption = None,
    table: Annotated[
        list[str] | None,
        typer.Option(
            "--table", "-t", metavar="PARTY=NS.NAME", help="Table of a party, for example guest=demo.new; repeatable."
        ),
    ] = None,
    watch: WatchOption = False,
) -> int:
    """Predict with a deployed version, on the tables of --table or of a conf.

    PARTY is a role (guest), a party (host:10000), or either with a reader (guest.reader_1).

    Examples:
    fateflow model predict @last --table guest=demo.breast_guest --table host=demo.breast_host --watch
    fateflow model predict @last -c predict_conf.json -o name
    """
    session = context.of(ctx)
    tables = tables_of(table or [])
    if conf_path is None and not tables:
        raise BadRequest("expected --table or -c", hint="for example --table guest=demo.new --table host=demo.new")
    chosen = find_version(session, named(version))
    conf = read_conf(conf_path) if conf_path else _template(session, chosen)
    conf = filled(conf, tables, chosen.model_id, chosen.model_version)
    envelope = fate.request(session, "job/submit", {"job_dsl": {}, "job_runtime_conf": conf})
    job_id = str(envelope.get("jobId", ""))
    if watch and envelope["retcode"] == 0:
        from fateflow_tui.commands.progress import outcome
        from fateflow_tui.commands.progress import watch as follow

        session.output.info(f"submitted {job_id}")
        return outcome(session, [follow(session, job_id)], single=True)
    fate.print_answer(session, envelope, lambda _: fate.print_submitted(session, job_id), name=job_id)
    return 0


def _source(
    session: context.Session, version: str | None, model_id: str | None, model_version: str | None
) -> dict[str, Any]:
    if version:
        return find_version(session, version, model_id).body
    word = required(model_version, "--model-version, or VERSION")
    return {"model_id": required(model_id, "--model-id"), "model_version": session.known_version(word)}


def _template(session: context.Session, version: Version) -> dict[str, Any]:
    """Return the conf with placeholders for the tables. Raises Conflict for a version that cannot predict."""
    envelope = fate.request(session, "model/get/predict/dsl", version.body)
    if envelope["retcode"] == 0 and not (envelope.get("data") or {}).get("components"):
        raise Conflict(
            f"version {version.model_version} is not deployed",
            hint=f"deploy it with: fateflow model deploy {version.model_version}",
        )
    return session.flow.models.predict_conf(version.model_id, version.model_version)


def _checkpoints(by_index: list[str] | None, by_name: list[str] | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind, words in (("step_index", by_index or []), ("step_name", by_name or [])):
        for word in words:
            component, colon, step = word.rpartition(":")
            if not (colon and component and step) or (kind == "step_index" and not step.isdigit()):
                raise BadRequest(
                    f"invalid checkpoint {word!r}: expected COMPONENT:STEP", hint="for example hetero_lr_0:3"
                )
            if component in found:
                raise BadRequest(f"more than one checkpoint given for {component}")
            found[component] = {kind: int(step) if kind == "step_index" else step}
    return found


def _print_deployed(session: context.Session, data: dict[str, Any]) -> None:
    version = data["model_version"]
    session.output.lines([version])
    session.output.info(f"deployed; next: fateflow model predict {version} --table guest=NS.NAME --table host=NS.NAME")
