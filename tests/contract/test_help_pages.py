"""The pages of `fateflow help`: every example in them runs, and what they list is complete."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from fateflow_tui.commands.help import TOPICS, page
from fateflow_tui.core import errors
from tests.contract.command_line import CommandLine

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _script(topic: str) -> str:
    return "".join(_BLOCK.findall(page(topic).text))


def test_every_page_is_a_topic() -> None:
    import fateflow_tui.commands.help as module

    found = {file.stem for file in (Path(module.__file__).parent / "help_pages").glob("*.md")}
    assert found == set(TOPICS)


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if _script(topic)])
def test_the_examples_of_a_page_run(topic: str, cli: CommandLine, other: CommandLine, job: str, tmp_path: Path) -> None:
    script = _script(topic)
    line = other if "server stop" in script else cli
    program, folder = tmp_path / "bin" / "fateflow", tmp_path / "empty"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join(line.words())} "$@"\n')
    program.chmod(0o755)
    folder.mkdir()
    done = subprocess.run(
        ["bash", "-euxc", script],
        env={**line.environment, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr


def test_the_exit_codes_are_those_of_the_errors() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", page("exit-codes").text, re.MULTILINE)
    listed = {int(code): set(re.findall(r"`(\w+)`", words)) for code, words in rows}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    expected: dict[int, set[str]] = {}
    for kind in kinds:
        expected.setdefault(kind.exit_code, set()).add(kind.code)  # type: ignore[attr-defined]
    assert listed == {**{code: set() for code in (0, 70, 130, 141)}, **expected}


def test_a_topic_is_markdown_in_a_pipe(cli: CommandLine) -> None:
    assert cli("help", "quickstart").out == page("quickstart").text
    assert cli("help", "-o", "name").out.split() == list(TOPICS)


def test_a_command_shows_its_help(cli: CommandLine) -> None:
    assert cli("help", "job", "submit").out == cli("job", "submit", "--help").out
    assert cli("help", "no-such-topic", "--json", code=5).error["code"] == "not_found"


def test_the_files_of_the_demo_are_copied_once(cli: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    files = [one["file"] for one in cli("demo", "--files", str(folder), "--json").data]
    assert all(Path(file).is_file() for file in files)
    cli("demo", "--files", str(folder))
    Path(files[0]).write_text("{}")
    assert cli("demo", "--files", str(folder), "--json", code=6).error["code"] == "conflict"
    assert Path(files[0]).read_text() == "{}"
