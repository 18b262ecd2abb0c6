"""`flow job`, `flow task` and `flow queue` of the published clients."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clients.flow_user import CORES, FlowUser, Trained

pytestmark = pytest.mark.timeout(300)


def test_a_submission_names_the_job_its_model_and_its_page(user: FlowUser, trained: Trained) -> None:
    data = trained.submitted["data"]
    assert user.greeting["retcode"] == 0
    assert data["job_id"] == trained.job_id
    assert data["model_info"] == {
        "model_id": "arbiter-10001#guest-9999#host-10000#model",
        "model_version": trained.job_id,
    }
    assert trained.job_id in data["board_url"]


def test_a_wrong_document_is_refused(user: FlowUser, trained: Trained) -> None:
    dsl = {"components": {"reader_0": {"module": "Raeder"}}}
    words = ["-d", user.write("wrong_dsl.json", dsl), "-c", user.folder / "hetero_lr_conf.json"]
    answer = user.client.flow("job", "submit", *words)
    assert answer["retcode"] in (100, 103)
    assert "Raeder" in answer["retmsg"]


def test_job_list_and_query(user: FlowUser, trained: Trained) -> None:
    listed = user("job", "list", "-l", 100)["data"]
    times = [job["f_create_time"] for job in listed]
    assert times == sorted(times, reverse=True)
    assert sum(job["f_job_id"] == trained.job_id for job in listed) == 3
    assert len(user("job", "list", "-l", 1)["data"]) == 1

    (found,) = user("job", "query", *trained.guest)["data"]
    assert (found["f_job_id"], found["f_status"], found["f_progress"]) == (trained.job_id, "success", 100)
    assert "f_dsl" not in found
    everybody = user("job", "query", "-j", trained.job_id, "-s", "success")["data"]
    assert {job["f_role"] for job in everybody} == {"guest", "host", "arbiter"}
    assert user("job", "query", "-j", trained.job_id, "-s", "failed")["data"] == []


def test_job_config_gives_the_submitted_documents_without_the_clients_own_options(
    user: FlowUser, trained: Trained
) -> None:
    answer = user("job", "config", *trained.guest, "-o", "configured")
    folder = Path(answer["directory"])
    assert json.loads((folder / "dsl.json").read_text()) == trained.dsl
    conf = json.loads((folder / "runtime_conf.json").read_text())
    assert conf["component_parameters"] == trained.conf["component_parameters"]
    assert not {"conf_path", "dsl_path"} & set(conf)
    assert json.loads((folder / "model_info.json").read_text()) == trained.model
    assert json.loads((folder / "train_runtime_conf.json").read_text()) == {}


def test_job_log_is_laid_out_by_party(user: FlowUser, trained: Trained) -> None:
    folder = user.folder / user("job", "log", "-j", trained.job_id, "-o", "logs")["directory"]
    assert (folder / "fate_flow_schedule.log").stat().st_size > 0
    for party in ("guest/9999", "host/10000", "arbiter/10001"):
        assert (folder / party / "INFO.log").is_file()
    assert (folder / "guest/9999/hetero_lr_0/INFO.log").stat().st_size > 0
    user("job", "log", "-j", "2020010100000000000001", "-o", "logs", code=210)


def test_job_view_names_the_tables_of_outputs(user: FlowUser, trained: Trained) -> None:
    lines = user("job", "view", *trained.guest)["data"]
    outputs = {line["f_component_name"]: line["f_data_name"] for line in lines}
    assert {"reader_0", "dataio_0", "intersection_0", "hetero_lr_0"} <= set(outputs)
    assert all(line["f_table_name"] and line["f_table_namespace"] for line in lines)


def test_job_dsl_derives_the_documents_of_a_prediction(user: FlowUser, trained: Trained) -> None:
    kept = "dataio_0, intersection_0, hetero_lr_0"
    train = user.folder / "hetero_lr_dsl.json"
    components = user("job", "dsl", "--cpn-list", kept, "--train-dsl-path", train)["data"]["components"]
    assert set(components) == {"dataio_0", "intersection_0", "hetero_lr_0"}
    assert components["hetero_lr_0"]["input"]["data"] == {"test_data": ["intersection_0.data"]}
    assert components["hetero_lr_0"]["input"]["model"] == ["pipeline.hetero_lr_0.model"]

    names = user.write("components.txt", f"[{kept}]\n")
    answer = user("job", "dsl", "--cpn-path", names, "--train-dsl-path", train, "-o", "derived")
    written = json.loads(Path(answer["retmsg"].partition("File path is: ")[2]).read_text())
    assert written["components"] == components


def test_task_list_and_query(user: FlowUser, trained: Trained) -> None:
    assert len(user("task", "list", "-l", 4)["data"]) == 4
    tasks = user("task", "query", *trained.guest)["data"]
    assert {task["f_component_name"] for task in tasks} == set(trained.dsl["components"])
    (task,) = user("task", "query", *trained.guest, "-cpn", "hetero_lr_0", "-s", "success")["data"]
    assert (task["f_status"], task["f_party_status"], task["f_task_version"]) == ("success", "success", 0)
    user("task", "query", "-j", trained.job_id, "-s", "running", code=101)


def test_job_stop_cancels_and_queue_clean_takes_only_what_waits(user: FlowUser) -> None:
    running = user.sleep(60, cores=CORES)
    user.wait(running, "running")
    waiting = user.sleep(60, cores=CORES)
    assert user.status(waiting) == "waiting"
    assert user("queue", "clean")["data"] == {waiting: 0}
    assert user.status(waiting) == "canceled"
    assert user.status(running) == "running"

    user("job", "stop", "-j", running)
    user.wait(running)
    assert user.status(running) == "canceled"
    user("job", "stop", "-j", running)
    user("job", "stop", "-j", "2020010100000000000001", code=102)
