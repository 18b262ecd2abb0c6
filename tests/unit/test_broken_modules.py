"""Modules that cannot be loaded: reported by the catalog and by the doctor."""

from __future__ import annotations

from pathlib import Path

import pytest

from fateflow_tui.artifacts.home import Home
from fateflow_tui.components.catalog import BUILT_IN, load_catalog
from fateflow_tui.core.document import examine_job
from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.runtime.home.doctor import checks
from fateflow_tui.runtime.site_config import SiteConfig


def test_facts_of_a_broken_module_are_a_failure_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILT_IN, "Sleep", "no_such_package.sleep:Sleep")
    catalog = load_catalog()
    with pytest.raises(ComponentFailed, match=r"Sleep cannot be loaded: ModuleNotFoundError.*no_such_package"):
        catalog.facts("Sleep")
    assert catalog.facts("NoSuch") is None
    dsl = {"components": {"sleep_0": {"module": "Sleep"}}}
    _, problems = examine_job(dsl, {}, catalog)
    assert [problem.code for problem in problems if "no_such_package" in problem.message] == ["ModuleConfigError"]


def test_the_doctor_names_what_cannot_be_loaded(tmp_path: Path) -> None:
    home = Home(tmp_path)
    found = {check.name: check for check in checks(home, SiteConfig(), {})}
    assert found["modules"].ok
    found = {check.name: check for check in checks(home, SiteConfig(), {"mine.py": "SyntaxError: invalid syntax"})}
    assert not found["modules"].ok
    assert "mine.py: SyntaxError" in found["modules"].text
    assert found["modules"].hint
