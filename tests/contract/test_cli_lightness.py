"""What quick commands do not import, and shell completion."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from fateflow_tui.commands.main import Fateflow
from tests.contract.command_line import CommandLine

_HEAVY = ("httpx", "pydantic", "rich", "fastapi", "textual", "numpy", "polars", "networkx", "asyncio")


def _imported(line: CommandLine, *arguments: str, **environment: str) -> set[str]:
    """The modules that a command has imported, and their top-level packages."""
    program = (
        "import sys; from fateflow_tui.commands.main import run\n"
        "try: run(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**line.environment, **environment},
        cwd=line.folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    names = done.stderr.splitlines()[-1].split()
    return {*names, *(name.partition(".")[0] for name in names)}


def test_the_version_imports_nothing_heavy(cli: CommandLine) -> None:
    assert not _imported(cli, "--version") & set(_HEAVY)


def test_the_root_help_needs_no_module_of_a_command(cli: CommandLine) -> None:
    imported = {name for name in _imported(cli, "--help") if name.startswith("fateflow_tui.commands.")}
    assert not imported & {entry.module for entry in Fateflow.entries.values()}


def test_a_list_of_jobs_needs_the_http_client_only(cli: CommandLine) -> None:
    imported = _imported(cli, "job", "list")
    assert "httpx" in imported
    assert not imported & {"pydantic", "fastapi", "textual", "numpy", "polars", "networkx"}


def test_completion_needs_no_http_client(cli: CommandLine, job: str) -> None:
    environment = {"_FATEFLOW_COMPLETE": "complete_bash", "COMP_WORDS": "fateflow job show ", "COMP_CWORD": "3"}
    assert not _imported(cli, **environment) & {"httpx", "pydantic", "fastapi", "textual", "numpy", "polars"}


@pytest.mark.parametrize(
    ("words", "offered"),
    [("jo", "job"), ("job sh", "show"), ("job show --hom", "--home"), ("component output-d", "output-data")],
)
def test_words_are_completed(cli: CommandLine, words: str, offered: str) -> None:
    assert offered in _completions(cli, words)


def test_job_ids_are_completed(cli: CommandLine, job: str) -> None:
    def offered(words: str, **environment: str) -> list[str]:
        # The shell is not kept waiting: on a machine that is busy just then nothing is offered, so ask again.
        return next((found for _ in range(20) if (found := _completions(cli, words, **environment))), [])

    newest = cli("job", "list", "-o", "name").out.split()[0]
    assert {newest, "@last"} <= set(offered("job show "))
    assert newest in offered(f"job stop -j {newest[:12]}")
    assert newest in offered(f"--home {cli.home} log show ", FATEFLOW_HOME="/nowhere")


def test_without_a_scheduler_no_job_is_offered_and_none_is_started(other: CommandLine) -> None:
    assert _completions(other, "job show ") == []
    assert not other.home.exists()


def test_a_silent_scheduler_does_not_block_the_shell(other: CommandLine) -> None:
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        other.home.mkdir()
        run = {"pid": 1, "url": f"http://127.0.0.1:{silent.getsockname()[1]}", "token": ""}
        (other.home / "run.json").write_text(json.dumps(run))
        assert _completions(other, "job show ") == []  # without a limit of its own it would wait as long as the call
        (other.home / "run.json").unlink()


def _completions(line: CommandLine, words: str, **environment: str) -> list[str]:
    asked = {
        "_FATEFLOW_COMPLETE": "complete_bash",
        "COMP_WORDS": f"fateflow {words}",
        "COMP_CWORD": str(len(f"x {words}".split(" ")) - 1),
    }
    return line(**asked, **environment, code=None).out.split()
