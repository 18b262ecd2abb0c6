"""A home that version 0.1 has left is opened by this one: all that is in it is read, and can be worked with.

`fixtures/home_0_1.tar.gz` was made with the command line of 0.1.0 and packed after `server stop`, without locks,
sockets and the site's own logs. In it are two uploaded tables; jobs that train a hetero LR, predict with it, have
failed for a wrong label, were stopped, and still ran when the scheduler ended; the trained and the deployed model with
an alias, a tag and a service; notes; and a trusted party with its grant.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fateflow_tui.sdk import FateFlow

_ARCHIVE = Path(__file__).parents[1] / "fixtures" / "home_0_1.tar.gz"
_PROGRAM = Path(sys.executable).with_name("fateflow")
_PATIENCE = 60  # seconds for one command or job

_TRAINED = "202611241832155120643"
_PREDICTED = "202611241832213476025"
_FAILED = "202611241832261324157"
_STOPPED = "202611241832276708698"
_INTERRUPTED = "202611241832324290219"
_ENDED = {
    "202611241832141803861": "success",  # the uploads
    "202611241832147711332": "success",
    _TRAINED: "success",
    _PREDICTED: "success",
    _FAILED: "failed",
    _STOPPED: "canceled",
}
_DEPLOYED = "202611241832189386344"
_PARTIES = {"guest:9999", "host:10000", "arbiter:10001"}
_TABLES = ("--table", "guest=demo.breast_guest", "--table", "host=demo.breast_host")
_FIRST_ROW = ["p000", "0", "1.097064", "-2.073335", "1.269934", "0.984375", "1.568466", "3.283515"]
_FIRST_SCORE = 0.07638899701091294
_CAUSE = "table demo/breast_guest has no column 'diagnosis' for the label"


class StoredHome:
    """The stored home, unpacked in a folder, and both ways to work with it: the command line and the SDK."""

    def __init__(self, folder: Path) -> None:
        with tarfile.open(_ARCHIVE) as archive:
            archive.extractall(folder, filter="data")
        kept = {key: value for key, value in os.environ.items() if not key.startswith("FATEFLOW_")}
        self._environment = {
            **kept,
            "FATEFLOW_HOME": str(folder / "home"),
            "FATEFLOW_SETTINGS": str(folder / "connection.json"),
            "COLUMNS": "120",
        }
        self.flow = FateFlow(home=folder / "home")

    def __call__(self, *words: str) -> str:
        """What a command writes; it must succeed."""
        done = subprocess.run(
            [str(_PROGRAM), *words],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"fateflow {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def succeeded(self, job_id: str) -> None:
        """Waits for the end of a job, which must be a good one."""
        line = self.flow.wait(job_id, timeout=_PATIENCE)
        assert line.status == "success", self.flow.job(job_id).cards

    def scores(self, job_id: str) -> dict[str, float]:
        """What a job's model gave the rows that are shown of its output."""
        preview = self.flow.output_data(job_id, "hetero_lr_0", "guest:9999")
        assert preview.total == [120]
        [header], [rows] = preview.header, preview.rows
        assert header is not None
        column = header.index("predict_score")
        return {row[0]: float(row[column]) for row in rows}


def _opened(folder: Path) -> Iterator[StoredHome]:
    home = StoredHome(folder)
    home("server", "start", "--port", "0")
    try:
        yield home
    finally:
        home.flow.close()
        home("server", "stop")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredHome]:
    """For tests that only look."""
    yield from _opened(tmp_path_factory.mktemp("stored"))


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredHome]:
    """For tests that change something: each another job."""
    yield from _opened(tmp_path_factory.mktemp("used"))


def test_all_jobs_are_listed_with_their_outcomes(home: StoredHome) -> None:
    listed = json.loads(home("job", "list", "--limit", "0", "--json"))
    found = {job["job_id"]: job["status"] for job in listed}
    assert list(found) == sorted([*_ENDED, _INTERRUPTED], reverse=True)
    assert found.pop(_INTERRUPTED) in {"running", "success"}
    assert found == _ENDED


def test_a_failed_job_tells_why(home: StoredHome) -> None:
    shown = home("job", "show", _FAILED)
    assert "dataio_0 failed at guest:9999" in shown
    assert _CAUSE in shown
    job = home.flow.job(_FAILED)
    assert (job.status, job.progress, job.description) == ("failed", 40, "bad labels, do not use")
    card = job.cards[0]
    assert (str(card.party), card.component, card.cause) == ("guest:9999", "dataio_0", _CAUSE)
    assert card.hint.startswith("its columns are y, mean_radius")
    assert "ComponentFailed" in card.traceback
    assert home.flow.why(_FAILED).cards[0] == card
    story = home.flow.story(_FAILED)
    assert (story[0].what, story[0].text) == ("JobSubmitted", "by anna@old-site")
    assert any(entry.component == "dataio_0" and entry.text == _CAUSE for entry in story)
    [line] = home.flow.log_page(_FAILED, level="ERROR").lines
    assert line.message == f"dataio_0 failed: {_CAUSE}"


def test_a_stopped_job_records_its_user(home: StoredHome) -> None:
    stop = home.flow.job(_STOPPED).stop
    assert stop is not None
    assert (stop.by, stop.reason) == ("anna@old-site", "asked for the wrong day")


def test_what_a_job_has_left_is_there(home: StoredHome) -> None:
    assert home.flow.job(_TRAINED).description == "first try with the new hosts"
    loss = home.flow.metrics(_TRAINED, "hetero_lr_0", "arbiter:10001")["train"]["loss"]
    assert loss.data[-1][1] == pytest.approx(0.519124, abs=1e-6)
    evaluated = home.flow.metrics(_TRAINED, "evaluation_0")["train"]["hetero_lr_0"]
    assert dict(evaluated.data)["auc"] == pytest.approx(0.967232, abs=1e-6)
    assert home.scores(_TRAINED)["p000"] == pytest.approx(_FIRST_SCORE, abs=1e-9)


def test_models_are_sound_and_found_by_their_names(home: StoredHome) -> None:
    assert {model.model_version: model.deployed for model in home.flow.models()} == {_DEPLOYED: True, _TRAINED: False}
    for version in (_DEPLOYED, _TRAINED):
        verified = home.flow.models.verify(version)
        assert verified.ok, verified
        assert set(verified.parties) == _PARTIES
    assert home("model", "show", "churn@prod", "--output", "name").strip() == _DEPLOYED
    assert home.flow.models.aliases() == {"churn@prod": _DEPLOYED}
    tagged = {(part.model_version, f"{part.role}:{part.party_id}") for part in home.flow.tags.models("spring")}
    assert tagged == {(_TRAINED, party) for party in _PARTIES}


def test_tables_are_listed_and_have_their_rows(home: StoredHome) -> None:
    assert {(table.namespace, table.table_name): table.count for table in home.flow.tables()} == {
        ("demo", "breast_guest"): 120,
        ("demo", "breast_host"): 120,
    }
    peeked = json.loads(home("data", "peek", "demo", "breast_guest", "--limit", "120", "--json"))
    assert peeked["header"][1:3] == ["y", "mean_radius"]
    assert len(peeked["data"]) == 120
    assert _FIRST_ROW in peeked["data"]


def test_a_party_its_key_and_its_grant_are_known(home: StoredHome) -> None:
    [party] = home.flow.parties()
    assert (party.party, party.url, party.note) == ("guest:9998", "http://127.0.0.1:9", "the bank")
    assert (party.public_key, party.trusted) == ("ed25519:A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=", True)
    [grant] = home.flow.permissions()
    assert (grant.party, grant.role, grant.command) == ("guest:9998", None, None)
    assert (grant.component, grant.dataset) == (["heterolr", "reader"], ["demo.breast_host"])


def test_nothing_is_found_damaged(home: StoredHome) -> None:
    checks = {check.name: check for check in home.flow.doctor()}
    for name in ("state files", "keys", "tables", "models"):
        assert checks[name].ok, checks[name]


def test_a_service_answers(home: StoredHome) -> None:
    [service] = home.flow.serving().services
    assert (service.service_id, service.model_version) == ("fraud", _DEPLOYED)
    header = home.flow.tables.preview("demo", "breast_guest").header
    features = dict(zip(header[2:], _FIRST_ROW[2:], strict=True))
    answer = home.flow.serving.infer("fraud", features, {"id": "p000"})
    assert answer.score == pytest.approx(_FIRST_SCORE, abs=1e-9)


def test_the_deployed_model_predicts_on_the_stored_tables(used: StoredHome) -> None:
    job_id = used("model", "predict", "churn@prod", *_TABLES, "--output", "name").strip()
    used.succeeded(job_id)
    assert used.scores(job_id) == pytest.approx(used.scores(_PREDICTED), abs=1e-9)


def test_a_failed_job_is_repaired_and_rerun(used: StoredHome) -> None:
    plan = {step.component: step.action for step in used.flow.rerun(_FAILED, plan=True)}
    assert (plan["reader_0"], plan["dataio_0"]) == ("reuse", "run")
    _rerun(used, _FAILED, {"role": {"guest": {"0": {"dataio_0": {"label_name": "y"}}}}})


def test_a_stopped_job_is_run_again(used: StoredHome) -> None:
    _rerun(used, _STOPPED, {"common": {"sleep_1": {"seconds": 0}}})


def test_a_job_that_ran_when_the_scheduler_ended_goes_on(used: StoredHome) -> None:
    used.succeeded(_INTERRUPTED)
    assert "SiteRestarted" in {entry.what for entry in used.flow.story(_INTERRUPTED)}


def _rerun(home: StoredHome, job_id: str, component_parameters: dict[str, Any]) -> None:
    """Runs a job again with other parameters, to success."""
    home.flow.rerun(job_id, component_parameters=component_parameters)
    home.succeeded(job_id)
    assert home.flow.job(job_id).reruns == 1
