"""The small apps of FATE-Flow 1.7 to 1.11: each call does what it says, or says that it does not."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fateflow_tui import __version__
from fateflow_tui.sdk import FateFlow, local


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a running scheduler that plays guest 9999 and has a drop-in file that is broken."""
    directory = tmp_path_factory.mktemp("home")
    (directory / "components").mkdir()
    (directory / "components" / "mine.py").write_text("import no_such_package\n")
    local.start(directory, port=0, parties=["guest:9999", "host:10000"])
    yield directory
    assert local.stop(directory)


@pytest.fixture(scope="module")
def flow(home: Path) -> Iterator[FateFlow]:
    with FateFlow(home=home) as client:
        yield client


@pytest.fixture(scope="module")
def http(flow: FateFlow) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{flow.target.url}/v1/", trust_env=False, timeout=30) as client:
        yield client


def _ask(http: httpx.Client, path: str, **body: Any) -> Any:
    answer = http.post(path, json=body).json()
    assert answer["retcode"] == 0, answer
    return answer.get("data")


def _refused(http: httpx.Client, path: str, **body: Any) -> str:
    answer = http.post(path, json=body).json()
    assert answer["retcode"] != 0, answer
    assert answer.keys() <= {"retcode", "retmsg", "data"}
    return str(answer["retmsg"])


def test_the_site_tells_where_it_is(http: httpx.Client) -> None:
    port = http.base_url.port
    place = {"host": "127.0.0.1", "http_port": port, "grpc_port": None}
    assert _ask(http, "server/get") == {"fateflow": place}
    assert _ask(http, "server/fateflow/get") == place
    common = {"version": __version__, "party_id": 9999, **place}
    assert _ask(http, "info/common") == _ask(http, "info/party/9999") == common
    assert _ask(http, "info/party/10000")["party_id"] == 10000
    assert "server 'fateboard'" in _refused(http, "server/fateboard/get")
    assert "party id '7'" in _refused(http, "info/party/7")
    for path in ("info/fateboard", "info/eggroll"):
        assert _refused(http, path)


def test_default_parameters_are_those_that_a_job_gets(http: httpx.Client) -> None:
    defaults = _ask(http, "server/config/job/default")
    assert (defaults["task_cores"], defaults["task_parallelism"], defaults["job_timeout"]) == (4, 1, 259_200)


def test_a_reload_is_a_look_at_the_file(http: httpx.Client, home: Path) -> None:
    path = home / "site.toml"
    text = path.read_text()
    assert _ask(http, "server/reload") == {"changed": []}
    try:
        path.write_text(text.replace("cores = 20", "cores = 21"))
        assert "capacity; nothing was changed" in _refused(http, "server/reload")
        path.write_text("nonsense = 1")
        assert "unknown key nonsense" in _refused(http, "server/reload")
    finally:
        path.write_text(text)
    assert _ask(http, "resource/query")["computing_engine_resource"]["f_cores"] == 20


def test_providers_have_the_modules_that_can_run(http: httpx.Client) -> None:
    (name,) = _ask(http, "provider/get")
    versions = _ask(http, f"provider/{name}/get")[name]
    modules = versions[versions["default"]["version"]]["components"]
    assert {"HeteroLR", "Reader"} <= set(modules)
    assert "HeteroNN" not in modules
    registry = _ask(http, "provider/registry/get")
    assert registry["components"].keys() == set(modules) == _ask(http, "component/get").keys()
    assert _ask(http, "component/HeteroLR/get")["default_provider"] == name
    assert "heteronn" in _refused(http, "component/heteronn/get")
    assert "no provider 'x'" in _refused(http, "provider/x/get")


_ONE = {"component_name": "dataio_0", "component_module_name": "DataIO", "role": {"guest": [9999], "host": [10000]}}


def test_a_component_is_validated(http: httpx.Client) -> None:
    good = {"common": {"dataio_0": {"with_label": True}}}
    assert _ask(http, "component/validate", **_ONE, dsl_version=2, component_parameters=good) == []
    bad = {"role": {"host": {"0": {"dataio_0": {"with_labl": True, "missing_fill": "x"}}}}}
    text = _refused(http, "component/validate", **_ONE, component_parameters=bad)
    assert "with_labl" in text
    assert "missing_fill" in text
    old = {"role_parameters": {"guest": {"dataio_0": {"with_label": [True]}}}}
    assert _ask(http, "component/validate", **_ONE, dsl_version=1, **old) == []
    assert "DataOI" in _refused(http, "component/validate", **{**_ONE, "component_module_name": "DataOI"})
    assert "component_name" in _refused(http, "component/validate")
    assert "dsl_version 3" in _refused(http, "component/validate", **_ONE, dsl_version=3)
    assert "role has no party" in _refused(http, "component/validate", **{**_ONE, "role": {"guest": []}})


def test_a_whole_job_is_validated(http: httpx.Client) -> None:
    dsl = {"components": {"sleep_0": {"module": "Sleep", "output": {"data": ["data"]}}}}
    conf = {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": 9999},
        "role": {"guest": [9999]},
        "job_parameters": {"common": {}},
    }
    assert _ask(http, "component/validate", job_dsl=dsl, job_runtime_conf=json.dumps(conf)) == []
    assert "NoSuch" in _refused(http, "component/validate", dsl={"components": {"a_0": {"module": "NoSuch"}}})


def test_resources_are_counted_and_come_back_by_themselves(http: httpx.Client, flow: FateFlow) -> None:
    dsl = {"components": {"sleep_0": {"module": "Sleep", "output": {"data": ["data"]}}}}
    conf: dict[str, Any] = {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": 9999},
        "role": {"guest": [9999]},
        "job_parameters": {"common": {"task_cores": 3}},
        "component_parameters": {"common": {"sleep_0": {"seconds": 60}}},
    }
    job = http.post("job/submit", json={"job_dsl": dsl, "job_runtime_conf": conf}).json()["jobId"]
    for _ in flow.events(job, since=0):
        if flow.job(job).status == "running":
            break
    resources = _ask(http, "resource/query")
    assert resources["use_resource_job"] == [
        {"job_id": job, "role": "guest", "party_id": "9999", "cores": 3, "memory": 0}
    ]
    assert resources["computing_engine_resource"]["f_remaining_cores"] == 17
    assert "holds 3 cores" in _refused(http, "resource/return", job_id=job)
    flow.stop(job)
    assert _ask(http, "resource/return", job_id=job) is True
    assert _ask(http, "resource/query")["use_resource_job"] == []
    assert "can not found job" in _refused(http, "resource/return", job_id="nosuch")


def test_there_are_no_checkpoints(http: httpx.Client) -> None:
    model = {"role": "guest", "party_id": 9999, "model_id": "m", "model_version": "v", "component_name": "lr_0"}
    assert _ask(http, "checkpoint/list", **model) == []
    assert "lr_0 has no checkpoint 3" in _refused(http, "checkpoint/get", **model, step_index=3)
    assert "component_name" in _refused(http, "checkpoint/list", role="guest")


def test_keys_are_shown_and_are_pinned_elsewhere(http: httpx.Client) -> None:
    keys = _ask(http, "key/query", party_id=9999)
    assert keys["guest:9999"]["algorithm"] == "Ed25519"
    assert keys["guest:9999"]["fingerprint"].startswith("SHA256:")
    assert _ask(http, "key/query", party_id=7) == {}
    for path in ("key/public/save", "key/public/delete"):
        assert "pinned Ed25519" in _refused(http, path, party_id=7, key="x")


def test_templates_are_documents_that_pass(http: httpx.Client, flow: FateFlow) -> None:
    response = http.post("template/download", json={"min_data": 1})
    assert response.status_code == 200
    assert response.headers["content-disposition"] == "attachment; filename=template.tar.gz"
    with tarfile.open(fileobj=io.BytesIO(response.content), mode="r:gz") as tar:
        files = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    assert {"hetero_lr_dsl.json", "hetero_lr_conf.json", "data/guest.csv", "data/host.csv"} <= files.keys()
    assert not [name for name in files if name.startswith(("/", ".")) or name.endswith((".py", "run"))]
    dsl, conf = (files[f"hetero_lr_{kind}.json"].decode() for kind in ("dsl", "conf"))
    body = {"job_dsl": dsl, "job_runtime_conf": conf}
    assert [p for p in _ask(http, "dsl/lint", **body) if p["severity"] == "error"] == []


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("worker/config/load", "worker"),
        ("forward/host", "services of other parties"),
        ("forward/host/do", "services of other parties"),
        ("component/hetero/merge", "stay at their parties"),
        ("component/woe_array/extract", "WOE"),
        ("component/woe_array/merge", "WOE"),
        ("provider/register", "entry points"),
        ("provider/update", "entry points"),
        ("service/registry", "peers"),
        ("server/fateboard/register", "peers"),
        ("version/set", "when it starts"),
        ("info/party/1/2", "directly"),
    ],
)
def test_what_does_nothing_says_so(http: httpx.Client, path: str, word: str) -> None:
    text = _refused(http, path)
    assert f"does not support /v1/{path}" in text
    assert word in text


def test_a_broken_drop_in_is_shown(http: httpx.Client, flow: FateFlow) -> None:
    lines = {line["module"]: line for line in _ask(http, "component/list")}
    assert "no_such_package" in lines["mine.py"]["broken"]
    assert not lines["mine.py"]["built"]
    assert "broken" not in lines["Reader"]
    assert lines["Reader"]["built"]
    checks = {check["name"]: check for check in _ask(http, "site/doctor")}
    assert not checks["modules"]["ok"]
    assert "mine.py: ModuleNotFoundError" in checks["modules"]["text"]
