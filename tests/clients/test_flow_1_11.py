"""What `flow` of fate_client 1.11 has beyond that of 1.6: reruns, servers, providers, resources, keys, tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.client import answer_in, new_client
from tests.clients.flow_user import CORES, NAMESPACE, FlowSite, FlowUser, Trained

pytestmark = [pytest.mark.timeout(300), pytest.mark.parametrize("version", ["1.11.2"], indirect=True, scope="session")]
APP_KEY, SECRET_KEY = "kept-by-the-client", "Gm4vT9-xqL2wZr7uPd0s"


def test_parameter_update_and_rerun(user: FlowUser) -> None:
    job_id = user.sleep(0, 60)
    user.wait(job_id, "running")
    user("job", "stop", "-j", job_id)
    user.wait(job_id)
    assert user.status(job_id) == "canceled"
    changes = {"component_parameters": {"common": {"sleep_1": {"seconds": 0}}}}
    user("job", "parameter-update", "-j", job_id, "-c", user.write("update.json", changes))
    user("job", "rerun", "-j", job_id)
    user.wait(job_id, "success", "failed")
    assert user.status(job_id) == "success"

    user("job", "rerun", "-j", job_id, "-cpn", "sleep_1", "--force")
    user.wait(job_id, "success", "failed")
    tasks = {task["f_component_name"]: task for task in user("task", "query", "-j", job_id)["data"]}
    assert tasks["sleep_1"]["f_task_version"] > tasks["sleep_0"]["f_task_version"]
    user("job", "rerun", "-j", "2020010100000000000001", code=102)


def test_server(user: FlowUser) -> None:
    versions = user("server", "versions")["data"]
    assert versions["FATEFlow"].startswith("1.")
    assert versions["API"] == "v1"
    user("server", "reload")
    assert isinstance(user("service", "registry")["data"], (dict, list))


def test_providers_and_components(user: FlowUser) -> None:
    providers = user("provider", "list")["data"]
    assert providers
    name = next(iter(providers))
    assert name in user("provider", "list", "-n", name)["data"]
    components = user("provider", "list-components")["data"]
    assert {"heterolr", "dataio", "evaluation"} <= {component.lower() for component in components}


def test_keys(user: FlowUser) -> None:
    """Sites know each other by keys that their owners trust (`fateflow party trust`); clients may only look at them."""
    assert user("key", "query", "-p", "9999")["data"]


def test_resources(user: FlowUser) -> None:
    running = user.sleep(60, cores=CORES)
    user.wait(running, "running")
    found = json.dumps(user("resource", "query")["data"])
    assert running in found
    assert str(CORES) in found
    user("job", "stop", "-j", running)
    user.wait(running)
    user("resource", "return", "-j", running)
    assert running not in json.dumps(user("resource", "query")["data"])


def test_checkpoints(user: FlowUser, trained: Trained) -> None:
    model = [*trained.model_words, "-r", "guest", "-p", "9999", "-cpn", "hetero_lr_0"]
    assert isinstance(user("checkpoint", "list", *model)["data"], list)
    answer = user.client.flow("checkpoint", "get", *model, "--step-index", "99")
    assert answer["retcode"] != 0


def test_table_tracking_and_switches(user: FlowUser, trained: Trained) -> None:
    source = ["-n", NAMESPACE, "-t", "breast_guest"]
    jobs = user("table", "tracking-job", *source)["data"]
    assert trained.job_id in jobs["job"]
    (line,) = user("tracking", "output-data-table", *trained.guest, "-cpn", "dataio_0")["data"]
    made = ["-n", line["table_namespace"], "-t", line["table_name"]]
    assert "breast_guest" in json.dumps(user("table", "tracking-source", *made)["data"])

    user.write("switched.csv", "id,x\na,1\nb,2\n")
    user.upload("switched.csv", "switched", "--drop")
    switched = ["-n", NAMESPACE, "-t", "switched"]
    user("table", "disable", *switched)
    assert "disabled" in user.read("switched", code=100)["retmsg"]
    user("table", "enable", *switched)
    user.wait(user.read("switched")["jobId"], "success")
    user("table", "disable", *switched)
    user("table", "disable-delete")
    assert user("table", "info", *switched)["data"]["exist"] == 0


def test_connectors(user: FlowUser) -> None:
    conf = {"connector_name": "folder", "engine": "PATH", "connector_info": {"path": str(user.folder)}}
    user("table", "connector-create", "-c", user.write("connector.json", conf))
    found = user("table", "connector-query", "--connector-name", "folder")["data"]
    assert (found["connector_name"], found["engine"]) == ("folder", "PATH")


def test_data_writer(user: FlowUser, trained: Trained) -> None:
    path = user.folder / "written.csv"
    conf = {"namespace": NAMESPACE, "name": "breast_guest", "engine": "PATH", "address": {"path": str(path)}}
    conf |= {"storage_engine": "PATH", "storage_address": {"path": str(path)}, "table_name": "breast_guest"}
    user.wait(user("data", "writer", "-c", user.write("writer.json", conf))["jobId"])
    assert len(path.read_text().splitlines()) in (569, 570)


def test_privileges(user: FlowUser) -> None:
    conf = {
        "party_id": "10000",
        "component": "reader,dataio",
        "dataset": {"namespace": NAMESPACE, "name": "breast_guest"},
    }
    user("privilege", "grant", "-c", user.write("grant.json", conf))
    granted = json.dumps(user("privilege", "query", "-p", "10000")["data"])
    assert "reader" in granted
    assert "breast_guest" in granted
    user("privilege", "delete", "-c", user.folder / "grant.json")
    assert "reader" not in json.dumps(user("privilege", "query", "-p", "10000").get("data"))


def test_template_download(user: FlowUser) -> None:
    user("template", "download", "--min-data", 1, "-o", "templates")
    names = [path.name for path in (user.folder / "templates").rglob("*.json")]
    assert any("dsl" in name for name in names)
    assert any("conf" in name for name in names)


def test_toy(user: FlowUser) -> None:
    printed = user.client.run("flow", "test", "toy", "-gid", 9999, "-hid", 10000, "--task-cores", 1)
    assert "is success" in printed
    assert "secure_add_guest" in printed


def test_min_test(user: FlowUser) -> None:
    for role in ("guest", "host"):
        user.upload(f"{role}.csv", f"breast_hetero_{role}", "--drop", namespace="experiment")
    user.client.run("flow", "test", "min", "-gid", 9999, "-hid", 10000, "-aid", 10001, "--no-sbt")
    jobs = user("job", "query", "-r", "guest", "-p", "9999")["data"]
    newest = sorted(jobs, key=lambda job: job["f_job_id"])[-2:]
    assert [job["f_status"] for job in newest] == ["success", "success"]


@pytest.mark.parametrize(
    "words",
    [
        "component hetero-model-merge -gid 9999 -hids 10000 --model-type x --output-format pmml -cpn a -o merged",
        "component woe-array-extract -r guest -p 9999 -cpn a -o woe",
        "component woe-array-merge -r host -p 10000 -cpn a -i empty.json",
        "model homo-convert -c empty.json",
        "key save -c empty.json",
        "key delete -p 9997",
        "provider register -c provider.json",
        "model homo-deploy -c empty.json",
    ],
)
def test_what_is_not_offered_is_answered(user: FlowUser, trained: Trained, words: str) -> None:
    user.write("empty.json", {})
    user.write("provider.json", {"name": "mine", "version": "1.0.0", "path": "nothing"})
    model = trained.model_words if words.startswith("component") else []
    answer = user.client.flow(*words.split(), *model)
    assert answer["retcode"] in (100, 404)
    assert answer["retmsg"]


@pytest.fixture(scope="module")
def signer(version: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlowUser]:
    """A user of a site that takes only signed calls."""
    root = tmp_path_factory.mktemp("signer")
    client = new_client(version, root / "client")
    settings = f'[client]\napp_key = "{APP_KEY}"\nsecret_key = "{SECRET_KEY}"\n'
    site = FlowSite(root / "home", client.folder, settings)
    yield FlowUser(client, site, None)
    site.close()


def test_signed_calls(signer: FlowUser) -> None:
    assert signer.client.flow("job", "list")["retcode"] == 109
    signer.client.init(signer.site.port, "--app-key", APP_KEY, "--secret-key", SECRET_KEY)
    conf = {"file": str(signer.folder / "guest.csv"), "head": 1, "partition": 4, "id_delimiter": ","}
    conf |= {"namespace": "ä & b", "table_name": "signed = yes"}
    job_id = signer("data", "upload", "-c", signer.write("signed.json", conf))["jobId"]
    assert signer("job", "query", "-j", job_id)["data"][0]["f_job_id"] == job_id
    signer("queue", "clean")
    signer("job", "log", "-j", job_id, "-o", "signed_log")
    printed = signer.client.run("flow", "test", "toy", "-gid", 9999, "-hid", 10000, "--task-cores", 1)
    assert "secure_add_guest" in printed
    signer.client.init(signer.site.port, "--app-key", APP_KEY, "--secret-key", SECRET_KEY[::-1])
    assert signer.client.flow("job", "list")["retcode"] == 109


def test_settings_come_from_a_servers_configuration_too(
    version: str, user: FlowUser, trained: Trained, tmp_path: Path
) -> None:
    client = new_client(version, tmp_path / "client")
    conf = client.write("service_conf.yaml", f"fateflow:\n  host: 127.0.0.1\n  http_port: {user.site.port}\n")
    assert client.flow("init", "-c", conf)["retcode"] == 0
    assert client.flow("job", "list", "-l", 1)["retcode"] == 0
    assert client.flow("init", "--reset")["retcode"] == 0
    assert answer_in(client.run("flow", "init"))["retcode"] == 100
