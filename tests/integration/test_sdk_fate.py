"""The client with the names of FATE's own SDK, against a real site that requires signatures."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fateflow_tui.artifacts.run_file import read_run_file
from fateflow_tui.core import errors
from fateflow_tui.runtime.site_config import ClientKeys, SiteConfig
from fateflow_tui.sdk import FateFlow, local
from fateflow_tui.sdk.fate import FlowClient

_DATA = Path(__file__).parents[2] / "demo" / "data"
_KEYS = ("app", "a-secret-that-is-long-enough")
_MEMBERS = """
job component data queue table task model tag priviledge privilege checkpoint remote_version test
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("home")
    SiteConfig(client=ClientKeys(*_KEYS)).save(directory / "site.toml")
    local.start(directory, port=0)
    yield directory
    local.stop(directory)


@pytest.fixture(scope="module")
def port(home: Path) -> int:
    run = read_run_file(home)
    assert run is not None
    return int(run.url.rpartition(":")[2])


@pytest.fixture(scope="module")
def client(port: int) -> Iterator[FlowClient]:
    with FlowClient("127.0.0.1", port, "v1", *_KEYS) as found:
        yield found


@pytest.fixture(scope="module")
def job(home: Path, client: FlowClient, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The answer to the submission of a small training job, which has succeeded: by 1.11's arguments."""
    with FateFlow(home=home) as flow:
        for name in ("guest", "host"):
            conf = {
                "file": str(_DATA / f"{name}.csv"),
                "table_name": name,
                "namespace": "old",
                "head": 1,
                "partition": 4,
            }
            path = tmp_path_factory.mktemp("conf") / "upload.json"
            path.write_text(json.dumps(conf))
            answer = client.data.upload(conf if name == "guest" else str(path))
            assert answer["retcode"] == 0, answer
            flow.wait(answer["jobId"], 60)
        answer = client.job.submit(*_documents())
        assert answer["retcode"] == 0, answer
        assert flow.wait(answer["jobId"], 100).status == "success"
    return answer


def _documents() -> tuple[dict[str, Any], dict[str, Any]]:
    demo = _DATA.parent
    conf = json.loads((demo / "hetero_lr_conf.json").read_text())
    conf["component_parameters"]["common"]["hetero_lr_0"]["max_iter"] = 2
    for role in ("guest", "host"):
        table = {"namespace": "old", "name": role}
        conf["component_parameters"]["role"][role]["0"]["reader_0"]["table"] = table
    return conf, json.loads((demo / "hetero_lr_dsl.json").read_text())


def test_it_has_the_members_of_all_versions(client: FlowClient) -> None:
    assert all(hasattr(client, name) for name in _MEMBERS.split())
    assert client.priviledge is client.privilege
    assert client.remote_version.fate_flow() == client.remote_version.fate() == "1.6.0"
    assert client.remote_version.api() == "v1"
    assert client.remote_version.fate_board() is None


def test_a_failure_is_an_answer(client: FlowClient, port: int) -> None:
    assert client.job.stop("nosuch")["retcode"] == 102
    assert client.table.delete("no", "such")["retmsg"] == "no find table"
    assert client.data.upload({"file": "/no/such.csv", "table_name": "a", "namespace": "b"})["retcode"] == 100
    with FlowClient("127.0.0.1", port, "v1") as unsigned:
        assert unsigned.job.list()["retcode"] == 109
    with FlowClient("127.0.0.1", port, "v1", _KEYS[0], "wrong") as wrong:
        assert wrong.job.list()["retcode"] == 109
    with FlowClient("127.0.0.1", 1, "v1") as nobody:
        assert nobody.job.list()["retcode"] == 100
    with pytest.raises(errors.BadRequest, match="No such file"):
        client.job.submit(conf_path="nosuch.json")


def test_jobs_are_queried(client: FlowClient, job: dict[str, Any], tmp_path: Path) -> None:
    job_id = job["jobId"]
    assert job["data"]["model_info"]["model_version"] == job_id
    assert client.job.query(job_id, "guest", 9999)["data"][0]["f_status"] == "success"
    assert client.job.query(job_id=job_id, status="running")["data"] == []
    assert len(client.job.list(limit=2)["data"]) == 2
    assert {view["f_data_name"] for view in client.job.view(job_id, "guest", "9999")["data"]} == {"data"}
    assert len(client.task.query(job_id, component_name="hetero_lr_0")["data"]) == 3
    assert client.task.list(1)["data"]
    answer = client.job.config(job_id, "guest", 9999, tmp_path)
    folder = Path(answer["directory"])
    assert folder == tmp_path / f"job_{job_id}_config"
    assert json.loads((folder / "dsl.json").read_text()) == _documents()[1]
    assert "dsl" not in answer["data"]
    answer = client.job.log(job_id, tmp_path)
    assert list(Path(answer["directory"]).rglob("INFO.log"))
    assert client.job.log("nosuch", tmp_path)["retcode"] == 210
    made = client.job.generate_dsl(_documents()[1], ["dataio_0", "intersection_0", "hetero_lr_0"])
    assert set(made["data"]["components"]) == {"dataio_0", "intersection_0", "hetero_lr_0"}
    (tmp_path / "dsl.json").write_text(json.dumps(_documents()[1]))
    (tmp_path / "cpn").write_text("dataio_0, hetero_lr_0")
    old = client.job.generate_dsl(train_dsl_path=str(tmp_path / "dsl.json"), cpn_file_path=str(tmp_path / "cpn"))
    assert set(old["data"]["components"]) == {"dataio_0", "hetero_lr_0"}
    assert client.queue.clean() == {"retcode": 0, "retmsg": "success", "data": {}}


def test_outputs_of_components(client: FlowClient, job: dict[str, Any], tmp_path: Path) -> None:
    place = (job["jobId"], "guest", 9999, "hetero_lr_0")
    assert client.component.list(job["jobId"])["data"]["components"][0] == "reader_0"
    assert client.component.parameters(*place)["data"]["module"] == "HeteroLR"
    assert client.component.output_model(*place)["meta"]["module_name"] == "HeteroLR"
    assert client.component.output_data_table(*place)["data"][0]["data_name"] == "data"
    evaluation = (*place[:3], "evaluation_0")
    assert client.component.metrics(*evaluation)["data"] == {
        "train": list(client.component.metric_all(*evaluation)["data"]["train"])
    }
    answer = client.component.output_data(*place, output_path=str(tmp_path), limit=5)
    folder = tmp_path / f"job_{job['jobId']}_hetero_lr_0_guest_9999_output_data"
    assert answer["directory"] == str(folder)
    assert len((folder / "data.csv").read_text().splitlines()) == 6
    assert client.component.output_data(*place[:3], "nosuch", tmp_path)["retcode"] == 210
    assert client.component.get_summary(*place)["retcode"] in (0, 210)
    assert client.component.metric_delete(job_id=job["jobId"])["retcode"] == 0
    part = ("guest", 9999, job["data"]["model_info"]["model_id"], job["jobId"], "hetero_lr_0")
    assert client.checkpoint.list_checkpoints(*part)["data"] == []
    assert client.checkpoint.get_checkpoint(*part, step_index=1)["retcode"] != 0


def test_tables_are_bound_and_deleted(client: FlowClient, job: dict[str, Any], home: Path, tmp_path: Path) -> None:
    assert client.table.info("old", "guest")["data"]["count"] > 500
    tables = [next(iter(entry.values()))["upload_info"]["table_name"] for entry in client.data.upload_history()["data"]]
    assert sorted(tables) == ["guest", "host"]
    address = {"path": str(_DATA / "guest.csv")}
    assert client.table.bind("PATH", "bound", "old", address, partitions=2, head=True, drop=1)["retcode"] == 0
    assert client.table.delete("old", "bound")["data"] == {"namespace": "old", "table_name": "bound"}
    conf = {"table_name": "guest", "namespace": "old", "output_path": str(tmp_path / "out.csv")}
    answer = client.data.download(conf)
    with FateFlow(home=home, app_key=_KEYS[0], secret_key=_KEYS[1]) as flow:
        assert flow.wait(answer["jobId"], 60).status == "success"
    assert (tmp_path / "out.csv").is_file()


def test_models_are_deployed_and_moved(client: FlowClient, job: dict[str, Any], tmp_path: Path) -> None:
    info = job["data"]["model_info"]
    answer = client.model.deploy(info["model_id"], info["model_version"], cpn_list=["dataio_0", "hetero_lr_0"])
    assert answer["retcode"] == 0, answer
    model = {"model_id": answer["data"]["model_id"], "model_version": answer["data"]["model_version"]}
    assert set(client.model.get_predict_dsl(**model)["data"]["components"]) == {"dataio_0", "hetero_lr_0"}
    assert client.model.get_predict_conf(**model)["data"]["job_parameters"]["common"]["job_type"] == "predict"
    found = client.model.get_model_info(**model, role="guest", query_filters=["model_version"])
    assert found["data"] == [{"f_model_version": model["model_version"]}]
    exported = client.model.export_model({**model, "role": "guest", "party_id": 9999, "output_path": str(tmp_path)})
    assert zipfile.is_zipfile(exported["file"])
    again = {**model, "role": "guest", "party_id": 9999, "file": exported["file"], "force_update": 1}
    (tmp_path / "import.json").write_text(json.dumps(again))
    assert client.model.import_model(conf_path=str(tmp_path / "import.json"))["retcode"] == 0
    assert client.model.export_model({**again, "model_version": "nosuch"})["retcode"] == 210
    assert client.model.load({"job_parameters": {"model_id": "x"}})["retcode"] != 0
    assert client.model.homo_convert({})["retcode"] != 0


def test_models_are_tagged(client: FlowClient, job: dict[str, Any]) -> None:
    assert client.tag.create("fine", "as it should be")["retcode"] == 0
    assert client.model.tag_model(job["jobId"], "fine")["retcode"] == 0
    assert [tag["name"] for tag in client.model.tag_list(job["jobId"])["data"]["tags"]] == ["fine"]
    assert client.tag.query("fine", with_model=True)["data"]["models"][0]["model_version"] == job["jobId"]
    assert client.tag.update("fine", new_tag_name="finest")["retcode"] == 0
    assert client.model.tag_model(job["jobId"], "finest", remove=True)["retcode"] == 0
    assert client.tag.list(limit=5)["data"]["tags"][0]["model_count"] == 0
    assert client.tag.delete("finest")["retcode"] == 0


def test_privileges_are_granted_and_deleted(client: FlowClient) -> None:
    assert client.priviledge.grant(10000, "host", privilege_component="heterolr")["retcode"] == 0
    assert client.privilege.query(10000, "host")["data"]["privilege_component"] == ["heterolr"]
    assert client.privilege.delete("10000", "host", privilege_component="heterolr")["retcode"] == 0


def test_the_toy_job_checks_two_parties(client: FlowClient) -> None:
    answer = client.test.toy(9999, 10000, task_cores=1)
    assert answer["retcode"] == 0, answer
