"""Exit codes and error messages."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fateflow_tui.commands import main
from fateflow_tui.commands.errors import BUG, INTERRUPTED, PIPE_CLOSED
from fateflow_tui.commands.groups import Entry
from tests.contract.command_line import CommandLine, sleep

NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("job list", 0),
        ("job", 2),
        ("jbo list", 2),
        ("job lits", 2),
        ("job list --nope", 2),
        ("job list -l many", 2),
        ("job list -o xml", 2),
        ("job show", 2),
        ("job submit -c nowhere.json", 2),
        ("job submit -d upload_conf.json -c upload_conf.json", 2),
        ("data upload nowhere.csv -n demo --name x", 2),
        ("data upload", 2),
        ("log show --since yesterday", 2),
        ("demo --sites 2", 2),
        (f"job list --url {NOWHERE}", 3),
        ("job show nope", 5),
        ("job stop -j nope --json", 5),
        ("task query -j nope", 5),
        ("table info -n demo -t nope", 5),
        ("table delete -n demo -t nope", 5),
        ("party trust host:1", 5),
        ("data upload demo/data/guest.csv -n demo --name breast_guest", 6),
        ("job show 2", 6),
        ("log show @last -cpn nope", 5),
        ("dsl lint", 2),
        ("job list -s sucess", 2),
        ("dsl lint demo/hetero_lr_dsl.json -d demo/hetero_lr_dsl.json", 2),
    ],
)
def test_an_exit_code(cli: CommandLine, job: str, line: str, code: int) -> None:
    result = cli(*line.split(), code=code)
    assert (result.err == "") == (code == 0)
    assert "Traceback" not in result.err


def test_a_failed_job_is_the_outcome_of_waiting_for_it(cli: CommandLine, job: str, failed_job: str) -> None:
    for command in ("wait", "watch"):
        assert cli("job", command, failed_job, code=None).code == 1
        assert cli("job", command, job, failed_job, code=None).code == 1
        assert cli("job", command, job, code=None).code == 0


def test_waiting_for_too_long(cli: CommandLine) -> None:
    job_id = sleep(cli, 60)
    for command in ("wait", "watch"):
        result = cli("job", command, job_id, "--timeout", "0.2", "--json", code=4)
        assert result.error["error"] == "timed_out"
    cli("job", "stop", job_id)


def test_a_negative_timeout_is_a_usage_error(cli: CommandLine, job: str) -> None:
    for command in ("wait", "watch"):
        assert cli("job", command, job, "--timeout", "-1", "--json", code=2).error["code"] == "usage"


def test_a_canceled_job_ends_with_1(cli: CommandLine) -> None:
    job_id = sleep(cli, 60)
    cli("job", "stop", job_id)
    cli("job", "wait", job_id, code=1)


def test_a_job_that_no_party_can_hold_is_refused_with_both_numbers(cli: CommandLine) -> None:
    dsl, conf = "demo/hetero_lr_dsl.json", cli.folder / "huge_conf.json"
    document = json.loads((cli.folder / "demo/hetero_lr_conf.json").read_text())
    document["job_parameters"]["common"]["task_cores"] = 400
    conf.write_text(json.dumps(document))
    result = cli("job", "submit", "-d", dsl, "-c", conf.name, "-o", "fate", code=7)
    assert result.error["error"] == "party_refused"
    assert "400 cores" in result.error["message"]
    assert "20 in total" in result.error["message"]
    assert result.data["retcode"] != 0


def test_a_document_is_shown_with_its_errors_like_source_code(cli: CommandLine) -> None:
    (cli.folder / "typo.json").write_text('{\n  "components": {\n    "reader_0": {"module": "Raeder"}\n  }\n}\n')
    lines = cli("job", "submit", "-d", "typo.json", "-c", "demo/hetero_lr_conf.json", code=2).err.splitlines()
    assert lines[:2] == [
        "typo.json:3:18: error: ModuleNotExistError: component reader_0 has unknown module Raeder",
        '  3 |     "reader_0": {"module": "Raeder"}',
    ]
    assert lines[2].startswith("    |                  ^")
    assert "  did you mean Reader?" in lines
    assert any(line.startswith("error: 1 error, ") for line in lines)


def test_a_documents_errors_as_json(cli: CommandLine) -> None:
    (cli.folder / "cut.json").write_text('{"components": {')
    error = cli("job", "submit", "-d", "cut.json", "-c", "demo/hetero_lr_conf.json", "--json", code=2).error
    assert (error["error"], error["exit_code"]) == ("bad_document", 2)
    [problem] = [one for one in error["data"] if one["document"] == "dsl"]
    assert (problem["file"], problem["line"], problem["code"]) == ("cut.json", 1, "JSONSyntaxError")


def test_changes_for_a_rerun_are_shown_with_their_file(cli: CommandLine, job: str) -> None:
    (cli.folder / "changes.json").write_text('{"component_parameters": {"common": {"hetero_lr_0": {"max_itr": 2}}}}')
    text = cli("job", "rerun", job, "-cpn", "hetero_lr_0", "-c", "changes.json", code=2).err
    assert text.startswith("changes.json: error: RedundantParameterError")
    assert "did you mean max_iter?" in text


def test_lint_takes_the_options_of_submit(cli: CommandLine) -> None:
    documents = ("demo/hetero_lr_dsl.json", "demo/hetero_lr_conf.json")
    assert cli("dsl", "lint", "-d", documents[0], "-c", documents[1]).err == "no problems\n"
    assert cli("dsl", "explain", "-d", documents[0]).out == cli("dsl", "explain", documents[0]).out


def test_the_plan_of_a_job_that_would_be_refused_ends_as_its_submission(cli: CommandLine) -> None:
    text = (cli.folder / "demo/hetero_lr_conf.json").read_text()
    (cli.folder / "no_table.json").write_text(text.replace("breast_guest", "never_uploaded"))
    documents = ("-d", "demo/hetero_lr_dsl.json", "-c", "no_table.json")
    assert "✗ guest:9999 cannot take part" in cli("job", "plan", *documents, code=7).out
    cli("job", "submit", *documents, code=7)
    # It has ended, but never started: it took no time.
    refused = cli("job", "list", "-s", "failed", "-l", "1", "-o", "name").out.strip()
    assert cli("job", "diff", refused, refused, "--json").data["a"]["took"] == 0


def test_lint_finds_the_same_without_submitting(cli: CommandLine) -> None:
    (cli.folder / "typo.json").write_text('{"components": {"reader_0": {"module": "Raeder"}}}')
    before = cli("job", "list", "-l", "1", "-o", "name").out
    [problem] = cli("dsl", "lint", "typo.json", "--json", code=2).data
    assert (problem["code"], problem["suggestion"], problem["column"]) == ("ModuleNotExistError", "Reader", 30)
    assert cli("job", "list", "-l", "1", "-o", "name").out == before


def test_an_error_is_one_line_and_a_hint(cli: CommandLine) -> None:
    lines = cli("table", "info", "-n", "demo", "-t", "nope", code=5).err.splitlines()
    assert lines == [
        "error: table nope not found in namespace demo",
        "hint: `fateflow table list` lists the tables of this site",
    ]


def test_a_usage_error_suggests_what_was_meant(cli: CommandLine) -> None:
    lines = cli("jbo", "list", code=2).err.splitlines()
    assert lines == ["error: No such command 'jbo'. Did you mean 'job'?", "hint: fateflow --help"]
    for form in (("--json",), ("-o", "json")):
        error = cli("job", "lits", *form, code=2).error
        assert (error["error"], error["code"], error["exit_code"]) == ("usage", "usage", 2)


def test_a_failed_fate_command_prints_its_answer_too(cli: CommandLine) -> None:
    assert cli("job", "stop", "-j", "nope", "--json", code=5).out == ""
    result = cli("job", "stop", "-j", "nope", "-o", "fate", code=5)
    assert result.data == {"retcode": 102, "retmsg": "can not found job nope"}
    assert result.error["error"] == result.error["code"] == "job_not_found"


def test_the_failure_card_of_a_job(cli: CommandLine, failed_job: str) -> None:
    text = cli("job", "why", failed_job).out
    assert "✗ dataio_0 failed at guest:9999" in text
    assert "has no column 'nope'" in text
    assert "formats.py:" in text
    assert "last lines of its log:" in text
    [card] = cli("job", "show", failed_job, "--json").data[0]["cards"]
    assert (card["component"], card["kind"]) == ("dataio_0", "component")


@pytest.mark.parametrize("line", ["component metric-all -j {job} -r guest -p 9999 -cpn evaluation_0", "--help"])
def test_a_closed_pipe_is_not_an_error(cli: CommandLine, job: str, line: str) -> None:
    running = cli.start(*line.format(job=job).split())
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    assert running.wait(timeout=30) == PIPE_CLOSED
    assert running.stderr.read() == ""
    running.stderr.close()


def test_a_full_disk_is_reported(cli: CommandLine, job: str) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            cli.words("job", "list"),
            env=cli.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "error: cannot write to stdout: No space left on device\n")


def test_closed_streams_are_not_a_bug(cli: CommandLine) -> None:
    program = shlex.join(cli.words("job", "list"))
    assert subprocess.run(["sh", "-c", f"{program} >&- 2>&-"], env=cli.environment, check=False).returncode == 0


def test_an_impossible_home(cli: CommandLine) -> None:
    result = cli("job", "list", "--home", "/dev/null/home", code=1)
    assert result.err == "error: /dev/null/home: Not a directory\n"


def test_an_interrupt_leaves_the_job_running(cli: CommandLine) -> None:
    job_id = sleep(cli, 60)
    running = cli.start("job", "watch", job_id)
    assert running.stderr is not None
    assert "running" in running.stderr.readline()
    running.send_signal(signal.SIGINT)
    _, result = running.communicate(timeout=30)
    assert running.returncode == INTERRUPTED
    assert "the job continues" in result
    assert "Traceback" not in result
    assert cli("job", "show", job_id, "--json").data[0]["status"] == "running"
    cli("job", "stop", job_id)


def test_a_bug_is_reported_in_two_lines_and_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken_group.py").write_text(
        "from fateflow_tui.commands.groups import CommandGroup\n"
        "app = CommandGroup('Broken.')\n"
        "@app.command()\n"
        "def fall() -> None:\n"
        "    raise LookupError('no ground')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(main.Fateflow, "entries", {"broken": Entry("broken_group", "Broken.")})
    assert main.run(["broken", "fall", "--home", str(tmp_path / "home")]) == BUG
    first, second = capsys.readouterr().err.splitlines()
    assert first == "error: this is a bug in fateflow: LookupError: no ground"
    [written] = (tmp_path / "home" / "logs" / "fate_flow").glob("command-*.log")
    assert str(written) in second
    assert "broken_group.py" in written.read_text()


def test_another_server_at_the_address(cli: CommandLine, tmp_path: Path) -> None:
    """Another server answers at the address."""
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    port = server.stdout.readline().split(" port ")[1].split()[0]
    result = cli("job", "list", "--url", f"http://127.0.0.1:{port}", "--json", code=3)
    server.terminate()
    server.wait(timeout=10)
    server.stdout.close()
    assert result.error["error"] == "scheduler_unreachable"
