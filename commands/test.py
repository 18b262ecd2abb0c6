"""`fateflow test`: test jobs of FATE's client that check whether parties can run jobs together."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.errors import FAILED, OK, of_status
from fateflow_tui.commands.groups import CommandGroup, prints
from fateflow_tui.commands.options import required
from fateflow_tui.commands.output import number
from fateflow_tui.core.errors import NotFound
from fateflow_tui.core.formatting import marked

Documents = tuple[dict[str, Any], dict[str, Any]]  # DSL, conf


def toy_job(guest: str, host: str, *, numbers: int, task_cores: int) -> Documents:
    """Return a job that securely adds `numbers` ones of each party."""
    dsl = {"components": {"secure_add_example_0": {"module": "SecureAddExample"}}}
    common = {"secure_add_example_0": {"partition": 4, "data_num": numbers}}
    return dsl, _conf({"guest": guest, "host": host}, {"common": common}, task_cores=task_cores)


def breast_job(guest: str, host: str, arbiter: str, tables: dict[str, tuple[str, str]]) -> Documents:
    """Return a job with a logistic regression and its evaluation. tables: role -> namespace and name."""
    dsl = {
        "components": {
            "reader_0": {"module": "Reader", "output": {"data": ["data"]}},
            "dataio_0": {
                "module": "DataIO",
                "input": {"data": {"data": ["reader_0.data"]}},
                "output": {"data": ["data"], "model": ["model"]},
            },
            "intersection_0": {
                "module": "Intersection",
                "input": {"data": {"data": ["dataio_0.data"]}},
                "output": {"data": ["data"]},
            },
            "hetero_lr_0": {
                "module": "HeteroLR",
                "input": {"data": {"train_data": ["intersection_0.data"]}},
                "output": {"data": ["data"], "model": ["model"]},
            },
            "evaluation_0": {
                "module": "Evaluation",
                "input": {"data": {"data": ["hetero_lr_0.data"]}},
                "output": {"data": ["data"]},
            },
        }
    }
    regression = {
        "penalty": "L2",
        "tol": 0.0001,
        "alpha": 0.01,
        "optimizer": "rmsprop",
        "learning_rate": 0.15,
        "batch_size": -1,
        "init_param": {"init_method": "zeros"},
        "max_iter": 30,
        "early_stop": "diff",
    }
    by_role = {
        role: {
            "0": {"reader_0": {"table": {"namespace": namespace, "name": name}}, "dataio_0": {"with_label": labelled}}
        }
        for (role, (namespace, name)), labelled in zip(tables.items(), (True, False), strict=True)
    }
    common = {
        "dataio_0": {"output_format": "dense"},
        "hetero_lr_0": regression,
        "evaluation_0": {"eval_type": "binary"},
    }
    return dsl, _conf({"guest": guest, "host": host, "arbiter": arbiter}, {"common": common, "role": by_role})


def _conf(parties: dict[str, str], parameters: dict[str, Any], **job_parameters: Any) -> dict[str, Any]:
    roles = {role: [int(one) if one.isdigit() else one] for role, one in parties.items()}
    return {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": roles["guest"][0]},
        "role": roles,
        "job_parameters": {"common": {"job_type": "train", **job_parameters}},
        "component_parameters": parameters,
    }


app = CommandGroup("Test whether parties can run jobs together.")

GuestOption = Annotated[
    str | None, typer.Option("--guest-party-id", "-gid", metavar="ID", help="Party id of the guest.")
]
HostOption = Annotated[str | None, typer.Option("--host-party-id", "-hid", metavar="ID", help="Party id of the host.")]
ArbiterOption = Annotated[
    str | None, typer.Option("--arbiter-party-id", "-aid", metavar="ID", help="Party id of the arbiter.")
]
_NUMBERS: Final = 1000  # added by each party
# Tables of the guest and the host, and the minimum AUC.
_DATA: Final = {
    "fast": ("breast_hetero_guest", "breast_hetero_host", 0.98),
    "normal": ("default_credit_hetero_guest", "default_credit_hetero_host", 0.69),
}
_NAMESPACE: Final = "experiment"
_BOOSTING: Final = "HeteroSecureBoost"


class Outcome(msgspec.Struct, frozen=True):
    """The result of a test. found, expected: the sum, or the AUC and its minimum."""

    test: str
    job_id: str
    status: str
    found: float | None
    expected: float
    ok: bool


@app.command()
@prints("list[Outcome]")
def toy(
    ctx: typer.Context,
    guest_party_id: GuestOption = None,
    host_party_id: HostOption = None,
    timeout: Annotated[int, typer.Option(min=0, metavar="SECONDS", help="Give up after this time.")] = 300,
    task_cores: Annotated[int, typer.Option(metavar="N", help="Cores per task.")] = 2,
) -> int:
    """Run the smallest job of a guest and a host: a secure addition.

    Examples:
    fateflow test toy -gid 9999 -hid 10000
    """
    session = context.of(ctx)
    guest, host = required(guest_party_id, "-gid"), required(host_party_id, "-hid")
    dsl, conf = toy_job(guest, host, numbers=_NUMBERS, task_cores=task_cores)
    job_id, status = _run(session, dsl, conf, timeout)
    found = _summary(session, job_id, "secure_add_example_0", guest).get("secure_sum") if status == "success" else None
    outcome = Outcome("toy", job_id, status, found, 2.0 * _NUMBERS, status == "success" and found == 2 * _NUMBERS)
    return _print_outcomes(
        session, [outcome], lambda one: f"secure sum {number(one.found)}, expected {number(one.expected)}"
    )


@app.command("min")
@prints("list[Outcome]")
def minimal(
    ctx: typer.Context,
    guest_party_id: GuestOption = None,
    host_party_id: HostOption = None,
    arbiter_party_id: ArbiterOption = None,
    data_type: Annotated[
        str, typer.Option("--data-type", "-t", metavar="TYPE", help="fast (breast data) or normal (credit data).")
    ] = "fast",
    sbt: Annotated[bool, typer.Option("--sbt/--no-sbt", help="Also train boosted trees.")] = True,
    timeout: Annotated[int, typer.Option(min=0, metavar="SECONDS", help="Give up on a job after this time.")] = 600,
) -> int:
    """Train a logistic regression with three parties, deploy it, and predict with it.

    Requires FATE's example tables in namespace experiment at the guest and the host.

    Examples:
    fateflow test min -gid 9999 -hid 10000 -aid 10000 --no-sbt
    """
    session = context.of(ctx)
    guest, host = required(guest_party_id, "-gid"), required(host_party_id, "-hid")
    arbiter = required(arbiter_party_id, "-aid")
    guest_table, host_table, limit = _DATA[_checked(data_type)]
    tables = {"guest": (_NAMESPACE, guest_table), "host": (_NAMESPACE, host_table)}
    dsl, conf = breast_job(guest, host, arbiter, tables)
    job_id, status = _run(session, dsl, conf, timeout)
    auc = _auc(session, job_id, guest) if status == "success" else None
    outcomes = [Outcome("train", job_id, status, auc, limit, auc is not None and auc >= limit)]
    if status == "success":
        outcomes.append(_predicted(session, job_id, tables, timeout))
    if sbt:
        built = any(one.module == _BOOSTING and one.built for one in session.flow.modules())
        reason = "is not covered by this test yet" if built else "is not available in this version"
        session.output.info(f"{_BOOSTING} {reason}; skip it with --no-sbt")
    return _print_outcomes(session, outcomes, _figure)


def _predicted(session: context.Session, version: str, tables: dict[str, tuple[str, str]], timeout: float) -> Outcome:
    from fateflow_tui.commands.model.predict_conf import TableChoice, filled
    from fateflow_tui.commands.model.versions import find_version

    trained = find_version(session, version)
    made = session.flow.models.deploy(trained.model_id, trained.model_version)
    model = {"model_id": made.model_id, "model_version": made.model_version}
    session.output.info(f"deployed {made.model_version}")
    template = session.flow.models.predict_conf(**model)
    tables_read = [TableChoice(role, "", "", *table) for role, table in tables.items()]
    job_id, status = _run(session, {}, filled(template, tables_read, **model), timeout)
    return Outcome("predict", job_id, status, None, 0.0, status == "success")


def _run(session: context.Session, dsl: dict[str, Any], conf: dict[str, Any], timeout: float) -> tuple[str, str]:
    from fateflow_tui.commands.progress import print_failure_cards, watch

    submitted = session.flow.submit(dsl, conf)
    session.output.info(f"submitted {submitted.job_id}")
    job = watch(session, submitted.job_id, timeout)
    if of_status(job.status):
        print_failure_cards(session, job)
    return job.job_id, str(job.status)


def _summary(session: context.Session, job_id: str, component: str, guest: str) -> dict[str, Any]:
    """Return the summary of the guest's component; {} when the guest is at another site."""
    body = {"job_id": job_id, "role": "guest", "party_id": guest, "component_name": component}
    return fate.request(session, "tracking/component/summary/download", body).get("data") or {}


def _auc(session: context.Session, job_id: str, guest: str) -> float | None:
    for series in session.flow.metrics(job_id, "evaluation_0", f"guest:{guest}").values():
        for one in series.values():
            for key, value, *_ in one.data:
                if key == "auc":
                    return float(value)
    return None


def _print_outcomes(session: context.Session, outcomes: list[Outcome], figure: Any) -> int:
    session.output.listing(
        outcomes,
        ("TEST", "STATUS", "JOB", "RESULT"),
        lambda one: [one.test, marked(one.status), one.job_id, figure(one)],
        lambda one: one.job_id,
    )
    return OK if all(one.ok for one in outcomes) else FAILED


def _figure(one: Outcome) -> str:
    if one.test != "train":
        return "predicted with the deployed model" if one.ok else ""
    return f"auc {number(one.found)}, expected {number(one.expected)} or more" if one.found is not None else ""


def _checked(data_type: str) -> str:
    if data_type not in _DATA:
        raise NotFound(f"unknown data type {data_type!r}", hint=f"expected one of {', '.join(_DATA)}")
    return data_type
