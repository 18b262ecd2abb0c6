"""Every command line of FATE's own client, `flow` v2 of 1.6 to 1.11, is taken with `fateflow` in its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from fateflow_tui.commands.main import app
from tests.contract.command_line import CommandLine

# Each command with all options that any version of the client has; `!` marks a switch, `=` what its value must be.
_TASK = "-j --job-id -r --role -p --party-id -cpn --component-name"
_RECORDS = "-j --job-id -r --role -p --party-id -s --status"
_CONF = "-c= --conf-path="
_TABLE = "-n --namespace -t --table-name"
_MODEL = "--model-id --model-version"
_PART = f"-r --role -p --party-id {_MODEL} -cpn --component-name"
_COMMANDS = {
    "init": "-c= --server-conf-path= --ip --port=1 --reset! --app-key --secret-key",
    "job submit": f"{_CONF} -d= --dsl-path=",
    "job list": "-l=1 --limit=1",
    "job query": _RECORDS,
    "job stop": "-j --job-id",
    "job rerun": "-j --job-id -cpn --component-name --force!",
    "job config": "-j --job-id -r --role -p --party-id -o --output-path",
    "job log": "-j --job-id -o --output-path",
    "job view": _RECORDS,
    "job dsl": "--cpn-list --cpn-path= --train-dsl-path= -o --output-path",
    "job parameter-update": f"-j --job-id {_CONF}",
    "job clean": _TASK,
    "task list": "-l=1 --limit=1",
    "task query": f"{_TASK} -s --status",
    "data upload": f"{_CONF} --verbose! --drop!",
    "data download": _CONF,
    "data upload-history": "-l=1 --limit=1 -j --job-id",
    "data writer": _CONF,
    "table info": _TABLE,
    "table delete": f"{_TABLE} {_TASK}",
    "table add": _CONF,
    "table bind": f"{_CONF} --drop!",
    "table tracking-source": _TABLE,
    "table tracking-job": _TABLE,
    "table connector-create": _CONF,
    "table connector-query": "--connector-name",
    "table enable": _TABLE,
    "table disable": _TABLE,
    "table disable-delete": "",
    "component list": "-j --job-id",
    "component metrics": _TASK,
    "component metric-all": _TASK,
    "component metric-delete": "-d --date -j --job-id",
    "component parameters": _TASK,
    "component output-data": f"{_TASK} -o --output-path -l=1 --limit=1",
    "component output-model": _TASK,
    "component output-data-table": _TASK,
    "component get-summary": f"{_TASK} -o --output-path",
    "component hetero-model-merge": f"{_MODEL} -gid --guest-party-id -hids --host-party-ids -cpn --component-name "
    "--model-type --output-format --target-name --host-rename! --no-host-rename! --include-guest-coef! "
    "--no-include-guest-coef! -o --output-path",
    "component woe-array-extract": f"{_PART} -o --output-path",
    "component woe-array-merge": f"{_PART} -i= --input-path=",
    "tracking metrics": _TASK,
    "tracking metric-all": _TASK,
    "tracking parameters": _TASK,
    "tracking output-data": f"{_TASK} -o --output-path -l=1 --limit=1",
    "tracking output-model": _TASK,
    "tracking output-data-table": _TASK,
    "tracking get-summary": f"{_TASK} -o --output-path",
    "model load": f"-j --job-id {_CONF}",
    "model bind": f"-j --job-id {_CONF}",
    "model import": f"{_CONF} --from-database!",
    "model export": f"{_CONF} --to-database!",
    "model migrate": _CONF,
    "model tag-model": "-j --job-id -t --tag-name --remove!",
    "model tag-list": "-j --job-id",
    "model get-predict-dsl": f"{_MODEL} -o --output-path",
    "model get-predict-conf": f"{_MODEL} -o --output-path",
    "model deploy": f"{_MODEL} --cpn-list --cpn-path= --dsl-path= --cpn-step-index --cpn-step-name",
    "model get-model-info": f"{_MODEL} -r --role -p --party-id --detail!",
    "model homo-convert": _CONF,
    "model homo-deploy": _CONF,
    "queue clean": "",
    "tag create": "-t --tag-name -d --tag-desc",
    "tag update": "-t --tag-name --new-tag-name --new-tag-desc",
    "tag query": "-t --tag-name --with-model!",
    "tag delete": "-t --tag-name",
    "tag list": "-l=1 --limit=1",
    "privilege query": "-p --party-id --src-party-id --src-role",
    "privilege grant": f"{_CONF} --src-party-id --src-role",
    "privilege delete": f"{_CONF} --src-party-id --src-role",
    "server versions": "",
    "server reload": "",
    "service registry": "",
    "provider list": "-n --provider-name",
    "provider register": _CONF,
    "provider list-components": "",
    "resource query": "",
    "resource return": "-j --job-id",
    "checkpoint list": _PART,
    "checkpoint get": f"{_PART} --step-index=1 --step-name",
    "test toy": "-gid --guest-party-id -hid --host-party-id --timeout=1 --task-cores=1",
    "test min": "-gid --guest-party-id -hid --host-party-id -aid --arbiter-party-id -t --data-type --sbt! --no-sbt!",
    "template download": "--min-data=1 -o --output-path",
    "key save": _CONF,
    "key query": "-p --party-id",
    "key delete": "-p --party-id",
}
_POSITIONAL = {"privilege query": 2, "privilege grant": 2, "privilege delete": 2}


def _found(words: str) -> Any:
    root: Any = typer.main.get_command(app)
    first, *rest = words.split()
    command = root.load(first)
    for word in rest:
        command = command.get_command(None, word)
        assert command is not None, words
    return command


@pytest.mark.parametrize("words", _COMMANDS)
def test_a_command_takes_all_its_options(
    words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", 200)  # Typer reads TERMINAL_WIDTH when it is imported
    command = _found(words)
    file = tmp_path / "conf.json"
    file.write_text("{}")
    line = [f"arg{i}" for i in range(_POSITIONAL.get(words, 0))]
    options = _COMMANDS[words].split()
    for option in options:
        name, equals, value = option.partition("=")
        line += [name.rstrip("!")] if name.endswith("!") else [name, value or (str(file) if equals else "x")]
    with command.make_context(words, line):
        pass
    with pytest.raises(typer.Exit):
        command.make_context(words, ["--help"])
    shown = capsys.readouterr().out
    assert not [option for option in options if option.partition("=")[0].rstrip("!") not in shown]


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("server versions", {"API": "v1"}),
        ("tag list", {"tags": []}),
        ("resource query", {"use_resource_job": []}),
        ("queue clean", {}),
    ],
)
def test_an_answer_is_the_servers_own(other: CommandLine, line: str, body: dict[str, Any]) -> None:
    result = other(*line.split(), "-o", "fate")
    assert result.data["retcode"] == 0
    assert body.items() <= (result.data.get("data") or {}).items()
    assert result.out.endswith("}\n\n")


def test_a_missing_option_is_named(cli: CommandLine) -> None:
    for line, missing in (
        ("job dsl", "--train-dsl-path"),
        ("model deploy", "--model-version"),
        ("model deploy --model-version x", "--model-id"),
        ("checkpoint list -r guest", "-p"),
        ("tag create", "-t"),
        ("template download", "-o"),
        ("key query", "-p"),
        ("data writer", "-c"),
        ("test toy -gid 9999", "-hid"),
    ):
        assert f"missing option {missing}" in cli(*line.split(), code=2).err, line


def test_load_wants_exactly_one_of_job_and_conf(cli: CommandLine) -> None:
    for line in ("model load", "model load -j x -c upload_conf.json", "model import", "model migrate"):
        assert "expected either" in cli(*line.split(), code=2).err


def test_a_predict_dsl_is_made_of_a_training_dsl(cli: CommandLine) -> None:
    (cli.folder / "components.txt").write_text("[reader_0,\n dataio_0, intersection_0]")
    line = ("job", "dsl", "--train-dsl-path", "demo/hetero_lr_dsl.json", "--cpn-path", "components.txt")
    printed = json.loads(cli(*line).out)
    assert list(printed["components"]) == ["reader_0", "dataio_0", "intersection_0"]
    answer = cli(*line, "-o", "made", "--output", "fate").data
    file = Path(answer["retmsg"].partition("File path is: ")[2])
    assert file == Path(answer["file"])
    assert file.parent == cli.folder / "made"
    assert file.name.startswith("predict_dsl_")
    assert json.loads(file.read_text()) == printed


def test_changed_parameters_wait_for_the_next_rerun(cli: CommandLine, spare_job: str) -> None:
    answer = cli("job", "parameter-update", "-j", spare_job, "-c", "changed_parameters.json", "--json").data
    assert answer["component_parameters"] == {"common": {"hetero_lr_0": {"max_iter": 3}}}


def test_the_toy_job_adds_in_secret(cli: CommandLine) -> None:
    [outcome] = cli("test", "toy", "-gid", "9999", "-hid", "10000", "--json").data
    assert (outcome["ok"], outcome["found"], outcome["expected"]) == (True, 2000.0, 2000.0)


@pytest.mark.slow
def test_the_minimal_job_trains_deploys_and_predicts(cli: CommandLine) -> None:
    asked = ("test", "min", "-gid", "9999", "-hid", "10000", "-aid", "10001")
    assert "breast_hetero_guest" in cli(*asked, code=7).err
    for role in ("guest", "host"):
        cli("data", "upload", f"demo/data/{role}.csv", "-n", "experiment", "--name", f"breast_hetero_{role}")
    result = cli(*asked, "--json")
    assert [(one["test"], one["ok"]) for one in result.data] == [("train", True), ("predict", True)]
    assert result.data[0]["found"] > 0.98
    assert "HeteroSecureBoost" in result.err
