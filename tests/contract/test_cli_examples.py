"""Every example in every `--help` works as it stands."""

from __future__ import annotations

import shlex
from importlib import import_module
from typing import Any

import pytest
import typer
from command_line import CommandLine, sleep, submit

from commands.main import Fateflow
from commands.verbs import Noun, Verb


def _verbs() -> dict[str, Verb]:
    verbs: dict[str, Verb] = {}
    for word, module in Fateflow.modules.items():
        app = import_module(module).app
        if isinstance(app, Noun):
            group: Any = typer.main.get_group(app)
            verbs.update({f"{word} {name}": verb for name, verb in group.commands.items()})
        else:
            verbs[word] = typer.main.get_command(app)
    return verbs


_VERBS = _verbs()
# Examples of these are run by tests of their own: they change the scheduler, need a second one, or take long.
_ELSEWHERE = ("server start", "server stop", "party", "demo")
_EXAMPLES = [example for name, verb in _VERBS.items() if not name.startswith(_ELSEWHERE) for example in verb.examples]


@pytest.mark.parametrize("name", _VERBS)
def test_a_verb_has_examples_that_begin_with_it(name: str) -> None:
    examples = _VERBS[name].examples
    assert examples
    assert all(f"{example} ".startswith(f"fateflow {name} ") for example in examples)


@pytest.mark.parametrize("example", _EXAMPLES)
def test_an_example_works(cli: CommandLine, job: str, example: str) -> None:
    words = shlex.split(example)[1:]
    if words[:2] == ["table", "delete"]:
        cli("data", "upload", "demo/data/guest.csv", "-n", "demo", "--name", "to_be_deleted", "--drop")
        words[-1] = "to_be_deleted"
    if words[:2] == ["data", "upload"] and "--name" in words:
        words[words.index("--name") + 1] = "uploaded"
    if words[:2] == ["data", "upload"] and "-c" in words:
        cli("job", "wait", cli(*words, "-o", "name").out.strip())
        return
    named = job
    if "--force" in words:
        named = submit(cli, "demo/hetero_lr_dsl.json", "demo/hetero_lr_conf.json", wait=True)
    elif words == ["job", "plan", "@last"] or "--plan" in words:
        named = _stopped(cli)
    cli(*(named if word == "@last" else word for word in words))


def _stopped(cli: CommandLine) -> str:
    """A job that a rerun would run again."""
    job_id = sleep(cli, 60)
    cli("job", "stop", job_id)
    return job_id
