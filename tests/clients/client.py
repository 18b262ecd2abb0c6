"""One user of a published client: the client with settings of its own, and a working folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environment import Environment, Unavailable, environment

_PACKAGES = ("flow_client", "flow_sdk", "pipeline")
_PLACEHOLDERS = Path(__file__).parent / "placeholders"
_PATIENCE = 100  # seconds for one command or program

Answer = dict[str, Any]


class Client:
    """Runs `flow`, `pipeline` and programs with the published client.

    The client keeps its settings (address of the server) inside its own package, so that each user gets a copy of the
    packages, byte by byte as published, before those that are installed.
    """

    def __init__(self, environment: Environment, folder: Path) -> None:
        self.version = environment.version
        self.folder = folder / "work"
        self._environment = environment
        self._copy = folder / "packages"
        self.folder.mkdir(parents=True)
        for name in _PACKAGES:
            shutil.copytree(environment.packages / name, self._copy / name)

    @property
    def is_old(self) -> bool:
        """Whether this is the client of FATE 1.6, which has fewer commands."""
        return self.version.startswith("1.6")

    def init(self, port: int, *more: str) -> Answer:
        """Names the server, to the command line and to pipeline programs."""
        answer = self.flow("init", "--ip", "127.0.0.1", "--port", str(port), *more)
        keys = more if not self.is_old else ()
        said = self.run("pipeline", "init", "--ip", "127.0.0.1", "--port", str(port), "--log-directory", "logs", *keys)
        assert "Pipeline configuration succeeded" in said, said
        return answer

    def flow(self, *words: object) -> Answer:
        """One command of `flow`, and the answer that it prints."""
        return answer_in(self.run("flow", *words))

    def run(self, program: str, *words: object) -> str:
        """What a program of the client's environment prints: `flow`, `pipeline` or `python`."""
        done = subprocess.run(
            [self._environment.program(program), *map(str, words)],
            env={**_inherited(), "PYTHONPATH": f"{self._copy}:{_PLACEHOLDERS}"},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{program} {' '.join(map(str, words))}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def write(self, name: str, document: Any) -> Path:
        """Writes a JSON document, or text, to the working folder."""
        path = self.folder / name
        path.write_text(document if isinstance(document, str) else json.dumps(document, indent=2, ensure_ascii=False))
        return path


def answer_in(printed: str) -> Answer:
    """The last JSON object that a command has printed; some talk before it."""
    starts = [match.start() for match in re.finditer(r"^\{", printed, re.MULTILINE)]
    assert starts, f"there is no answer in {printed!r}"
    found: Answer = json.loads(printed[starts[-1] :])
    return found


def _inherited() -> dict[str, str]:
    """Our environment without what would lead the client's Python to our packages."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV", "FATE"))}


def new_client(version: str, folder: Path) -> Client:
    """A client with settings of its own; skips the test where it cannot be had."""
    try:
        return Client(environment(version), folder)
    except Unavailable as error:
        pytest.skip(f"fate_client {version} cannot be had here: {error}")
