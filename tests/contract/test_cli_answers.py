"""What commands print: records with --json, FATE's answers with -o fate."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.contract.command_line import CommandLine, sleep

_TASK = ("-r", "guest", "-p", "9999", "-cpn", "hetero_lr_0")


def test_a_list_of_jobs_has_fates_records(cli: CommandLine, job: str) -> None:
    result = cli("job", "list", "-l", "0", "-o", "fate")
    assert result.data["retcode"] == 0
    assert result.out.endswith("}\n\n")
    records = [record for record in result.data["data"] if record["f_job_id"] == job]
    assert {record["f_role"] for record in records} == {"guest", "host", "arbiter"}
    assert {record["f_status"] for record in records} == {"success"}


def test_a_query_leaves_the_documents_out(cli: CommandLine, job: str) -> None:
    [record] = cli("job", "query", "-j", job, "-r", "host", "-p", "10000", "--json").data
    assert record["f_party_id"] == "10000"
    assert not {"f_dsl", "f_runtime_conf"} & record.keys()


def test_a_list_of_jobs_has_what_the_table_shows(cli: CommandLine, job: str) -> None:
    [record] = [one for one in cli("job", "list", "-l", "0", "--json").data if one["job_id"] == job]
    assert (record["status"], record["progress"], record["reason"]) == ("success", 100, "")
    assert record["parties"] == {"guest:9999": "success", "host:10000": "success", "arbiter:10001": "success"}


def test_a_query_for_an_unknown_job_fails_with_fates_answer(cli: CommandLine) -> None:
    found = cli("job", "query", "-j", "nope", "-o", "fate", code=5)
    assert found.data == {"data": [], "retcode": 0, "retmsg": "no job could be found"}
    failed = cli("job", "query", "-j", "nope", "--json", code=5)
    assert (failed.out, failed.error["code"], failed.error["exit_code"]) == ("", "job_not_found", 5)


def test_a_query_without_matches_is_not_a_failure(cli: CommandLine, job: str) -> None:
    assert cli("job", "query", "-j", job, "-s", "failed", "--json").data == []


def test_csv_has_the_titles_and_full_values(cli: CommandLine, job: str) -> None:
    titles, *rows = csv.reader(cli("job", "query", "-j", job, "-o", "csv").out.splitlines())
    assert titles == ["JOB", "PARTY", "STATUS", "PROGRESS", "CREATED"]
    assert [row[:4] for row in rows if row[1] == "guest:9999"] == [[job, "guest:9999", "success", "100%"]]


def test_csv_of_one_record_has_its_members(cli: CommandLine) -> None:
    titles, row = csv.reader(cli("server", "status", "-o", "csv").out.splitlines())
    assert dict(zip(titles, row, strict=True))["home"] == str(cli.home)


def test_fates_envelope_is_printed_by_any_command(cli: CommandLine) -> None:
    answer = cli("-o", "fate", "server", "status").data
    assert (answer["retcode"], answer["data"]["home"]) == (0, str(cli.home))


def test_a_submission_is_answered_with_its_job(cli: CommandLine, job: str) -> None:
    result = cli("job", "submit", "-d", "demo/hetero_lr_dsl.json", "-c", "demo/hetero_lr_conf.json", "-o", "fate")
    answer = result.data
    assert answer["jobId"] == answer["data"]["job_id"]
    assert answer["data"]["model_info"]["model_version"] == answer["jobId"]
    assert cli("job", "watch", answer["jobId"], "--json").data[0]["status"] == "success"


def test_a_stop_is_answered_as_by_fate(cli: CommandLine) -> None:
    job_id = sleep(cli, 60)
    answer = cli("job", "stop", "-j", job_id, "-o", "fate").data
    assert answer["retcode"] == 0
    assert "data" not in answer
    assert cli("job", "show", job_id, "--json").data[0]["status"] == "canceled"


def test_stopping_a_job_that_has_ended_shows_how(cli: CommandLine, job: str) -> None:
    assert cli("job", "stop", job, "--json").data == [{"job_id": job, "status": "success", "parties": {}}]


def test_a_submission_prints_the_warnings(cli: CommandLine) -> None:
    conf = json.loads((cli.folder / "demo/hetero_lr_conf.json").read_text())
    conf["component_parameters"]["common"]["hetero_lr_1"] = {}
    (cli.folder / "superfluous.json").write_text(json.dumps(conf, indent=2))
    submit = ("job", "submit", "-d", "demo/hetero_lr_dsl.json", "-c", "superfluous.json")
    result = cli(*submit)
    assert "warning: ParametersOfAbsentComponent: the DSL has no component hetero_lr_1" in result.err
    quiet = cli(*submit, "--quiet")
    assert quiet.err == ""
    cli("job", "stop", result.out.strip(), quiet.out.strip())


def test_the_history_of_a_job_has_its_old_name_too(cli: CommandLine, job: str) -> None:
    history = cli("job", "history", job, "--json").data
    assert history
    assert cli("job", "story", job, "--json").data == history


def test_several_ids_act_on_several_jobs(cli: CommandLine) -> None:
    ids = [sleep(cli, 60), sleep(cli, 60)]
    stopped = cli("job", "stop", *ids, "--json").data
    assert [one["job_id"] for one in stopped] == ids
    assert {text for one in stopped for text in one["parties"].values()} == {"success"}
    assert [one["status"] for one in cli("job", "show", *ids, "--json").data] == ["canceled", "canceled"]


def test_tasks_are_found_by_component_and_party(cli: CommandLine, job: str) -> None:
    [task] = cli("task", "query", "-j", job, *_TASK, "--json").data
    assert (task["f_component_name"], task["f_party_status"], task["f_task_version"]) == ("hetero_lr_0", "success", 0)


def test_the_tasks_of_a_job_are_listed(cli: CommandLine, job: str) -> None:
    tasks = cli("task", "list", job, "--json").data
    assert {task["f_job_id"] for task in tasks} == {job}
    assert {task["f_component_name"] for task in tasks} >= {"reader_0", "hetero_lr_0"}


def test_a_table_is_described(cli: CommandLine) -> None:
    data = cli("table", "info", "-n", "demo", "-t", "breast_host", "--json").data
    assert (data["exist"], data["count"], data["partition"]) == (1, 569, 4)
    assert len(data["schema"]["header"].split(",")) == 20


def test_uploads_are_listed(cli: CommandLine) -> None:
    infos = [entry["upload_info"] for entry in cli("data", "upload-history", "-l", "0", "--json").data]
    assert {"table_name": "breast_host", "namespace": "demo", "partition": 4, "upload_count": 569} in infos


def test_an_upload_as_fates_client_writes_it(cli: CommandLine) -> None:
    answer = cli("data", "upload", "-c", "upload_conf.json", "--drop", "--verbose", "--json").data
    assert answer["table_name"] == "breast_guest"
    assert cli("job", "wait", answer["job_id"], "--json").data[0]["status"] == "success"


def test_a_configuration_without_a_file_is_refused(cli: CommandLine) -> None:
    (cli.folder / "no_file.json").write_text('{"namespace": "demo", "table_name": "t", "head": 1, "partition": 4}')
    assert "error: no_file.json lacks the member 'file'" in cli("data", "upload", "-c", "no_file.json", code=2).err


def test_an_upload_reports_the_rejected_rows(cli: CommandLine) -> None:
    (cli.folder / "patients.csv").write_text("id,x\na,1\na,2\n,3\nb\nc,4\n")
    result = cli("data", "upload", "patients.csv", "-n", "demo", "--name", "patients", "--drop")
    assert result.out == "demo patients: 2 rows\n"
    assert "3 of 5 rows were rejected: 1 with a duplicate id" in result.err
    assert "1 with too few or too many fields, 1 without an id" in result.err

    again = cli("data", "upload", "patients.csv", "-n", "demo", "--name", "patients", "--drop", "--json")
    assert again.data["table_name"] == "patients"
    assert "3 of 5 rows were rejected" in again.err


def test_the_hint_of_a_failed_upload_names_an_option(cli: CommandLine) -> None:
    (cli.folder / "semicolons.csv").write_text("id;x\na;1\n")
    upload = ("data", "upload", "semicolons.csv", "-n", "demo", "--name", "semicolons")
    assert cli(*upload, code=1).err.splitlines() == [
        "error: upload failed: the header line of semicolons.csv has no ',', but ';'",
        "hint: set --id-delimiter to ';' if that separates the fields",
    ]
    error = cli(*upload, "--json", code=1).error
    assert (error["error"], error["exit_code"]) == ("component_failed", 1)
    assert cli("job", "show", error["data"]["job_id"], "--json").data[0]["status"] == "failed"
    cli(*upload, "--id-delimiter", ";")
    assert "hint: add --drop to replace it" in cli(*upload, "--id-delimiter", ";", code=6).err


def test_the_default_delimiter_of_tsv_files_is_a_tab(cli: CommandLine) -> None:
    for name, options in (("tabs.tsv", ()), ("tabs.csv", ("--id-delimiter", r"\t"))):
        (cli.folder / name).write_text("id\tx\na\t1,5\n")
        cli("data", "upload", name, "-n", "demo", "--name", "tabs", "--drop", *options)
        assert cli("data", "peek", "demo", "tabs").out == "sid  x\na    1,5\n"
    cli("data", "download", "again.tsv", "-n", "demo", "-t", "tabs", "--delimiter", r"\t")
    assert (cli.folder / "again.tsv").read_text() == "id\tx\na\t1,5\n"


def test_a_first_line_of_numbers_is_reported(cli: CommandLine) -> None:
    (cli.folder / "bare.csv").write_text("1,0,0.5\n2,1,3\n")
    upload = ("data", "upload", "bare.csv", "-n", "demo", "--name", "bare", "--drop")
    assert "the first line was read as column names: 1, 0, 0.5\n" in cli(*upload).err
    assert cli(*upload, "--no-head").err == ""
    assert cli("data", "peek", "demo", "bare").out == "sid\n1    0,0.5\n2    1,3\n"


def test_a_downloaded_file_can_be_uploaded_again(cli: CommandLine) -> None:
    text = 'id,name\na,"Smith, John"\n'
    (cli.folder / "names.csv").write_text(text)
    cli("data", "upload", "names.csv", "-n", "demo", "--name", "names", "--drop")
    cli("data", "download", "names_again.csv", "-n", "demo", "-t", "names")
    assert (cli.folder / "names_again.csv").read_text() == text


def test_resources_are_shown_with_their_holders(cli: CommandLine) -> None:
    job_id = sleep(cli, 60)
    try:
        for _ in range(100):
            if job_id in (text := cli("resource", "show").out):
                break
        *head, titles, guest, host = text.splitlines()
        assert [line.split()[0] for line in head if line] == ["engine", "CORES", "capacity", "used"]
        assert titles.split() == ["HELD", "BY", "PARTY", "CORES", "MEMORY"]
        assert [line.split()[1:3] for line in (guest, host)] == [["guest:9999", "4"], ["host:10000", "4"]]
    finally:
        cli("job", "stop", job_id)
    cli("job", "wait", job_id, code=1)
    assert job_id not in cli("resource", "show").out


def test_a_download_writes_the_table_again(cli: CommandLine) -> None:
    result = cli("data", "download", "again.csv", "-n", "demo", "-t", "breast_host")
    path = Path(result.out.strip())
    assert path == cli.folder / "again.csv"
    with path.open(newline="") as file:
        head, *lines = csv.reader(file)
    rows = {row[0]: row[1:] for row in lines}
    with (cli.folder / "demo/data/host.csv").open(newline="") as file:
        head_before, *lines_before = csv.reader(file)
    before = {row[0]: row[1:] for row in lines_before}
    assert head == head_before
    assert rows.keys() >= before.keys()
    assert [float(value) for value in rows["p000"]] == [float(value) for value in before["p000"]]
    cli("data", "download", "bare.csv", "-n", "demo", "-t", "breast_host", "--no-head")
    assert (cli.folder / "bare.csv").read_text() == path.read_text().partition("\n")[2]


def test_metrics_are_those_of_the_tracking_call(cli: CommandLine, job: str) -> None:
    place = ("-j", job, "-r", "guest", "-p", "9999", "-cpn", "evaluation_0", "--json")
    series = cli("component", "metric-all", *place).data["train"]
    assert cli("tracking", "metric-all", *place).data["train"] == series
    summary = {key: value for one in series.values() for key, value in one["data"] if isinstance(key, str)}
    shown = {one["metric"]: one["value"] for one in cli("metric", "show", job, "evaluation_0", "--json").data}
    assert shown["auc"] == summary["auc"] > 0.9


def test_a_jobs_documents_become_files(cli: CommandLine, job: str) -> None:
    answer = cli("job", "config", "-j", job, "-r", "guest", "-p", "9999", "-o", "configs", "--json").data
    folder = Path(answer["directory"])
    assert folder == cli.folder / "configs" / f"job_{job}_config"
    assert "dsl" not in answer
    assert json.loads((folder / "dsl.json").read_text()) == json.loads(
        (cli.folder / "demo/hetero_lr_dsl.json").read_text()
    )
    assert {path.stem for path in folder.iterdir()} == {"dsl", "runtime_conf", "train_runtime_conf", "model_info"}


def test_logs_and_tables_are_unpacked(cli: CommandLine, job: str) -> None:
    logs = Path(cli("job", "log", "-j", job, "-o", "logs", "--json").data["directory"])
    assert (logs / "guest/9999/hetero_lr_0/INFO.log").is_file()
    tables = Path(cli("component", "output-data", "-j", job, *_TASK, "-o", "tables").out.strip())
    assert tables.name == f"job_{job}_hetero_lr_0_guest_9999_output_data"
    assert len((tables / "data.csv").read_text().splitlines()) == 570


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("json", lambda text: [one["component"] for one in json.loads(text)]),
        ("jsonl", lambda text: [json.loads(line)["component"] for line in text.splitlines()]),
        ("yaml", lambda text: [line.split(": ")[1] for line in text.splitlines() if line.startswith("- component")]),
    ],
)
def test_every_format_has_the_same_records(cli: CommandLine, job: str, form: str, read: object) -> None:
    assert callable(read)
    names = read(cli("metric", "show", job, "evaluation_0", "-o", form).out)
    assert len(names) > 1
    assert set(names) == {"evaluation_0"}


def test_names_alone(cli: CommandLine, job: str) -> None:
    assert job in cli("job", "list", "-l", "0", "-o", "name").out.splitlines()
    assert cli("job", "show", job[:-1], "-o", "name", code=None).out.strip() in (job, "")


def test_a_table_on_a_pipe_is_plain_text(cli: CommandLine, job: str) -> None:
    lines = cli("job", "list", "-l", "0").out.splitlines()
    assert lines[0].split() == ["NAME", "JOB", "STATUS", "PROGRESS", "PARTIES", "TOOK", "NOW"]
    [line] = [line for line in lines if f" {job} " in line]
    assert "✓ success" in line
    assert "G✓ H✓ A✓" in line
    assert "\x1b" not in "".join(lines)


def test_a_waiting_job_shows_its_reason(cli: CommandLine) -> None:
    first, second = (sleep(cli, 60, task_cores=8) for _ in range(2))
    [line] = [line for line in cli("job", "list").out.splitlines() if f" {second} " in line]
    assert "· waiting" in line
    assert "cores" in line
    assert "16 cores" in cli("job", "why", second).out
    assert second in cli("queue", "clean").out
    cli("job", "stop", first)


def test_global_options_work_before_and_after_the_command(cli: CommandLine, job: str) -> None:
    after = cli("job", "show", job, "--json").data
    assert cli("--json", "job", "show", job).data == cli("job", "--json", "show", job).data == after
    assert cli("-o", "yaml", "job", "show", job, "-o", "json").data == after
