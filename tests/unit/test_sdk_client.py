"""The SDK without a scheduler: requests from arguments, results and errors from answers."""

from __future__ import annotations

import inspect
from functools import cached_property
from pathlib import Path

import msgspec
import pytest

from fateflow_tui.artifacts.run_file import RunFile, read_run_file
from fateflow_tui.core import errors
from fateflow_tui.sdk import AsyncFateFlow, FateFlow
from fateflow_tui.sdk.answers import read_envelope
from fateflow_tui.sdk.connection import find
from fateflow_tui.sdk.namespaces import Namespaces
from fateflow_tui.sdk.operations.call import Namespace, document, operations_of
from fateflow_tui.sdk.operations.jobs import Jobs
from fateflow_tui.sdk.operations.models import Models
from fateflow_tui.sdk.streaming import Backoff
from fateflow_tui.sdk.transport import file_of
from tests import generate_client


def _envelope(**members: object) -> bytes:
    return msgspec.json.encode({"retcode": 100, "retmsg": "no", **members})


@pytest.mark.parametrize("kind", [errors.BadDocument, errors.JobNotFound, errors.PartyRefused, errors.NotBuilt])
def test_an_error_is_the_class_that_the_scheduler_raised(kind: type[errors.FateFlowError]) -> None:
    detail = {"code": kind.code, "exit_code": kind.exit_code, "hint": "do", "data": {"a": 1}}
    with pytest.raises(kind) as caught:
        read_envelope(_envelope(error=detail), 200, "there").raise_failure()
    assert type(caught.value) is kind
    assert (caught.value.message, caught.value.hint, caught.value.data) == ("no", "do", {"a": 1})


def test_an_unknown_code_keeps_its_exit_code() -> None:
    detail = {"code": "table_exists_in_the_future", "exit_code": 6}
    with pytest.raises(errors.Conflict):
        read_envelope(_envelope(error=detail), 200, "there").raise_failure()


@pytest.mark.parametrize(
    ("retcode", "kind"), [(101, errors.NotFound), (102, errors.JobNotFound), (100, errors.FateFlowError)]
)
def test_a_failure_of_an_original_server_has_a_class_too(retcode: int, kind: type[errors.FateFlowError]) -> None:
    with pytest.raises(kind) as caught:
        read_envelope(_envelope(retcode=retcode), 200, "there").raise_failure()
    assert type(caught.value) is kind


@pytest.mark.parametrize("content", [b"<html>", b"{}", b"[]", b'{"retcode": "x"}'])
def test_an_answer_of_another_server_is_recognized(content: bytes) -> None:
    with pytest.raises(errors.SchedulerUnreachable, match="HTTP status 200"):
        read_envelope(content, 200, "there")


def test_documents_are_objects_texts_or_files(tmp_path: Path) -> None:
    file = tmp_path / "dsl.json"
    file.write_text('{"a": 1,\n}', encoding="utf-8")
    assert document({"a": 1}) == {"a": 1}
    assert document(' {"a": 1}') == ' {"a": 1}'
    assert document(file) == document(str(file)) == '{"a": 1,\n}'
    with pytest.raises(errors.BadRequest, match=r"nosuch\.json"):
        document("nosuch.json")
    with pytest.raises(errors.BadRequest):
        document(tmp_path)


def test_a_limit_of_zero_is_sent() -> None:
    assert Jobs.__call__.call(limit=0).body == {"limit": 0}


def test_a_party_is_given_as_text() -> None:
    assert Jobs.config.call("1", "guest:9999").body == {"job_id": "1", "role": "guest", "party_id": "9999"}
    with pytest.raises(errors.BadRequest, match="role:id"):
        Jobs.config.call("1", "9999")


def test_the_synchronous_client_is_generated_from_the_asynchronous_one() -> None:
    assert generate_client.TARGET.read_text(encoding="utf-8") == generate_client.generated(), (
        "run: python tests/generate_client.py"
    )


def test_both_clients_offer_the_same() -> None:
    def offered(kind: type) -> dict[str, list[str]]:
        methods = inspect.getmembers(kind, inspect.isfunction)
        return {
            name: list(inspect.signature(method).parameters) for name, method in methods if not name.startswith("_")
        }

    assert offered(FateFlow) == offered(AsyncFateFlow)
    assert operations_of(FateFlow) == operations_of(AsyncFateFlow) != {}


def test_every_operation_is_documented_and_offered_by_a_namespace_of_the_clients(tmp_path: Path) -> None:
    flow = FateFlow(home=tmp_path)
    members = [name for name, member in vars(Namespaces).items() if isinstance(member, cached_property)]
    kinds = {type(getattr(flow, name)) for name in members}
    declared = {
        kind for kind in Namespace.__subclasses__() if kind.__module__.startswith("fateflow_tui.sdk.operations.")
    }
    assert declared == kinds != set()
    undocumented = [name for kind in kinds for name, one in operations_of(kind).items() if not one.__doc__]
    assert undocumented == []


def test_an_operation_has_the_signature_of_its_declaration(tmp_path: Path) -> None:
    flow = FateFlow(home=tmp_path)
    assert list(inspect.signature(flow.models.query).parameters) == ["model_version", "model_id", "party", "fields"]
    assert flow.models.show.__doc__ == Models.show.__doc__
    assert "show" in repr(flow.models)
    with pytest.raises(errors.SchedulerUnreachable):
        flow.models.show("1")
    with pytest.raises(TypeError, match="unexpected keyword argument 'depth'"):
        flow.models.show("1", depth=3)  # type: ignore[call-arg]


def test_the_parties_of_a_model_are_read_from_its_id() -> None:
    call = Models.load.call("arbiter-10000#guest-9999#host-10000_10001#model", "1")
    assert call.body == {
        "initiator": {"role": "guest", "party_id": "9999"},
        "role": {"arbiter": [10000], "guest": [9999], "host": [10000, 10001]},
        "job_parameters": {"model_id": "arbiter-10000#guest-9999#host-10000_10001#model", "model_version": "1"},
    }
    assert Models.bind.call("s", job_id="7").body == {"job_id": "7", "service_id": "s"}
    for wrong in ("", "x", "guest-a#model"):
        with pytest.raises(errors.BadRequest):
            Models.load.call(wrong, "1")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "a.zip"

    def write_half() -> None:
        with file_of(target) as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert list(tmp_path.iterdir()) == []
    with file_of(target) as file:
        file.write(b"whole")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"whole"]
    with pytest.raises(errors.FateFlowError, match=r"a\.zip"), file_of(tmp_path / "no" / "a.zip"):
        pass


def test_the_scheduler_is_found_by_its_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FATEFLOW_URL", "FATEFLOW_TOKEN", "FATEFLOW_HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(errors.SchedulerUnreachable) as caught:
        find(home=tmp_path)
    assert str(tmp_path) in caught.value.message
    assert "fateflow server start" in caught.value.hint
    (tmp_path / "run.json").write_bytes(msgspec.json.encode(RunFile(1, "http://127.0.0.1:1", "secret")))
    monkeypatch.setenv("FATEFLOW_HOME", str(tmp_path))
    found = find()
    assert (found.url, found.token) == ("http://127.0.0.1:1", "secret")
    monkeypatch.setenv("FATEFLOW_URL", "http://elsewhere:2/")
    assert find().url == "http://elsewhere:2"
    assert find(home=tmp_path).url == "http://127.0.0.1:1"


def test_a_damaged_run_file_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{", encoding="utf-8")
    assert read_run_file(tmp_path) is None


def test_retries_end_when_patience_does() -> None:
    backoff = Backoff(0.0)
    with pytest.raises(errors.SchedulerUnreachable):
        backoff.next(errors.SchedulerUnreachable("gone"))
    endless = Backoff(None)
    waits = [endless.next(errors.SchedulerUnreachable("gone")) for _ in range(8)]
    assert waits == sorted(waits)
    assert waits[-1] <= 2.0
