"""`flow component`, and `flow tracking` of the newer one, of the published clients."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clients.flow_user import FlowUser, Trained

pytestmark = pytest.mark.timeout(300)


def nouns(user: FlowUser) -> list[str]:
    """The groups of commands; the newer client has most of them twice."""
    return ["component"] if user.is_old else ["component", "tracking"]


def test_component_list(user: FlowUser, trained: Trained) -> None:
    found = user("component", "list", "-j", trained.job_id)["data"]["components"]
    assert found == ["reader_0", "dataio_0", "intersection_0", "hetero_lr_0", "evaluation_0"]


def test_metrics(user: FlowUser, trained: Trained) -> None:
    for noun in nouns(user):
        names = user(noun, "metrics", *trained.guest, "-cpn", "evaluation_0")["data"]
        assert "hetero_lr_0" in names["train"]
        everything = user(noun, "metric-all", *trained.guest, "-cpn", "evaluation_0")["data"]
        auc = dict(everything["train"]["hetero_lr_0"]["data"])["auc"]
        assert 0.9 < auc <= 1
        assert everything["train"]["hetero_lr_0"]["meta"]["metric_type"]


def test_parameters(user: FlowUser, trained: Trained) -> None:
    for noun in nouns(user):
        data = user(noun, "parameters", *trained.guest, "-cpn", "hetero_lr_0")["data"]
        assert data["module"] == "HeteroLR"
        (name,) = set(data) - {"module"}
        assert name in ("HeteroLogisticParam", "ComponentParam")
        assert data[name]["max_iter"] == 3


def test_output_model(user: FlowUser, trained: Trained) -> None:
    for noun in nouns(user):
        answer = user(noun, "output-model", *trained.guest, "-cpn", "hetero_lr_0")
        assert set(answer["data"]["header"]) == set(answer["data"]["weight"])
        assert answer["data"]["needOneVsRest"] is False
        assert answer["meta"]["module_name"] == "HeteroLR"
        assert answer["meta"]["meta_data"]["penalty"] == "L2"


def test_output_data(user: FlowUser, trained: Trained) -> None:
    for noun in nouns(user):
        words = [*trained.guest, "-cpn", "hetero_lr_0", "-o", f"{noun}_rows"]
        folder = Path(user(noun, "output-data", *words)["directory"])
        header = ["id", "label", "predict_result", "predict_score", "predict_detail", "type"]
        assert json.loads((folder / "data.meta").read_text())["header"] == header
        lines = (folder / "data.csv").read_text().splitlines()
        assert (lines[0], len(lines)) == (",".join(header), 570)
        limited = Path(user(noun, "output-data", *words[:-1], f"{noun}_few", "-l", 5)["directory"])
        assert len((limited / "data.csv").read_text().splitlines()) == 6
        user(noun, "output-data", *trained.guest, "-cpn", "evaluation_0", "-o", "none", code=210)


def test_output_data_table(user: FlowUser, trained: Trained) -> None:
    for noun in nouns(user):
        (line,) = user(noun, "output-data-table", *trained.guest, "-cpn", "hetero_lr_0")["data"]
        assert line["data_name"] == "data"
        info = user("table", "info", "-n", line["table_namespace"], "-t", line["table_name"])["data"]
        assert (info["exist"], info["count"]) == (1, 569)


def test_get_summary(user: FlowUser, trained: Trained) -> None:
    for noun in nouns(user):
        words = [*trained.guest, "-cpn", "hetero_lr_0"]
        summary = user(noun, "get-summary", *words)["data"]
        assert len(summary["coef"]) == 10
        written = user(noun, "get-summary", *words, "-o", user.folder)["retmsg"].partition("File path is: ")[2]
        assert json.loads(Path(written.rstrip(".")).read_text()) == summary
        user(noun, "get-summary", *trained.guest, "-cpn", "reader_0", code=210)


def test_metric_delete(user: FlowUser, trained: Trained) -> None:
    job_id = user.upload("guest.csv", "for_metrics", "--drop")["jobId"]
    words = ["-j", job_id, "-r", "local", "-p", "0", "-cpn", "upload_0"]
    assert user("component", "metric-all", *words)["data"]["upload"]
    user("component", "metric-delete", "-j", job_id)
    assert not user("component", "metric-all", *words).get("data")
    user("component", "metric-delete", "-d", "20200101")
    assert user("component", "metric-all", *trained.guest, "-cpn", "evaluation_0")["data"]["train"]
