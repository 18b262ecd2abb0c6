"""Invalid submissions: each is rejected with its cause and does not affect the scheduler."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from fateflow_tui.core.status import Status
from tests.contract.command_line import CommandLine
from tests.integration.clusters import RunningSite, sleep_job, standalone

ROLES = {"guest": [9999], "host": [10000]}
LARGE = 10 << 20  # bytes
Change = Callable[[dict[str, Any], dict[str, Any]], object]


class Malformed(NamedTuple):
    """dsl, conf: the texts of the two documents. code: of the problem that is found. said: words of its message."""

    dsl: str
    conf: str
    code: str
    said: str


def texts(change: Change | None = None) -> tuple[str, str]:
    """A chain of two `Sleep` components at a guest and a host; change: made to its DSL's components and its conf."""
    dsl, conf = sleep_job(2, ROLES)
    if change is not None:
        change(dsl["components"], conf)
    return json.dumps(dsl), json.dumps(conf)


def changed(code: str, said: str, change: Change) -> Malformed:
    return Malformed(*texts(change), code, said)


def reads(component: str, source: str) -> Change:
    return lambda components, _: components[component].update(input={"data": {"data": [source]}})


def parameters(role: str, index: str) -> dict[str, Any]:
    return {"role": {role: {index: {"sleep_0": {"seconds": 0}}}}}


DSL, CONF = texts()
TWICE = '{"components": {"sleep_0": {"module": "Sleep"}, "sleep_0": {"module": "Sleep"}}}'
OLD_DSL = {"module": "Sleep", "input": {"data": {"data": ["args.train_data"]}}}

MALFORMED = {
    "DSL cut off": Malformed('{"components": {', CONF, "JSONSyntaxError", "Expecting"),
    "comma too much": Malformed(DSL, '{"role": {},,}', "JSONSyntaxError", "Expecting"),
    "empty file": Malformed(DSL, "", "JSONSyntaxError", "Expecting value"),
    "DSL is a list": Malformed("[1]", CONF, "DSLNotExistError", "a JSON object with `components`"),
    "conf is a text": Malformed(DSL, '"conf"', "RequiredParameterMissingError", "the runtime conf is missing"),
    "nested too deeply": Malformed("[" * 100_000, CONF, "DocumentLimitError", "deeper than 100 levels"),
    "key twice": Malformed(TWICE, CONF, "DuplicateKeyError", "duplicate key 'sleep_0'"),
    "no component": changed("ComponentsEmptyError", "at least one component", lambda c, _: c.clear()),
    "components feed each other": changed("LoopError", "sleep_1 -> sleep_0", reads("sleep_0", "sleep_1.data")),
    "input of nobody": changed("DataInputComponentNotExistError", "sleep_7", reads("sleep_1", "sleep_7.data")),
    "component is a number": changed("ModuleFieldNotExistError", "must be an object", lambda c, _: c.update(sleep_0=7)),
    "unknown module": changed("ModuleNotExistError", "Slep", lambda c, _: c["sleep_0"].update(module="Slep")),
    "unknown role": changed("RoleNotExistError", "unknown role 'gest'", lambda _, conf: conf["role"].update(gest=[1])),
    "party id is a text": changed(
        "PartyIdError", "invalid party id 'ten'", lambda _, conf: conf["role"].update(host=["ten"])
    ),
    "index out of range": changed(
        "PartyIndexError",
        "no host has index 3",
        lambda _, conf: conf.update(component_parameters=parameters("host", "3")),
    ),
    "initiator takes no part": changed(
        "InitiatorNotInRoleError", "guest:1", lambda _, conf: conf["initiator"].update(party_id=1)
    ),
    "parameter of a wrong type": changed(
        "ParameterCheckError",
        "'soon'",
        lambda _, conf: conf["component_parameters"]["common"]["sleep_0"].update(seconds="soon"),
    ),
    "unknown parameter": changed(
        "RedundantParameterError",
        "minutes",
        lambda _, conf: conf["component_parameters"]["common"]["sleep_0"].update(minutes=1),
    ),
    "cores are a text": changed(
        "JobParameterValueError", "'many'", lambda _, conf: conf["job_parameters"]["common"].update(task_cores="many")
    ),
    "DSL of version 1 in a conf of version 2": changed(
        "DataNotExistInSubmitConfError", "tables come from a Reader", lambda c, _: c.update(sleep_0=OLD_DSL)
    ),
    "version 3": changed("DslVersionError", "dsl_version 3", lambda _, conf: conf.update(dsl_version=3)),
}


class Refused(NamedTuple):
    """Well written, but a party cannot take part. said: words of its answer."""

    change: Change
    said: str


def reads_table(components: dict[str, Any], conf: dict[str, Any]) -> None:
    components["sleep_0"] = {"module": "Reader", "output": {"data": ["data"]}}
    table = {"namespace": "experiment", "name": "absent"}
    conf["component_parameters"] = {"common": {"sleep_0": {"table": table}}}


REFUSED = {
    "missing table": Refused(reads_table, "reads table experiment.absent, which does not exist here"),
    "too many cores": Refused(
        lambda _, conf: conf["job_parameters"]["common"].update(task_cores=21),
        "guest:9999 cannot take part: it needs 21 cores for this job, but has 20 in total",
    ),
}

BODIES = {
    "cut off": b'{"job_dsl": {',
    "a list": b"[]",
    "a text": b'"job"',
    "no UTF-8": b'{"job_dsl": "\xff\xfe"}',
    "nested": b"[" * 100_000,
    "numbers for documents": b'{"job_dsl": 1, "job_runtime_conf": 2}',
    "no documents": b"{}",
    "key twice in an object": f'{{"job_dsl": {TWICE}, "job_runtime_conf": {CONF}}}'.encode(),
    "document twice": f'{{"job_dsl": {{}}, "job_dsl": {DSL}, "job_runtime_conf": {CONF}}}'.encode(),
    "10 MB": json.dumps({"job_dsl": DSL, "job_runtime_conf": " " * LARGE}).encode(),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with standalone(tmp_path_factory.mktemp("standalone")) as running:
        yield running


@pytest.fixture
def cli(site: RunningSite, tmp_path: Path) -> CommandLine:
    return CommandLine(site.home, tmp_path)


def submitted(cli: CommandLine, dsl: str, conf: str, code: int) -> dict[str, Any]:
    """Submits with the command line; gives the error that it ends with."""
    (cli.folder / "dsl.json").write_text(dsl)
    (cli.folder / "conf.json").write_text(conf)
    return cli("job", "submit", "-d", "dsl.json", "-c", "conf.json", "--json", code=code).error


def posted(site: RunningSite, content: bytes) -> dict[str, Any]:
    """Posts a body as any client can; gives the envelope of the refusal."""
    answer = httpx.post(f"{site.url}/v1/job/submit", content=content, timeout=30)
    assert answer.headers["content-type"] == "application/json"
    envelope: dict[str, Any] = answer.json()
    assert envelope["retcode"] != 0, envelope
    assert envelope["retmsg"], envelope
    return envelope


def as_body(dsl: str, conf: str) -> bytes:
    return json.dumps({"job_dsl": dsl, "job_runtime_conf": conf}).encode()


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_document_is_rejected_with_its_position(cli: CommandLine, name: str) -> None:
    case = MALFORMED[name]
    error = submitted(cli, case.dsl, case.conf, code=2)
    assert (error["error"], error["exit_code"]) == ("bad_document", 2)
    errors = [problem for problem in error["data"] if problem["severity"] == "error"]
    [found] = [problem for problem in errors if problem["code"] == case.code]
    assert case.said in found["message"]
    assert found["file"] in ("dsl.json", "conf.json")
    assert found["line"] == 1 or name == "nested too deeply"


@pytest.mark.parametrize("name", REFUSED)
def test_a_job_that_a_party_cannot_run_is_refused(site: RunningSite, cli: CommandLine, name: str) -> None:
    dsl, conf = texts(REFUSED[name].change)
    before = {job.job_id for job in site.flow.jobs(status=["waiting", "running"])}
    error = submitted(cli, dsl, conf, code=7)
    assert error["error"] == "party_refused"
    assert REFUSED[name].said in error["message"]
    assert "host:10000" in error["message"]
    answers = posted(site, as_body(dsl, conf))["data"]
    assert answers["guest"]["9999"]["retcode"] != 0
    assert answers["host"]["10000"]["retcode"] != 0
    assert {job.job_id for job in site.flow.jobs(status=["waiting", "running"])} == before


def test_a_module_that_is_not_built_is_refused(site: RunningSite, cli: CommandLine) -> None:
    dsl, conf = texts(lambda components, _: components["sleep_0"].update(module="HeteroSecureBoost"))
    said = "cannot run these modules: sleep_0 (HeteroSecureBoost)"
    error = submitted(cli, dsl, conf, code=1)
    assert error["error"] == "not_built"
    assert said in error["message"]
    assert said in posted(site, as_body(dsl, conf))["retmsg"]


def test_a_document_of_10_mb_is_refused_by_its_size(cli: CommandLine) -> None:
    error = submitted(cli, DSL, json.dumps({"description": "x" * LARGE}), code=2)
    assert "the request body has 10.5 MB; this call accepts at most 4.2 MB" in error["message"]


def test_a_document_that_cannot_be_read_is_refused(cli: CommandLine) -> None:
    (cli.folder / "latin.json").write_bytes(b'{"components": "\xe4"}')
    (cli.folder / "conf.json").write_text(CONF)
    assert "latin.json is not UTF-8" in cli("job", "submit", "-d", "latin.json", "-c", "conf.json", code=2).err
    assert "cannot read none.json" in cli("job", "submit", "-d", "none.json", "-c", "conf.json", code=2).err


def test_the_scheduler_survives_invalid_requests(site: RunningSite) -> None:
    for name, case in MALFORMED.items():
        assert case.said in posted(site, as_body(case.dsl, case.conf))["retmsg"], name
    for name, body in BODIES.items():
        assert "the server failed" not in posted(site, body)["retmsg"], name
    job = site.flow.submit(*sleep_job(2, ROLES))
    assert site.flow.wait(job.job_id, timeout=30).status is Status.SUCCESS
    logs = {path.name: path.read_text() for path in (site.home / "logs" / "fate_flow").iterdir()}
    assert "fate_flow.log" in logs
    assert [name for name, text in logs.items() if "Traceback" in text or " ERROR " in text] == []
