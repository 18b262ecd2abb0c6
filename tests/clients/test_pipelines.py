"""Pipeline programs as users of FATE 1.6 and 1.11 wrote them, run by the published clients as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.client import Answer, answer_in
from tests.clients.flow_user import FlowUser
from tests.clients.job_waiting import ask

pytestmark = pytest.mark.timeout(300)
_PROGRAMS = {"1.6.1": "pipeline_1_6.py", "1.11.2": "pipeline_1_11.py"}
_HEADER = ["id", "label", "predict_result", "predict_score", "predict_detail", "type"]


@pytest.fixture(scope="module")
def found(user: FlowUser) -> Answer:
    """What the program has printed."""
    program = Path(__file__).parent / _PROGRAMS[user.client.version]
    files = [user.folder / f"{role}.csv" for role in ("guest", "host")]
    return answer_in(user.client.run("python", program, *files))


def test_training(found: Answer) -> None:
    assert found["reader_rows"] in (569, 570)
    assert found["header"] == _HEADER
    assert len(found["limited_rows"]) == 5
    assert set(found["table"]) == {"table_name", "table_namespace"}
    assert found["evaluation"]["hetero_lr_0"]["train"]["auc"] > 0.97
    assert len(found["summary"]["coef"]) == 10
    assert set(found["model"]["weight"]) == set(found["summary"]["coef"])


def test_the_prediction_scores_rows_as_the_training_did(found: Answer) -> None:
    trained, predicted = scores(found["train_rows"]), scores(found["predict_rows"])
    assert len(trained) == 569
    assert predicted == pytest.approx(trained, abs=1e-9)
    assert found["predict_job"] != found["train_job"]
    assert found["predict_reader_rows"] == found["reader_rows"]
    trained_auc = found["evaluation"]["hetero_lr_0"]["train"]["auc"]
    assert found["predict_evaluation"]["hetero_lr_0"]["predict"]["auc"] == pytest.approx(trained_auc, abs=1e-9)


@pytest.mark.parametrize("version", ["1.11.2"], indirect=True, scope="session")
def test_what_pipelines_of_1_11_do_besides(user: FlowUser, found: Answer) -> None:
    assert found["bound"] == {"table_name": "bound", "namespace": "pipeline_1_11"}
    assert len(found["details"]) == 569
    assert set(found["details"][0]) == {"0", "1"}
    listed = ask(user.site.address, "serving/list", {})["data"]["services"]
    assert "breast_of_a_pipeline" in [service["service_id"] for service in listed]
    assert "1." in user.client.run("pipeline", "config", "check")


def scores(rows: list[str]) -> dict[str, float]:
    """By id. A header line may be among the rows."""
    cells = [row.split(",") for row in rows]
    return {cell[0]: float(cell[3]) for cell in cells if cell[0] != "id"}
