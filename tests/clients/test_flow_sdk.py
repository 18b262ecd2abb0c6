"""Every method of the clients' SDK, in one program (sdk_calls.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients.client import answer_in
from tests.clients.flow_user import NAMESPACE, FlowUser, Trained

pytestmark = pytest.mark.timeout(300)
_PROGRAM = Path(__file__).with_name("sdk_calls.py")
# What a site refuses: a model that it has is not imported, and 1.6's SDK cannot say which privilege it means.
_REFUSED = {"model.import_model", "priviledge.grant", "priviledge.delete", "privilege.grant", "privilege.delete"}


@pytest.fixture(scope="module")
def answers(user: FlowUser, trained: Trained) -> dict[str, Any]:
    """The SDK's answers by the name of the method."""
    given = {
        "port": user.recorder.port if user.recorder else user.site.port,
        "job_id": trained.job_id,
        **trained.model,
        "table_file": str(user.folder / "guest.csv"),
        "dsl_file": str(user.folder / "hetero_lr_dsl.json"),
        "namespace": NAMESPACE,
    }
    return answer_in(user.client.run("python", _PROGRAM, json.dumps(given)))


def test_methods_succeed(answers: dict[str, Any]) -> None:
    calls = {name: answer for name, answer in answers.items() if isinstance(answer, dict)}
    assert len(calls) > 40
    failed = {name: answer for name, answer in calls.items() if answer["retcode"] and name not in _REFUSED}
    assert failed == {}


def test_methods_give_what_they_name(answers: dict[str, Any], trained: Trained, version: str) -> None:
    data: dict[str, Any] = {name: answer.get("data") for name, answer in answers.items() if isinstance(answer, dict)}
    assert data["job.query"][0]["f_job_id"] == trained.job_id
    assert set(data["job.generate_dsl"]["components"]) == {"dataio_0", "intersection_0", "hetero_lr_0"}
    assert set(data["model.get_predict_dsl"]["components"]) == {"dataio_0", "intersection_0", "hetero_lr_0"}
    assert data["model.get_model_info"] == [
        {"f_model_version": data["model.deploy"]["model_version"], "f_parent": False}
    ]
    assert data["table.info"]["count"] == 569
    assert data["tag.query"]["tags"] == [{"name": "sdk_tag", "description": "changed by the SDK"}]
    assert [tag["name"] for tag in data["model.tag_list"]["tags"]] == ["sdk_tag"]
    assert "of_the_sdk" in answers["model.bind"]["retmsg"]
    assert (Path(answers["component.output_data"]["directory"]).name).startswith(f"job_{trained.job_id}")
    assert data["component.get_summary"]["coef"]
    if not version.startswith("1.6"):
        assert answers["remote_version.api"] == "v1"
        assert str(answers["remote_version.fate_flow"]).startswith("1.")
