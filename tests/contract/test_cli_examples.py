"""Every example in every `--help` works as it stands, and prints with `--json` what `fateflow schema` says."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest
import typer

from fateflow_tui.commands import main
from fateflow_tui.commands.groups import Command, summary
from fateflow_tui.commands.main import Fateflow
from fateflow_tui.commands.schema import schemas
from tests.contract.command_line import CommandLine, CommandResult, models_folder, sleep, submit


def _all_commands() -> dict[str, Command]:
    root = typer.main.get_command(main.app)
    commands: dict[str, Command] = {}
    for word in Fateflow.entries:
        command = root.load(word)  # type: ignore[attr-defined]
        if hasattr(command, "commands"):
            commands.update(_below(word, command))
        else:
            commands[word] = command
    return commands


def _below(words: str, group: Any) -> Iterator[tuple[str, Command]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _below(f"{words} {name}", command)
        elif not command.hidden:
            yield f"{words} {name}", command


_COMMANDS = _all_commands()
# Examples of these are run by tests of their own: they change the scheduler, need a second one, take long, or need
# more than fits into an example.
_ELSEWHERE = (
    "server start",
    "server stop",
    "party add",
    "party list",
    "party trust",
    "party ping",
    "party remove",
    "demo",
    "dash",
    "test min",
    "model serve-test",
    "watch",
)
# Parts of FATE-Flow that this version does not have; these commands fail with an error.
_NOT_BUILT = (
    "component hetero-model-merge",
    "component woe-array-extract",
    "component woe-array-merge",
    "model homo-convert",
    "model homo-deploy",
    "provider register",
    "key save",
    "key delete",
)
_CODES = {**dict.fromkeys(_NOT_BUILT, 1), "checkpoint get": 5}
_EXAMPLES = [
    pytest.param(name, example, id=example.removeprefix("fateflow ")[:70])
    for name, command in _COMMANDS.items()
    if not name.startswith(_ELSEWHERE)
    for example in command.examples
]
# What must be so before an example; whether it was so already does not matter.
_BEFORE = {
    "table delete": ["data upload demo/data/guest.csv -n demo --name to_be_deleted --drop"],
    "table add": ["table delete -n bound -t added"],
    "table enable": ["data bind demo/data/guest.csv -n demo --name switched --drop"],
    "table disable": ["data bind demo/data/guest.csv -n demo --name switched --drop"],
    "table disable-delete": [
        "data bind demo/data/guest.csv -n demo --name switched --drop",
        "table disable demo switched",
    ],
    "table schema": ["data bind demo/data/guest.csv -n demo --name renamed --drop"],
    "table connector-query": ["table connector-create -c connector_conf.json"],
    "tag create": ["tag delete -t churn"],
    "tag update": ["tag delete -t churn-2026", "tag create -t churn"],
    "tag query": ["tag create -t churn"],
    "tag delete": ["tag create -t churn"],
    "model tag-model": ["model tag-model -j DEPLOYED -t churn --remove"],
    "model tag-model --remove": ["model tag-model -j DEPLOYED -t churn"],
    "model alias remove": ["model alias set churn@prod DEPLOYED"],
    "model bind": ["model load DEPLOYED"],
    "serving unload": ["model load DEPLOYED"],
    "serving unbind": ["model load DEPLOYED", "model bind churn DEPLOYED"],
    "serving features unbind": ["serving features bind -r host -p 10000 -n demo --name breast_host"],
    "privilege delete": [
        "privilege grant -c privilege_conf.json",
        "privilege grant 9998 guest --privilege-component intersection,reader",
    ],
    "party grant": ["party revoke guest:9998 --forget"],
    "party revoke": ["party revoke guest:9998 --forget", "party grant guest:9998 --component HeteroLR,Reader"],
}


@pytest.mark.parametrize("name", _COMMANDS)
def test_a_command_has_examples_that_begin_with_it(name: str) -> None:
    examples = _COMMANDS[name].examples
    assert examples
    assert all(f"{example} ".startswith(f"fateflow {name} ") for example in examples)


def test_the_root_lists_groups_with_their_own_help() -> None:
    root = typer.main.get_command(main.app)
    for name, entry in Fateflow.entries.items():
        assert entry.help == summary(root.load(name).help)  # type: ignore[attr-defined]


_NOT_IMPERATIVE = re.compile(r"[a-z]+[^su]s")  # "Shows", "Runs"; not "Pass", "Focus"


@pytest.mark.parametrize("name", _COMMANDS)
def test_a_help_begins_with_an_imperative(name: str) -> None:
    help = _COMMANDS[name].help or ""
    first = help.split()[0].rstrip(",;:")
    assert first.isalpha(), help
    assert first[0].isupper(), help
    assert not _NOT_IMPERATIVE.fullmatch(first.lower()), help


@pytest.fixture
def inside(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., CommandResult]:
    """Runs a command in this process, which takes less time than a process for each of so many."""
    monkeypatch.chdir(cli.folder)
    for name, value in cli.environment.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> CommandResult:
        code = main.run(words)
        result = capsys.readouterr()
        return CommandResult(result.out, result.err, code)

    return run


_CHANGES_FORMAT = {"--json", "-o name", "-o jsonl", "--plot", "--boxes", "--format", " -f"}
_PRINTED = {one.command: one.json_schema for one in schemas(typer.main.get_command(main.app))}


@pytest.mark.parametrize("name", _PRINTED)
def test_a_schema_is_valid_and_versioned(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(_PRINTED[name])
    assert _PRINTED[name]["version"] == 1


@pytest.mark.parametrize("name", [name for name in _PRINTED if name != "error"])
def test_a_usage_error_is_an_object_on_stderr(inside: Callable[..., CommandResult], name: str) -> None:
    result = inside(*name.split(), "--no-such-option", "--json")
    assert (result.code, result.out) == (2, "")
    jsonschema.validate(result.error, _PRINTED["error"])
    assert result.error["code"] == "usage"


@pytest.mark.parametrize("as_json", [False, True], ids=["plain", "json"])
@pytest.mark.parametrize(("name", "example"), _EXAMPLES)
def test_an_example_works(
    cli: CommandLine,
    inside: Callable[..., CommandResult],
    job: str,
    deployed: str,
    spare_job: str,
    name: str,
    example: str,
    as_json: bool,
) -> None:
    if as_json and (any(word in example for word in _CHANGES_FORMAT) or name not in _PRINTED):
        pytest.skip("prints something else")
    words = [*shlex.split(example)[1:], *(["--json"] if as_json else [])]
    key = f"{name} --remove" if "--remove" in words else name
    for line in _BEFORE.get(key, ()):
        inside(*shlex.split(line.replace("DEPLOYED", deployed)))
    if name == "table delete":
        words[words.index("breast_guest")] = "to_be_deleted"
    if name == "data upload" and "--name" in words:
        words[words.index("--name") + 1] = "uploaded"
    if name == "data upload" and "-c" in words and not as_json:
        cli("job", "wait", cli(*words, "-o", "name").out.strip())
        return
    named = job
    if "--force" in words:
        named = submit(cli, "demo/hetero_lr_dsl.json", "demo/hetero_lr_conf.json", wait=True)
    elif name in ("job clean", "job parameter-update"):
        named = spare_job
    elif words[:4] in (["job", "plan", "@last"], ["job", "plan", "@last", "--json"]) or "--plan" in words:
        named = _stopped(cli)
    elif name == "model delete":
        named = cli("model", "deploy", job, "-o", "name").out.strip()
    elif name.startswith(("model", "serving", "checkpoint")) and name != "model deploy":
        named = deployed
    if name == "model import":
        _away(cli, job)
    if name == "component woe-array-merge":
        (cli.folder / "woe.json").write_text("[]")
    result = inside(*(named if word == "@last" else word for word in words))
    assert result.code == _CODES.get(name, 0), result
    assert "Traceback" not in result.err
    if as_json and result.code:
        assert result.out == ""
        jsonschema.validate(result.error, _PRINTED["error"])
    elif as_json:
        jsonschema.validate(json.loads(result.out), _PRINTED[name])
        if name == "data upload" and "-c" in words:
            cli("job", "wait", json.loads(result.out)["job_id"])
    if name == "model import":
        models_folder(cli, deployed)
    if name in _NOT_BUILT and not as_json:
        assert result.err.startswith("error: ")


def _stopped(cli: CommandLine) -> str:
    """A job that a rerun would run again."""
    job_id = sleep(cli, 60)
    cli("job", "stop", job_id)
    return job_id


def _away(cli: CommandLine, job: str) -> None:
    """Archives of a version that is no longer at this site, and a configuration that names one of them."""
    version = cli("model", "deploy", job, "-o", "name").out.strip()
    models_folder(cli, version)
    cli("model", "export", version, "guest_part.zip", "--party", "guest:9999")
    cli("model", "export", "-c", "export_conf.json")
    cli("model", "delete", version)
