"""The package as users install it: the content of the wheel, the types that their programs see, its imports."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_SCRIPT = """\
from fateflow_tui.sdk import AsyncFateFlow, FateFlow, Pipeline

flow = FateFlow()
reveal_type(flow.jobs.show)
reveal_type(flow.jobs(limit=2))
reveal_type(flow.job("1").components)
reveal_type([line.text for line in flow.logs("1")])
reveal_type(Pipeline(guest=9999).fit())
flow.jobs.show(1)


async def main() -> None:
    async with AsyncFateFlow() as client:
        reveal_type(await client.jobs.show("1"))
        reveal_type(await client.tables.info("namespace", "name"))
        async for job in client.watch("1"):
            reveal_type(job)
        await client.stop("1", cause="x")
"""
_REVEALED = {
    4: "def (job_id: str) -> fateflow_tui.sdk.types.jobs.JobView",
    5: "list[fateflow_tui.sdk.types.jobs.JobLine]",
    6: "list[fateflow_tui.sdk.types.jobs.ComponentView]",
    7: "list[str]",
    8: "fateflow_tui.sdk.pipeline.run.Run",
    14: "fateflow_tui.sdk.types.jobs.JobView",
    15: "fateflow_tui.sdk.types.tables.TableInfo",
    17: "fateflow_tui.sdk.types.jobs.JobView",
}
_ERRORS = {9: "arg-type", 18: "call-arg"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _pip("wheel", "--no-deps", "--no-build-isolation", str(_ROOT), "-w", str(folder))
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment with the wheel; it borrows the dependencies from the one that runs the tests."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    _pip("--python", str(python), "install", "--no-deps", "--no-index", str(wheel))
    paths = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", paths))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    assert not any((packages / "fateflow_tui" / name).is_symlink() for name in ("commands", "store"))
    return python.parent


def test_the_wheel_holds_one_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"fateflow_tui"}
    wanted = ["py.typed", "commands/main.py", "store/__init__.py", "commands/demo_files/hetero_lr_dsl.json"]
    assert {f"fateflow_tui/{name}" for name in wanted} <= names
    data = {path.name for path in (_ROOT / "demo" / "data").iterdir()}
    assert {f"fateflow_tui/commands/demo_files/data/{name}" for name in data} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith(("commands/", "store/"))]


def test_programs_of_users_see_real_types(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(_SCRIPT, encoding="utf-8")
    words = ["--strict", "--python-executable", str(environment / "python"), "--cache-dir", "cache", "script.py"]
    found = subprocess.run(
        [sys.executable, "-m", "mypy", *words], cwd=tmp_path, env=_clean(), capture_output=True, text=True
    )
    revealed, errors = {}, {}
    for line in found.stdout.splitlines():
        place, _, text = line.removeprefix("script.py:").partition(": ")
        if "Revealed type is" in text:
            revealed[int(place)] = text.split('"')[1]
        elif text.startswith("error: "):
            errors[int(place)] = text.rpartition("[")[2].rstrip("]")
    assert (revealed, errors) == (_REVEALED, _ERRORS), found.stdout + found.stderr


def test_modules_of_the_users_folder_are_not_taken_for_those_of_the_package(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "commands").mkdir()
    for file in ("commands/__init__.py", "store.py"):
        (tmp_path / file).write_text("raise SystemExit('imported')", encoding="utf-8")
    environ = {**_clean(), "PYTHONPATH": str(tmp_path)}
    shown = subprocess.run(
        [environment / "fateflow", "--version"], cwd=tmp_path, env=environ, capture_output=True, text=True
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("fateflow ")


def _pip(*words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words], check=True, env=_clean()
    )


def _clean() -> dict[str, str]:
    """The environment, without what would let the package of the checkout be imported."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MYPYPATH")}
