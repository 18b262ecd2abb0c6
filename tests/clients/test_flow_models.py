"""`flow model` and `flow tag` of the published clients."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.client import Client, new_client
from tests.clients.flow_user import NAMESPACE, FlowSite, FlowUser, Trained

pytestmark = pytest.mark.timeout(300)
DEPLOYED = ["dataio_0", "intersection_0", "hetero_lr_0"]
ROLES = {"guest": ["9999"], "host": ["10000"], "arbiter": ["10001"]}


@pytest.fixture(scope="session")
def child(user: FlowUser, trained: Trained) -> dict[str, str]:
    """A deployed version of the trained model: its model_id and model_version."""
    data = user("model", "deploy", *trained.model_words, "--cpn-list", ", ".join(DEPLOYED))["data"]
    assert data["guest"] == {"9999": 0}
    assert data["detail"]["host"]["10000"]["retcode"] == 0
    return {"model_id": data["model_id"], "model_version": data["model_version"]}


def words(model: dict[str, str]) -> list[str]:
    return ["--model-id", model["model_id"], "--model-version", model["model_version"]]


def conf_of(model: dict[str, str], **job_parameters: Any) -> dict[str, Any]:
    """What load, bind and migrate have in common."""
    return {
        "initiator": {"role": "guest", "party_id": "9999"},
        "role": ROLES,
        "job_parameters": {"work_mode": 0, **model, **job_parameters},
    }


def test_get_model_info(user: FlowUser, trained: Trained, child: dict[str, str]) -> None:
    for model, parent in ((trained.model, True), (child, False)):
        lines = user("model", "get-model-info", *words(model))["data"]
        assert {(line["f_role"], line["f_party_id"]) for line in lines} == {
            ("guest", "9999"),
            ("host", "10000"),
            ("arbiter", "10001"),
        }
        assert {line["f_parent"] for line in lines} == {parent}
        assert "f_train_dsl" not in lines[0]
    (line,) = user("model", "get-model-info", *words(child), "-r", "guest", "-p", "9999", "--detail")["data"]
    assert line["f_parent_info"]["parent_model_version"] == trained.job_id
    assert set(line["f_inference_dsl"]["components"]) == set(DEPLOYED)
    user("model", "get-model-info", "--model-version", "2020010100000000000001", code=100)


def test_deploy_by_file_of_names_by_document_and_whole(user: FlowUser, trained: Trained, child: dict[str, str]) -> None:
    names = user.write("deployed.txt", "[dataio_0,\nintersection_0, hetero_lr_0]\n")
    versions = {child["model_version"], trained.job_id}
    document = user.write("predict_dsl.json", predict_dsl(user, child, "for_deploy"))
    for more in (["--cpn-path", names], ["--dsl-path", document], []):
        data = user("model", "deploy", *trained.model_words, *more)["data"]
        assert data["model_id"] == trained.model["model_id"]
        assert data["model_version"] not in versions
        versions.add(data["model_version"])
    # A child is not deployed again.
    assert user.client.flow("model", "deploy", *words(child))["retcode"] != 0


def predict_dsl(user: FlowUser, child: dict[str, str], folder: str) -> Any:
    answer = user("model", "get-predict-dsl", *words(child), "-o", folder)
    return json.loads(Path(answer["retmsg"].partition("File path is: ")[2]).read_text())


def test_prediction_with_the_derived_documents(user: FlowUser, trained: Trained, child: dict[str, str]) -> None:
    assert set(predict_dsl(user, child, "derived")["components"]) == set(DEPLOYED)
    whole = user("model", "deploy", *trained.model_words)["data"]
    answer = user("model", "get-predict-conf", *words(whole), "-o", "derived")
    conf = json.loads(Path(answer["retmsg"].partition("File path is: ")[2]).read_text())
    common = conf["job_parameters"]["common"]
    assert (common["job_type"], common["model_version"]) == ("predict", whole["model_version"])
    for role, table in (("guest", "breast_guest"), ("host", "breast_host")):
        reader = conf["component_parameters"]["role"][role]["0"]["reader_0"]
        assert reader["table"]["name"].startswith("name_to_be_filled")
        reader["table"] = {"name": table, "namespace": NAMESPACE}
    job_id = user("job", "submit", "-c", user.write("predict_conf.json", conf))["jobId"]
    user.wait(job_id)
    assert user.status(job_id) == "success"
    assert scores(user, job_id) == pytest.approx(scores(user, trained.job_id), abs=1e-9)


def test_a_model_that_is_not_deployed_does_not_predict(user: FlowUser, trained: Trained) -> None:
    conf = json.loads((user.folder / "hetero_lr_conf.json").read_text())
    conf["job_parameters"]["common"] = {"job_type": "predict", "work_mode": 0, **trained.model}
    answer = user.client.flow("job", "submit", "-c", user.write("undeployed.json", conf))
    assert answer["retcode"] in (100, 103)
    assert "deploy" in answer["retmsg"]


def scores(user: FlowUser, job_id: str) -> dict[str, float]:
    named = ["-j", job_id, "-r", "guest", "-p", "9999", "-cpn", "hetero_lr_0", "-o", "scores"]
    folder = Path(user("component", "output-data", *named)["directory"])
    cells = [line.split(",") for line in (folder / "data.csv").read_text().splitlines()[1:]]
    return {cell[0]: float(cell[3]) for cell in cells}


def test_tags(user: FlowUser, trained: Trained) -> None:
    user("tag", "create", "-t", "fresh", "-d", "just trained")
    user("tag", "create", "-t", "fresh", code=100)
    user("tag", "update", "-t", "fresh", "--new-tag-name", "ripe", "--new-tag-desc", "now older")
    assert user("tag", "query", "-t", "ripe")["data"]["tags"] == [{"name": "ripe", "description": "now older"}]

    user("model", "tag-model", "-j", trained.job_id, "-t", "ripe")
    user("model", "tag-model", "-j", trained.job_id, "-t", "ripe", code=100)
    assert [tag["name"] for tag in user("model", "tag-list", "-j", trained.job_id)["data"]["tags"]] == ["ripe"]
    models = user("tag", "query", "-t", "ripe", "--with-model")["data"]
    assert {model["model_version"] for model in models["models"]} == {trained.job_id}
    listed = user("tag", "list", "-l", 5)["data"]["tags"]
    assert [(tag["name"], tag["model_count"] > 0) for tag in listed] == [("ripe", True)]

    user("model", "tag-model", "-j", trained.job_id, "-t", "ripe", "--remove")
    assert user("model", "tag-list", "-j", trained.job_id)["data"]["count"] == 0
    user("tag", "delete", "-t", "ripe")
    user("tag", "delete", "-t", "ripe", code=100)


@pytest.fixture(scope="module")
def elsewhere(version: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlowUser]:
    """A user of the same client whose site has no models."""
    root = tmp_path_factory.mktemp("elsewhere")
    client: Client = new_client(version, root / "client")
    site = FlowSite(root / "home", client.folder)
    yield FlowUser(client, site, None)
    site.close()


def test_an_exported_model_is_imported_elsewhere(user: FlowUser, child: dict[str, str], elsewhere: FlowUser) -> None:
    archives = {}
    for role, party_id in (("guest", 9999), ("host", 10000), ("arbiter", 10001)):
        conf = {**child, "role": role, "party_id": party_id, "output_path": str(user.folder / "exported")}
        archives[role] = Path(user("model", "export", "-c", user.write("export.json", conf))["file"])
        assert archives[role].name == f"{role}#{party_id}#{child['model_id']}_{child['model_version']}.zip"
        assert "manifest.json" in zipfile.ZipFile(archives[role]).namelist()
        wanted = {**child, "role": role, "party_id": party_id, "file": str(archives[role])}
        elsewhere("model", "import", "-c", elsewhere.write("import.json", wanted))
    (line,) = elsewhere("model", "get-model-info", *words(child), "-r", "guest", "-p", "9999")["data"]
    assert line["f_parent"] is False
    # Neither site takes what it has.
    for owner in (elsewhere, user):
        again = owner.client.flow("model", "import", "-c", owner.write("import.json", wanted))
        assert again["retcode"] in (100, 103, 409)
        assert "already" in again["retmsg"]
    conf = {"model_id": "x", "model_version": "y", "role": "guest", "party_id": 1, "output_path": "exported"}
    user("model", "export", "-c", user.write("export.json", conf), code=210)


def test_a_model_is_stored_and_restored(user: FlowUser, child: dict[str, str]) -> None:
    conf = {**child, "role": "guest", "party_id": 9999, "force_update": True}
    path = user.write("store.json", conf)
    stored = user("model", "export", "-c", path, "--to-database")
    user.wait(stored["jobId"], "success")
    restored = user("model", "import", "-c", path, "--from-database")
    user.wait(restored["jobId"])
    (found,) = user("job", "query", "-j", restored["jobId"])["data"]
    assert found["f_role"] == "local"


def test_migrate_gives_the_model_to_other_parties(user: FlowUser, child: dict[str, str]) -> None:
    conf = conf_of(child, federated_mode="SINGLE") | {
        "migrate_initiator": {"role": "guest", "party_id": 9998},
        "role": {"guest": [9999], "host": [10000], "arbiter": [10001]},
        "migrate_role": {"guest": [9998], "host": [9997], "arbiter": [9996]},
        "execute_party": {"guest": [9999], "host": [10000], "arbiter": [10001]},
        **child,
        "unify_model_version": "202001010000000000001",
    }
    answer = user("model", "migrate", "-c", user.write("migrate.json", conf))
    assert answer["data"]["guest"] == {"9999": 0}
    migrated = {"model_id": "arbiter-9996#guest-9998#host-9997#model", "model_version": conf["unify_model_version"]}
    # FATE makes archives of the migrated parts, which the new parties import.
    detail = answer["data"]["detail"]["guest"]["9999"]["retmsg"]
    assert migrated["model_version"] in detail
    assert migrated["model_id"] in detail


def test_load_and_bind(user: FlowUser, trained: Trained, child: dict[str, str]) -> None:
    answer = user("model", "load", "-c", user.write("load.json", conf_of(child)))
    assert answer["data"]["guest"] == {"9999": 0}
    assert answer["data"]["host"] == {"10000": 0}
    assert "arbiter" not in answer["data"]
    by_job = user("model", "load", "-j", child["model_version"])
    assert by_job["data"]["guest"] == {"9999": 0}
    assert user.client.flow("model", "load", "-j", trained.job_id)["retcode"] != 0

    bound = conf_of(child) | {"service_id": "breast", "servings": []}
    assert "breast" in user("model", "bind", "-c", user.write("bind_model.json", bound))["retmsg"]
    by_job = user(
        "model", "bind", "-c", user.write("service.json", {"service_id": "breast2"}), "-j", child["model_version"]
    )
    assert "breast2" in by_job["retmsg"]
    user("model", "bind", "-c", user.write("unbound.json", conf_of(child)), code=101)
