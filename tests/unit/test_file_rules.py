"""Which files users may name, in requests and in jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from fateflow_tui.components.catalog import load_catalog
from fateflow_tui.core.errors import BadRequest, PartyRefused
from fateflow_tui.core.ids import Party
from fateflow_tui.core.plan import JobOptions, PartyDocument, Resources, TaskPlan
from fateflow_tui.runtime.jobs.admission import FileRules
from fateflow_tui.runtime.site_config import SiteConfig

LOCAL = Party("local", "0")


def rules(folder: Path, **settings: object) -> FileRules:
    return FileRules(SiteConfig(**settings), folder / "uploads", load_catalog())  # type: ignore[arg-type]


def document(module: str, **parameters: object) -> PartyDocument:
    tasks = [TaskPlan("only_0", module, [], parameters)]
    need = Resources()
    return PartyDocument("j", LOCAL, LOCAL, {"local": [0]}, {}, {}, {}, tasks, need, need, JobOptions())


def test_on_a_standalone_loopback_site_files_are_the_users_own(tmp_path: Path) -> None:
    for host in ("127.0.0.1", "127.0.0.9", "localhost", "::1"):
        assert rules(tmp_path, host=host).named(str(tmp_path / "a.csv")) == tmp_path / "a.csv"
    with pytest.raises(BadRequest, match="not an absolute path"):
        rules(tmp_path).named("a.csv")


@pytest.mark.parametrize("settings", [{"parties": ["9999"]}, {"host": "10.0.0.7"}, {"host": ""}, {"host": "::"}])
def test_elsewhere_files_lie_below_a_data_root(tmp_path: Path, settings: dict[str, object]) -> None:
    judge = rules(tmp_path, data_roots=[str(tmp_path / "data")], **settings)
    assert judge.named(str(tmp_path / "data" / "a.csv")) == tmp_path / "data" / "a.csv"
    assert judge.named("a.csv") == tmp_path / "data" / "a.csv"
    for name in (tmp_path / "other.csv", tmp_path / "data" / ".." / "other.csv", "../other.csv", tmp_path / "data2"):
        with pytest.raises(PartyRefused):
            judge.named(str(name))


def test_a_link_out_of_a_data_root_is_followed_before_it_is_judged(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to("/etc")
    judge = rules(tmp_path, parties=["9999"], data_roots=[str(tmp_path / "data")])
    with pytest.raises(PartyRefused):
        judge.named(str(tmp_path / "data" / "link" / "passwd"))


@pytest.mark.parametrize("name", ["a\0b", "~nobody-of-that-name/a.csv"])
def test_names_that_mean_no_file_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadRequest):
        rules(tmp_path).named(name)


@pytest.mark.parametrize(
    ("module", "word"), [("Upload", "file"), ("Download", "output_path"), ("Writer", "output_path")]
)
def test_a_job_may_name_what_a_request_may(tmp_path: Path, module: str, word: str) -> None:
    judge = rules(tmp_path, parties=["9999"], data_roots=[str(tmp_path / "data")])
    refusal = judge.refusal(document(module, **{word: "/etc/passwd"}))
    assert refusal is not None
    assert "only_0: files on this site can be named only below its data roots" in refusal.message
    for allowed in (tmp_path / "data" / "a.csv", tmp_path / "uploads" / "0a1b", ""):
        assert judge.refusal(document(module, **{word: str(allowed)})) is None
    assert judge.refusal(document("Reader", file="/etc/passwd")) is None
    assert rules(tmp_path).refusal(document(module, **{word: "/etc/passwd"})) is None
