"""The SDK against real schedulers that are started, called, stopped and killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tarfile
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from fateflow_tui.artifacts.run_file import lock_owner, read_run_file
from fateflow_tui.core import errors
from fateflow_tui.core.status import Status
from fateflow_tui.sdk import AsyncFateFlow, FateFlow, local
from tests.integration.clusters import until


def _dsl(count: int = 2) -> dict[str, Any]:
    components: dict[str, Any] = {}
    for i in range(count):
        components[f"sleep_{i}"] = {"module": "Sleep", "output": {"data": ["data"]}}
        if i:
            components[f"sleep_{i}"]["input"] = {"data": {"data": [f"sleep_{i - 1}.data"]}}
    return {"components": components}


def _conf(seconds: float = 0, cores: int = 1, **roles: list[int]) -> dict[str, Any]:
    names = [f"sleep_{i}" for i in range(9)]
    return {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": 9999},
        "role": {"guest": [9999], **roles},
        "job_parameters": {"common": {"task_cores": cores}},
        "component_parameters": {"common": {name: {"seconds": seconds} for name in names} if seconds else {}},
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a running standalone site."""
    directory = tmp_path_factory.mktemp("home")
    local.start(directory, port=0)
    yield directory
    local.stop(directory)


@pytest.fixture(scope="module")
def flow(home: Path) -> Iterator[FateFlow]:
    with FateFlow(home=home) as client:
        yield client


def test_a_job_is_submitted_and_waited_for(flow: FateFlow) -> None:
    job = flow.submit(_dsl(), _conf(host=[10000]))
    line = flow.wait(job.job_id, 60)
    assert line.status is Status.SUCCESS
    assert line.progress == 100
    view = flow.job(job.job_id)
    assert [component.name for component in view.components] == ["sleep_0", "sleep_1"]
    assert view.components[1].needs == ["sleep_0"]
    assert view.components[0].parties == {"guest:9999": "success", "host:10000": "success"}
    assert view.submitted_by
    assert {task.party for task in flow.tasks(job.job_id)} == {"guest:9999", "host:10000"}
    assert [task.component_name for task in flow.tasks(job.job_id, "host:10000", "sleep_1")] == ["sleep_1"]
    assert flow.tasks(job.job_id, status="failed") == []
    assert flow.why(job.job_id).cards == []
    assert flow.graph(job.job_id).components == view.components
    assert [entry.text for entry in flow.story(job.job_id, "sleep_0")]
    assert flow.parameters(job.job_id, "sleep_0")["module"] == "Sleep"
    assert flow.metrics(job.job_id, "sleep_0") == {}


def test_jobs_are_resolved_by_prefix_and_position(flow: FateFlow) -> None:
    first = flow.submit(_dsl(1), _conf()).job_id
    second = flow.submit(_dsl(1), _conf()).job_id
    assert flow.resolve("@last") == flow.resolve("@1") == second
    assert flow.resolve("@2") == first
    assert flow.resolve(second) == second
    assert flow.resolve(second[:-1]) == second
    assert flow.resolve(second[-8:]) == second
    with pytest.raises(errors.Conflict, match=f"{second}|{first}"):
        flow.resolve(second[:6])
    with pytest.raises(errors.JobNotFound):
        flow.resolve("1999")
    with pytest.raises(errors.BadRequest):
        flow.resolve("@x")
    assert [line.job_id for line in flow.jobs(limit=2)] == [second, first]
    for job_id in (first, second):
        flow.wait(job_id, 60)
    assert {line.status for line in flow.jobs(limit=0, status="success")} == {Status.SUCCESS}
    assert flow.jobs(limit=0, party="host:77") == []


def test_documents_are_checked_with_line_and_column(flow: FateFlow, tmp_path: Path) -> None:
    dsl = tmp_path / "dsl.json"
    dsl.write_text('{\n  "components": {\n    "sleep_0": {"module": "Slepp"}\n  }\n}\n', encoding="utf-8")
    with pytest.raises(errors.BadDocument) as caught:
        flow.submit(dsl, json.dumps(_conf()))
    assert [(problem["document"], problem["line"]) for problem in caught.value.data] == [("dsl", 3)]
    problems = flow.lint(dsl, _conf())
    assert problems[0].line == 3
    assert problems[0].suggestion == "Sleep"
    assert flow.lint(_dsl(), _conf()) == []


def test_events_report_a_job_from_its_start(flow: FateFlow) -> None:
    job = flow.submit(_dsl(2), _conf())
    seen = []
    for event in flow.events(job.job_id, since=0):
        seen.append(event)
        if event.kind == "job" and event.data.get("status") == "success":
            break
    assert {event.job_id for event in seen} == {job.job_id}
    assert {event.kind for event in seen} >= {"job", "task"}
    numbers = [event.seq for event in seen]
    assert numbers == sorted(set(numbers))
    again = next(iter(flow.events(job.job_id, since=numbers[0])))
    assert again.seq == numbers[1]


def test_logs_are_followed_until_the_job_ends(flow: FateFlow) -> None:
    job = flow.submit(_dsl(2), _conf(host=[10000]))
    lines = list(flow.logs(job.job_id, follow=True))
    assert flow.job(job.job_id).status is Status.SUCCESS
    assert {line.party for line in lines} >= {"guest:9999", "host:10000"}
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    page = flow.log_page(job.job_id)
    assert [line.text for line in page.lines] == [line.text for line in flow.logs(job.job_id)]
    assert flow.log_page(job.job_id, cursors=page.cursors).lines == []
    assert 0 < len(flow.log_page(job.job_id, tail=1).lines) < len(page.lines)
    of_host = flow.log_page(job.job_id, party="host:10000").lines
    assert {line.party for line in of_host} == {"host:10000"}
    assert flow.log_files(job.job_id)
    assert any(info.file == "fate_flow.log" for info in flow.log_files())
    assert flow.log_page().lines
    with pytest.raises(errors.BadRequest, match="level"):
        flow.log_page(job.job_id, level="LOUD")
    for follow in (False, True):
        with pytest.raises(errors.JobNotFound):
            next(flow.logs("nosuch", follow=follow))


def test_a_job_is_stopped_at_all_parties(flow: FateFlow) -> None:
    job = flow.submit(_dsl(2), _conf(seconds=60, host=[10000]))
    outcome = flow.stop(job.job_id, reason="enough")
    assert outcome.parties == {"guest:9999": "success", "host:10000": "success"}
    line = flow.wait(job.job_id, 10)
    assert line.status is Status.CANCELED
    assert flow.why(job.job_id).stop is not None
    assert flow.stop(job.job_id).parties == {}


def test_waiting_times_out(flow: FateFlow) -> None:
    job = flow.submit(_dsl(1), _conf(seconds=60))
    with pytest.raises(errors.TimedOut):
        flow.wait(job.job_id, 0.05)
    flow.stop(job.job_id)


def test_a_stopped_job_is_rerun_as_planned(flow: FateFlow) -> None:
    job = flow.submit(_dsl(2), _conf(seconds=60))
    flow.stop(job.job_id)
    flow.wait(job.job_id, 10)
    plan = flow.rerun(job.job_id, plan=True)
    assert {step.component: step.action for step in plan} == {"sleep_0": "run", "sleep_1": "run"}
    changed = {"common": {"sleep_0": {"seconds": 0}, "sleep_1": {"seconds": 0}}}
    flow.rerun(job.job_id, component_parameters=changed)
    assert flow.wait(job.job_id, 30).status is Status.SUCCESS
    assert flow.tasks(job.job_id)[0].task_version == 1
    assert len(flow.tasks(job.job_id, all_versions=True)) == 4
    with pytest.raises(errors.FateFlowError):
        flow.rerun(job.job_id, ["nosuch_0"])


def test_a_job_that_needs_too_much_is_refused_by_the_party(flow: FateFlow) -> None:
    with pytest.raises(errors.PartyRefused) as caught:
        flow.submit(_dsl(1), _conf(cores=999))
    assert caught.value.exit_code == 7
    assert "999" in caught.value.message
    answers = caught.value.data["parties"]["guest"]["9999"]
    assert answers["retcode"] == 103


def test_data_is_uploaded_and_described(flow: FateFlow, tmp_path: Path) -> None:
    file = tmp_path / "data set.csv"
    file.write_text("id,y,x0\n" + "".join(f"{i},{i % 2},{i / 10}\n" for i in range(50)), encoding="utf-8")
    job = flow.upload(file, table_name="t", namespace="sdk", partition=2)
    assert flow.wait(job.job_id, 60).status is Status.SUCCESS
    info = flow.table_info("sdk", "t")
    assert (info.count, info.partition) == (50, 2)
    with pytest.raises(errors.Conflict):
        flow.upload(file, table_name="t", namespace="sdk")
    assert flow.upload_history(limit=1)[0][job.job_id]["upload_info"]["table_name"] == "t"
    series = flow.metrics(job.job_id, "upload_0")
    assert series["upload"]["data_access"].data
    with pytest.raises(errors.BadRequest):
        flow.upload(tmp_path / "nosuch.csv", table_name="t", namespace="sdk")


def test_output_tables_are_shown_and_fetched(flow: FateFlow, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("id,x0\na,1\nb,2\n", encoding="utf-8")
    flow.wait(flow.upload(file, table_name="out", namespace="sdk").job_id, 60)
    conf = _conf()
    conf["component_parameters"] = {
        "role": {"guest": {"0": {"reader_0": {"table": {"name": "out", "namespace": "sdk"}}}}}
    }
    job = flow.submit({"components": {"reader_0": {"module": "Reader", "output": {"data": ["data"]}}}}, conf)
    assert flow.wait(job.job_id, 60).status is Status.SUCCESS
    preview = flow.output_data(job.job_id, "reader_0")
    assert preview.total == [2]
    assert sorted(preview.rows[0]) == [["a", "1"], ["b", "2"]]
    assert flow.output_tables(job.job_id, "reader_0", "guest:9999")[0].data_name == "data"
    body = {"job_id": job.job_id, "component_name": "reader_0"}
    path = flow.fetch("tracking/component/output/data/download", body, tmp_path / "out.tar.gz")
    with tarfile.open(path) as tar:
        assert sorted(tar.getnames()) == ["data.csv", "data.meta"]
    with pytest.raises(errors.FateFlowError, match="limit"):
        flow.fetch("tracking/component/output/data/download", {**body, "limit": 0}, tmp_path / "none")
    assert not (tmp_path / "none").exists()
    flow.delete_table("sdk", "out")
    assert flow.table_info("sdk", "out").exist == 0
    with pytest.raises(errors.NotFound, match="no find table"):
        flow.delete_table("sdk", "out")


def test_the_site_describes_itself(flow: FateFlow, home: Path) -> None:
    status = flow.status()
    assert (status.home, status.standalone, status.parties) == (str(home), True, [])
    assert {module.module for module in flow.modules() if module.built} >= {"Sleep", "Reader", "Upload"}
    assert all(check.name for check in flow.doctor())
    assert flow.resources()["capacity"]["cores"] > 0
    assert flow.request("version/get", {"module": "FATEFlow"}).data == {"FATEFlow": "1.6.0"}
    assert flow.clean_queue() == {}


def test_parties_are_added_and_removed(flow: FateFlow) -> None:
    flow.add_party("host:10000", "http://127.0.0.1:1", note="the host")
    assert [(route.party, route.trusted) for route in flow.parties()] == [("host:10000", False)]
    with pytest.raises(errors.PartyUnreachable):
        flow.trust_party("host:10000")
    with pytest.raises(errors.FateFlowError):
        flow.ping_party("host:10000")
    flow.remove_party("host:10000")
    assert flow.parties() == []
    with pytest.raises(errors.BadRequest):
        flow.add_party("nobody:1", "http://127.0.0.1:1")


def test_notes_are_kept(flow: FateFlow) -> None:
    job = flow.submit(_dsl(1), _conf())
    flow.wait(job.job_id, 30)
    flow.update_notes(job.job_id, "guest:9999", "a fine job")
    assert flow.job(job.job_id).description == "a fine job"
    with pytest.raises(errors.NotFound):
        flow.update_notes(job.job_id, "host:1", "x")


def test_the_asynchronous_client(home: Path) -> None:
    async def scenario() -> None:
        async with AsyncFateFlow(home=home) as flow:
            job = await flow.submit(_dsl(2), _conf())
            kinds = set()
            async for event in flow.events(job.job_id, since=0):
                kinds.add(event.kind)
                if event.data.get("status") == "success" and event.kind == "job":
                    break
            assert kinds >= {"job", "task"}
            assert (await flow.wait(job.job_id, 30)).status is Status.SUCCESS
            assert [line.text async for line in flow.logs(job.job_id, follow=True)]
            with pytest.raises(errors.JobNotFound):
                await flow.job("nosuch")

    asyncio.run(scenario())


def test_a_second_scheduler_on_a_home_is_rejected(home: Path) -> None:
    with pytest.raises(errors.Conflict):
        local.start(home)
    outcome = subprocess.run(local.command(home, port=0), capture_output=True, text=True, timeout=30, check=False)
    assert outcome.returncode == errors.Conflict.exit_code
    assert "another scheduler" in outcome.stderr


def test_the_run_file_is_private_and_removed_with_the_scheduler(tmp_path: Path) -> None:
    status = local.start(tmp_path, port=0)
    path = tmp_path / "run.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert local.status(tmp_path) == status
    with FateFlow(home=tmp_path) as flow:
        flow.submit(_dsl(1), _conf(seconds=60))
        assert local.stop(tmp_path)
        with pytest.raises(errors.SchedulerUnreachable) as caught:
            flow.status()
    assert caught.value.exit_code == 3
    assert not path.exists()
    assert local.stop(tmp_path) is False
    assert local.status(tmp_path) is None
    with pytest.raises(ProcessLookupError):
        os.killpg(status.pid, 0)


def test_a_client_shuts_the_scheduler_down(tmp_path: Path) -> None:
    local.start(tmp_path, port=0)
    run = read_run_file(tmp_path)
    assert run is not None
    with FateFlow(home=tmp_path) as flow:
        stream = flow.events(since=0)
        assert next(stream).kind == "server"
        flow.shutdown()
        with pytest.raises(errors.SchedulerUnreachable):
            for _ in flow.events(since=0, patience=0.5):
                pass
    until(lambda: not lock_owner(tmp_path), "the scheduler does not end")
    os.waitpid(run.pid, 0)


def test_a_failed_start_reports_its_cause(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(errors.FateFlowError, match=f"port {port} of 127.0.0.1"):
            local.start(tmp_path, port=port)
    (tmp_path / "site.toml").write_text("prot = 1\n", encoding="utf-8")
    with pytest.raises(errors.FateFlowError, match=r"unknown key prot(.|\n)*did you mean port"):
        local.start(tmp_path, port=0)


def test_clients_survive_a_killed_scheduler(tmp_path: Path) -> None:
    status = local.start(tmp_path, port=0)
    with FateFlow(home=tmp_path) as flow:
        job = flow.submit(_dsl(2), _conf(seconds=0.5))
        events = flow.events(since=0)
        assert next(events).kind == "server"
        os.kill(status.pid, signal.SIGKILL)
        os.waitpid(status.pid, 0)
        with pytest.raises(errors.SchedulerUnreachable, match=str(status.pid)):
            FateFlow(home=tmp_path).status()
        local.start(tmp_path, port=0)
        assert flow.wait(job.job_id, 30).status is Status.SUCCESS
        assert "reconnected" in (event.kind for event in events)
        events.close()  # type: ignore[attr-defined]
    local.stop(tmp_path)


def test_beyond_loopback_the_token_of_the_run_file_is_used(tmp_path: Path) -> None:
    local.start(tmp_path, host="0.0.0.0", port=0)  # noqa: S104
    try:
        with FateFlow(home=tmp_path) as flow:
            assert flow.status().url.startswith("http://127.0.0.1:")
            url = flow.target.url
        with FateFlow(url) as stranger, pytest.raises(errors.NotAuthentic):
            stranger.status()
    finally:
        local.stop(tmp_path)


def test_a_site_with_a_certificate_is_called_over_tls(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "site.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("site.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = {"certificate": tmp_path / "site.crt", "key": tmp_path / "site.key"}
    paths["certificate"].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths["key"].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    lines = [f'{name} = "{path}"' for name, path in paths.items()]
    (tmp_path / "site.toml").write_text("\n".join(["[tls]", *lines]), encoding="utf-8")
    local.start(tmp_path, port=0)
    try:
        with FateFlow(home=tmp_path) as flow:
            url = flow.status().url
            assert url.startswith("https://127.0.0.1:")
        with FateFlow(url) as stranger, pytest.raises(errors.SchedulerUnreachable, match="certificate verify failed"):
            stranger.status()
    finally:
        local.stop(tmp_path)


def test_the_sdk_works_beside_a_users_own_store_and_commands(home: Path, tmp_path: Path) -> None:
    (tmp_path / "store.py").write_text("raise RuntimeError('the user\\'s own module')\n", encoding="utf-8")
    (tmp_path / "commands").mkdir()
    (tmp_path / "commands" / "__init__.py").write_text("raise RuntimeError('own')\n", encoding="utf-8")
    program = """
        import sys
        from fateflow_tui.sdk import FateFlow, FlowClient, Pipeline, local
        with FateFlow(home=sys.argv[1]) as flow:
            print(flow.status().home)
            assert Pipeline(guest=1, client=flow).check()
        print(local.start(sys.argv[2], port=0).standalone)
        print(local.stop(sys.argv[2]))
        heavy = {"numpy", "polars", "fastapi", "pydantic", "store", "commands"} & sys.modules.keys()
        print(sorted(heavy))
    """
    outcome = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(home), str(tmp_path / "home")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert outcome.stdout.split("\n")[:4] == [str(home), "True", "True", "[]"], outcome.stderr
