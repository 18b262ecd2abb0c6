"""Environments with the published clients of FATE 1.x: built once per machine, kept beside the checkout's `.venv`.

The clients are old: they need packages of their time, and 1.6 declares TensorFlow and PyTorch, which none of the
programs here uses. So each client is installed without its dependencies, and beside it what it really imports.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

CACHE = Path(os.environ.get("FATEFLOW_CLIENT_CACHE", Path(__file__).parents[2] / ".clients"))
_PATIENCE = 240  # seconds for an installation
_COMMON = [
    "click<8",
    "loguru<0.8",
    "requests<3",
    "requests_toolbelt<0.10",
    "ruamel.yaml<0.17",
    "urllib3<2",
    "certifi",
    "charset-normalizer",
    "idna",
]
_NEEDED = {
    "1.6.1": ["flask<2", "werkzeug<2", "jinja2<3.1", "itsdangerous<2.1", "markupsafe"],
    "1.11.2": ["pandas<3", "numpy", "python-dateutil", "pytz", "tzdata", "six"],
}
VERSIONS = tuple(_NEEDED)
# The Pythons that users of these clients had, the likeliest first. Both also work on newer ones.
_PYTHONS = {"1.6.1": ["3.8", "3.7", "3.9", "3.10"], "1.11.2": ["3.8", "3.9", "3.10"]}


class Unavailable(Exception):
    """There is no environment with this client, and why."""


class Environment(NamedTuple):
    """A virtual environment that has one version of the clients."""

    version: str
    directory: Path

    def program(self, name: str) -> Path:
        """`flow`, `pipeline` or `python`."""
        return self.directory / "bin" / name

    @property
    def packages(self) -> Path:
        return next(self.directory.glob("lib/python*/site-packages"))


def environment(version: str) -> Environment:
    """The environment with this version of fate_client; installs it when it is not there. Raises Unavailable."""
    if version not in _found:
        try:
            _found[version] = _installed(version)
        except Unavailable as error:
            _found[version] = error
    found = _found[version]
    if isinstance(found, Unavailable):
        raise found
    return found


_found: dict[str, Environment | Unavailable] = {}


def _installed(version: str) -> Environment:
    python, minor = _python(version)
    directory = CACHE / f"fate_client-{version}-py{minor}"
    wanted = [f"fate_client=={version}", *_COMMON, *_NEEDED[version]]
    CACHE.mkdir(parents=True, exist_ok=True)
    # One process installs, the others wait for it; the lock is freed also when that process is killed.
    with _locked(directory.with_suffix(directory.suffix + ".lock")):
        stamp = directory / "complete.json"
        if not (stamp.is_file() and json.loads(stamp.read_text()) == [str(python), *wanted]):
            shutil.rmtree(directory, ignore_errors=True)
            _run([str(python), "-m", "venv", str(directory)])
            pip = [str(directory / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--retries", "2"]
            _run([*pip, "install", "--quiet", "--prefer-binary", "--no-deps", *wanted])
            stamp.write_text(json.dumps([str(python), *wanted]))
    return Environment(version, directory)


def _run(words: list[str]) -> None:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{' '.join(words[:4])} took more than {_PATIENCE} s") from error
    if done.returncode:
        raise Unavailable(f"{' '.join(words[:4])} failed: {(done.stderr or done.stdout).strip()[-300:]}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _python(version: str) -> tuple[Path, str]:
    """A Python for this client and its minor version: a named one, one of its time, or the one that runs this."""
    named = os.environ.get("FATEFLOW_CLIENT_PYTHON")
    if named:
        minor = _minor(Path(named))
        if minor is None:
            raise Unavailable(f"FATEFLOW_CLIENT_PYTHON={named} does not start")
        return Path(named), minor
    for minor in _PYTHONS[version]:
        for path in _candidates(minor):
            if _minor(path) == minor:
                return path, minor
    return Path(sys.executable), f"{sys.version_info.major}.{sys.version_info.minor}"


def _candidates(minor: str) -> Iterator[Path]:
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for directory in sorted(kept.glob(f"{minor}.*"), key=_numbers, reverse=True):
        yield directory / "bin" / "python"
    found = shutil.which(f"python{minor}")
    if found:
        yield Path(found)


def _numbers(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", path.name)]


def _minor(python: Path) -> str | None:
    """The minor version of an interpreter that can make environments, None when it cannot or is none."""
    words = [str(python), "-c", "import ensurepip, ssl, sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
