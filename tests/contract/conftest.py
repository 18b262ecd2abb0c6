"""Command lines for tests: one whose scheduler runs all the time, and new ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.command_line import CommandLine, documents, is_gone, models_folder, submit, working_folder


@pytest.fixture
def other(tmp_path: Path) -> Iterator[CommandLine]:
    """A command line with a home of its own, where nothing runs yet."""
    line = CommandLine(tmp_path / "home", working_folder(tmp_path / "folder"))
    yield line
    line("server", "stop")


@pytest.fixture(scope="session")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A command line whose scheduler runs and has the demo's tables."""
    root = tmp_path_factory.mktemp("cli")
    line = CommandLine(root / "home", working_folder(root / "folder"))
    line("server", "start", "--port", "0")
    pid = line("server", "status", "--json").data["pid"]
    for name in ("guest", "host"):
        line("data", "upload", f"demo/data/{name}.csv", "--namespace", "demo", "--name", f"breast_{name}")
    yield line
    line("server", "stop")
    assert is_gone(pid)


@pytest.fixture(scope="session")
def job(cli: CommandLine) -> str:
    """The demo's job, shortened; it has succeeded."""
    return submit(cli, "demo/hetero_lr_dsl.json", "demo/hetero_lr_conf.json", wait=True)


@pytest.fixture(scope="session")
def spare_job(cli: CommandLine) -> str:
    """Another one that has succeeded, whose results may be thrown away."""
    return submit(cli, "demo/hetero_lr_dsl.json", "demo/hetero_lr_conf.json", wait=True)


@pytest.fixture(scope="session")
def deployed(cli: CommandLine, job: str) -> str:
    """A version that predicts with what the demo's job has trained; the working folder has documents that name it."""
    version = cli("model", "deploy", job, "-o", "name").out.strip()
    models_folder(cli, version)
    return version


@pytest.fixture(scope="session")
def failed_job(cli: CommandLine) -> str:
    """A job whose DataIO fails at the guest."""
    dsl = {
        "components": {
            "reader_0": {"module": "Reader", "output": {"data": ["data"]}},
            "dataio_0": {"module": "DataIO", "input": {"data": {"data": ["reader_0.data"]}}},
        }
    }
    parameters = {
        "common": {"dataio_0": {"with_label": True, "label_name": "nope"}},
        "role": {"guest": {"0": {"reader_0": {"table": {"namespace": "demo", "name": "breast_guest"}}}}},
    }
    return submit(cli, *documents(cli, "failing", dsl, {"guest": [9999]}, parameters), wait=True, code=1)
