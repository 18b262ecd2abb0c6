"""`fateflow watch` as people and scripts use it: documents edited on disk, a real scheduler, real jobs."""

from __future__ import annotations

import codecs
import json
import os
import pty
import queue
import re
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from fateflow_tui.core.cells import width
from fateflow_tui.core.errors import JobNotFound
from fateflow_tui.core.status import Status
from tests.contract.command_line import CommandLine
from tests.integration.clusters import RunningSite, fate_job, sleep_job, standalone
from tests.integration.test_models import GUEST_TABLE, HOST_TABLE, scores

ALL = ["reader_0", "dataio_0", "intersection_0", "hetero_lr_0", "evaluation_0"]
_PATIENCE = 30.0  # seconds for one event

_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

Event = dict[str, Any]


class Documents:
    """The two files that somebody edits."""

    def __init__(self, folder: Path, dsl: dict[str, Any], conf: dict[str, Any]) -> None:
        self.dsl, self.conf = folder / "dsl.json", folder / "conf.json"
        self.dsl.write_text(json.dumps(dsl, indent=2))
        self.conf.write_text(json.dumps(conf, indent=2))

    def edit(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Changes the common component parameters and saves them."""
        conf = json.loads(self.conf.read_text())
        change(conf["component_parameters"]["common"])
        self.conf.write_text(json.dumps(conf, indent=2))


class Watcher:
    """A running `fateflow watch ... --json`; its lines come one after the other."""

    def __init__(self, site: RunningSite, documents: Documents, *options: str) -> None:
        self._process = CommandLine(site.home, documents.dsl.parent).start(
            "watch", "dsl.json", "conf.json", "--json", *options
        )
        self.seen: list[Event] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def until(self, event: str) -> Event:
        """The next event of that kind."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                line = self._lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                pytest.fail(f"no {event} within {_PATIENCE:g} s, only {self.kinds()[-9:]}")
            assert line is not None, f"the command ended: {self.seen[-3:]}"
            found: Event = json.loads(line)
            self.seen.append(found)
            if found["event"] == event:
                return found

    def kinds(self) -> list[str]:
        return [event["event"] for event in self.seen if event["event"] != "moved"]

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> int:
        """Return the exit code; stderr must be empty."""
        assert self._process.stderr is not None
        code = self._process.wait(timeout=_PATIENCE)
        self._reader.join()
        assert self._process.stderr.read() == ""
        while (line := self._lines.get_nowait()) is not None:
            self.seen.append(json.loads(line))
        return code

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


class Terminal:
    """`fateflow watch --run` on a terminal of its own; what it draws."""

    def __init__(self, site: RunningSite, documents: Documents, columns: int, **environment: str) -> None:
        line = CommandLine(site.home, documents.dsl.parent)
        self._ours, its = pty.openpty()
        self._process = subprocess.Popen(
            line.words("watch", "dsl.json", "conf.json", "--run"),
            env={**line.environment, "TERM": "xterm-256color", "LINES": "40", "COLUMNS": str(columns), **environment},
            cwd=line.folder,
            stdin=its,
            stdout=its,
            stderr=its,
        )
        os.close(its)
        self.drawn = ""
        self._seen = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def until(self, text: str) -> str:
        """What is drawn next, up to that text."""
        deadline = time.monotonic() + _PATIENCE
        while (place := self.drawn.find(text, self._seen)) < 0:
            ready, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{text!r} was not drawn within {_PATIENCE:g} s: {self.drawn[self._seen :]}"
            self.drawn += self._decoder.decode(os.read(self._ours, 65_536))
        piece = self.drawn[self._seen : place + len(text)]
        self._seen = place + len(text)
        return piece


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[RunningSite]:
    with standalone(tmp_path_factory.mktemp("standalone")) as running:
        for name in (GUEST_TABLE, HOST_TABLE):
            running.upload(name, shared / "fate" / "data" / f"{name}.csv")
        yield running


@pytest.fixture
def watch(site: RunningSite) -> Iterator[Callable[..., Watcher]]:
    """Starts watchers, which end with the test."""
    started: list[Watcher] = []

    def start(documents: Documents, *options: str) -> Watcher:
        started.append(Watcher(site, documents, *options))
        return started[-1]

    yield start
    for watcher in started:
        watcher.close()


def lr_documents(folder: Path, shared: Path) -> Documents:
    return Documents(folder, *fate_job(shared, "hetero_lr_normal", {"max_iter": 3}))


def sleeping(folder: Path, *seconds: float) -> Documents:
    """A chain of components that sleep, each for so long."""
    dsl, conf = sleep_job(len(seconds), {"guest": [9999], "host": [10000]})
    conf["component_parameters"]["common"] = {f"sleep_{i}": {"seconds": each} for i, each in enumerate(seconds)}
    return Documents(folder, dsl, conf)


def reused(site: RunningSite, job_id: str) -> list[str]:
    return [one.name for one in site.flow.job(job_id).components if one.reused_from]


@pytest.mark.slow
def test_only_what_is_edited_and_what_needs_it_runs(
    site: RunningSite, shared: Path, tmp_path: Path, watch: Callable[..., Watcher]
) -> None:
    documents = lr_documents(tmp_path, shared)
    watcher = watch(documents, "--run")
    first = watcher.until("ended")
    assert (first["status"], first["run"], first["reused"]) == ("success", ALL, [])

    documents.edit(lambda common: common["evaluation_0"].update(unfold_multi_result=True))
    plan, evaluated = watcher.until("planned"), watcher.until("ended")
    assert (plan["source"], plan["run"], plan["reuse"]) == (first["job_id"], ["evaluation_0"], ALL[:4])
    [step] = [step for step in plan["components"] if step["action"] == "run"]
    assert (step["change"], step["paths"]) == ("parameters", ["unfold_multi_result"])
    assert (evaluated["status"], evaluated["run"], evaluated["reused"]) == ("success", ["evaluation_0"], ALL[:4])
    assert reused(site, evaluated["job_id"]) == ALL[:4]
    assert site.auc(evaluated["job_id"]) == pytest.approx(site.auc(first["job_id"]), abs=1e-12)
    kept, made = (scores(site, one["job_id"])["predict_score"].to_list() for one in (evaluated, first))
    assert kept == pytest.approx(made, abs=1e-12)

    documents.edit(lambda common: common["hetero_lr_0"].update(alpha=0.02))
    plan, trained = watcher.until("planned"), watcher.until("ended")
    assert plan["run"] == ["hetero_lr_0", "evaluation_0"]
    why = {step["component"]: step["why"] for step in plan["components"]}
    assert why["hetero_lr_0"] == "parameters changed: alpha 0.01 → 0.02"
    assert why["evaluation_0"] == "needs hetero_lr_0"
    assert (trained["run"], trained["reused"]) == (["hetero_lr_0", "evaluation_0"], ALL[:3])
    auc = {score["metric"]: score for score in trained["scores"]}["auc"]
    assert auc["value"] == pytest.approx(site.auc(trained["job_id"]))
    assert auc["before"] == pytest.approx(site.auc(evaluated["job_id"]))

    whole = site.flow.submit(documents.dsl, documents.conf)
    assert site.flow.wait(whole.job_id, timeout=100).status is Status.SUCCESS
    assert reused(site, whole.job_id) == []
    partly, wholly = (scores(site, one)["predict_score"].to_list() for one in (trained["job_id"], whole.job_id))
    assert partly == pytest.approx(wholly, abs=1e-6)
    assert site.auc(trained["job_id"]) == pytest.approx(site.auc(whole.job_id), abs=1e-6)
    assert watcher.interrupt() == 130


def test_problems_are_shown_and_the_next_valid_save_runs(
    site: RunningSite, tmp_path: Path, watch: Callable[..., Watcher]
) -> None:
    documents = sleeping(tmp_path, 0, 0)
    watcher = watch(documents, "--run")
    watcher.until("ended")
    good = documents.conf.read_text()
    documents.conf.write_text(good.replace('"sleep_1": {', '"sleep_1": ,{'))
    broken = watcher.until("linted")
    [problem] = broken["problems"]
    assert broken["errors"] == 1
    assert problem["file"] == "conf.json"
    assert problem["source"][problem["column"] - 1] == ","
    lines = documents.conf.read_text().splitlines()
    assert lines[problem["line"] - 1] == problem["source"]

    misspelt = good.replace('"seconds"', '"secnods"')
    documents.conf.write_text(misspelt)
    assert {one["suggestion"] for one in watcher.until("linted")["problems"]} == {"seconds"}
    documents.conf.unlink()
    assert "conf.json" in watcher.until("unreadable")["message"]
    documents.conf.write_text(good.replace('"seconds": 0', '"seconds": 0.1'))
    assert watcher.until("ended")["status"] == "success"
    assert watcher.kinds()[-5:] == ["saved", "linted", "planned", "submitted", "ended"]
    assert watcher.interrupt() == 130


def test_rapid_saves_run_once(site: RunningSite, tmp_path: Path, watch: Callable[..., Watcher]) -> None:
    documents = sleeping(tmp_path, 0, 0.01)
    watcher = watch(documents, "--run")
    watcher.until("ended")
    for number in range(2, 12):
        documents.edit(lambda common, number=number: common["sleep_1"].update(seconds=number / 1000))
    ended = watcher.until("ended")
    assert watcher.kinds()[-5:] == ["saved", "linted", "planned", "submitted", "ended"]
    assert watcher.kinds().count("submitted") == 2
    assert site.flow.jobs.config(ended["job_id"])["runtime_conf"]["component_parameters"]["common"]["sleep_1"] == {
        "seconds": 0.011
    }
    # By renaming, as many editors do.
    beside = tmp_path / ".conf.json.new"
    beside.write_text(documents.conf.read_text().replace("0.011", "0.012"))
    os.replace(beside, documents.conf)
    assert watcher.until("ended")["run"] == ["sleep_1"]
    assert watcher.interrupt() == 130


def test_only_a_superseded_job_is_stopped(site: RunningSite, tmp_path: Path, watch: Callable[..., Watcher]) -> None:
    documents = sleeping(tmp_path, 0.06, 300)
    watcher = watch(documents, "--run")
    old = watcher.until("submitted")["job_id"]
    while (moved := watcher.until("moved"))["component"] != "sleep_1" or moved["status"] != "running":
        continue
    good = documents.conf.read_text()
    documents.conf.write_text(good + "}")
    assert watcher.until("kept")["why"] == "the documents have errors"
    documents.conf.write_text(good.replace("  ", "   "))
    assert watcher.until("kept") == {
        "event": "kept",
        "at": watcher.seen[-1]["at"],
        "job_id": old,
        "why": "the content of the documents has not changed",
    }
    assert site.flow.job(old).status is Status.RUNNING

    documents.edit(lambda common: common["sleep_1"].update(seconds=0.05))
    stopped = watcher.until("superseded")
    assert (stopped["job_id"], stopped["status"]) == (old, "canceled")
    ended = watcher.until("ended")
    assert (ended["status"], ended["run"], ended["reused"]) == ("success", ["sleep_1"], ["sleep_0"])
    view = site.flow.job(old)
    assert view.status is Status.CANCELED
    assert view.stop is not None
    assert "documents have changed" in view.stop.reason
    assert watcher.interrupt() == 130


def test_a_failure_shows_its_card_and_watching_continues(
    site: RunningSite, shared: Path, tmp_path: Path, watch: Callable[..., Watcher]
) -> None:
    documents = lr_documents(tmp_path, shared)
    good = documents.dsl.read_text()
    dsl = {"components": {name: json.loads(good)["components"][name] for name in ALL[:2]}}
    documents.dsl.write_text(json.dumps(dsl))
    documents.edit(lambda common: [common.pop(name) for name in ALL[3:]])
    conf = documents.conf.read_text()
    documents.conf.write_text(conf.replace('"with_label": true', '"with_label": true, "label_name": "nope"'))
    watcher = watch(documents, "--run")
    ended = watcher.until("ended")
    assert (ended["status"], ended["exit_code"]) == ("failed", 1)
    card, *others = ended["cards"]
    assert card["component"] == "dataio_0"
    assert "nope" in card["cause"]
    # The host's part may have run when the guest's failed; it was canceled for that.
    assert [other["kind"] for other in others] in ([], ["canceled"])
    documents.conf.write_text(conf)
    ended = watcher.until("ended")
    assert (ended["status"], ended["cards"]) == ("success", [])
    assert watcher.interrupt() == 130


def test_an_interrupted_job_continues(site: RunningSite, tmp_path: Path, watch: Callable[..., Watcher]) -> None:
    watcher = watch(sleeping(tmp_path, 300), "--run")
    job_id = watcher.until("submitted")["job_id"]
    watcher.until("moved")
    assert watcher.interrupt() == 130
    assert watcher.seen[-1] == {"event": "left", "at": watcher.seen[-1]["at"], "job_id": job_id}
    assert not site.flow.job(job_id).status.ended
    site.flow.stop(job_id)


def test_one_round_ends_with_its_outcome(site: RunningSite, tmp_path: Path) -> None:
    documents = sleeping(tmp_path, 0, 0.02)
    cli = CommandLine(site.home, tmp_path)
    before = site.flow.jobs(1)
    planned = cli("watch", "dsl.json", "conf.json", "--once")
    assert re.search(r"(▶ run|\+ new) +sleep_1 ", planned.out)  # new if the newest job here has no sleep_1
    assert site.flow.jobs(1) == before

    ran = cli("watch", "dsl.json", "conf.json", "--run", "--once")
    assert "✓ success" in ran.out
    assert "\x1b" not in ran.out + ran.err
    again = cli("watch", "dsl.json", "conf.json", "--run", "--once")
    assert "↻ reuse  sleep_0  unchanged" in again.out
    assert again.out.endswith("✓ nothing to run\n")
    named = cli("watch", "dsl.json", "conf.json", "--run", "--once", "-o", "name").out
    assert named.strip() == site.flow.jobs(1)[0].job_id
    rerun = cli("watch", "dsl.json", "conf.json", "--run", "--once", "--no-reuse")
    assert "reuse is off" in rerun.out
    assert "2 run, 0 reused" in rerun.out

    good = documents.conf.read_text()
    documents.conf.write_text(good.replace('"seconds"', '"secnods"', 1))
    wrong = cli("watch", "dsl.json", "conf.json", "--run", "--once", code=2)
    lines = wrong.out.splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("conf.json:"))
    assert re.fullmatch(r"conf\.json:\d+:\d+: error: .*secnods.*", lines[place])
    assert lines[place + 1][lines[place + 2].index("^") :].startswith('"secnods"')
    assert lines[place + 3 :] == ["  did you mean seconds?", "✗ 1 error"]

    documents.conf.unlink()
    assert cli("watch", "dsl.json", "conf.json", "--once", code=2).err.startswith("error: cannot read conf.json")
    assert cli("watch", "dsl.json", "dsl.json", "--once", "-o", "yaml", code=2).err.startswith("error: watch has no")


def test_the_scheduler_may_be_unreachable_for_a_while(
    site: RunningSite, tmp_path: Path, watch: Callable[..., Watcher]
) -> None:
    documents = sleeping(tmp_path, 0, 0.07)
    watcher = watch(documents, "--run")
    assert watcher.until("ended")["status"] == "success"
    site.stop()
    documents.edit(lambda common: common["sleep_1"].update(seconds=0.08))
    assert watcher.until("failed")["exit_code"] == 3
    site.start()
    documents.edit(lambda common: common["sleep_1"].update(seconds=0.09))
    assert watcher.until("ended")["run"] == ["sleep_1"]
    assert watcher.interrupt() == 130


@pytest.mark.parametrize("columns", [80, 140])
def test_on_a_terminal_the_progress_is_below_earlier_lines(site: RunningSite, tmp_path: Path, columns: int) -> None:
    documents = sleeping(tmp_path, columns / 10_000, 300)
    with Terminal(site, documents, columns) as terminal:
        terminal.until("sleep_1  Sleep  G▶ H▶")
        good = documents.conf.read_text()
        documents.conf.write_text(good.replace('"seconds"', '"secnods"', 1))
        output = terminal.until("continues: the documents have errors")
        assert "\x1b[1;31m^~~~~~~~~\x1b[0m" in output
        redrawn = terminal.until("sleep_1  Sleep  G▶ H▶")
        assert "\x1b[1A" not in redrawn.partition("▶ running")[0], "earlier lines are erased"
        documents.conf.write_text(good.replace('"seconds": 300', '"seconds": 0.001'))
        terminal.until("stopped job")
        terminal.until("1 run, 1 reused")
        text = _STEERING.sub("", terminal.drawn)
        result = [line for line in text.splitlines() if "─" in line or "plan" in line or "error" in line]
        assert all(width(line) <= columns for line in result)
        assert any(line.startswith("── ") and width(line) == columns for line in result)


def test_without_colors_the_marks_are_the_same(site: RunningSite, tmp_path: Path) -> None:
    documents = sleeping(tmp_path, 0, 0.003)
    with Terminal(site, documents, 80, NO_COLOR="1") as terminal:
        terminal.until("✓ success")
        documents.conf.write_text(documents.conf.read_text() + "]")
        terminal.until("✗ 1 error")
        assert not re.search(r"\x1b\[([0-9]+;)*[34][0-7]m", terminal.drawn), "there are colours"
        assert "^" in terminal.drawn


def test_without_a_scheduler_one_round_fails(tmp_path: Path) -> None:
    sleeping(tmp_path, 0)
    cli = CommandLine(tmp_path / "home", tmp_path)
    result = cli("watch", "dsl.json", "conf.json", "--once", "--no-start", code=3)
    assert "no scheduler is running on" in result.err
    lines = cli("watch", "dsl.json", "conf.json", "--once", "--no-start", "--json", code=3).out.splitlines()
    assert json.loads(lines[-1])["event"] == "failed"
    assert json.loads(lines[-1])["exit_code"] == 3


def test_a_submission_reports_the_reused_components(site: RunningSite, tmp_path: Path) -> None:
    sleeping(tmp_path, 0, 0.03)
    cli = CommandLine(site.home, tmp_path)
    submit = ("job", "submit", "-d", "dsl.json", "-c", "conf.json")
    first = cli(*submit, "-o", "name").out.strip()
    cli("job", "wait", first)
    second = cli(*submit, "--reuse")
    assert f"↻ 2 of 2 components are reused from job {first}: sleep_0, sleep_1" in second.err
    third = cli(*submit, "--reuse-from", second.out.strip(), "--watch")
    for result in (third.out, cli("job", "show", "@last").out):
        assert re.search(rf"↻ reused +sleep_1 +Sleep +G✓ H✓ +from {second.out.strip()}", result)
    assert f"  ↻ reused  sleep_1  from {second.out.strip()}" in third.err.splitlines()
    documents = sleeping(tmp_path, 0.04, 0.04)
    assert documents.dsl.exists()
    assert "nothing is reused; all 2 components run" in cli(*submit, "--reuse").err
    assert cli(*submit, "--reuse-from", "20200101", code=5).err.startswith("error: there is no job")


def test_a_replaced_table_prevents_reuse(site: RunningSite, shared: Path, tmp_path: Path) -> None:
    dsl, conf = fate_job(shared, "hetero_lr_normal")
    for name in ALL[2:]:
        dsl["components"].pop(name)
        conf["component_parameters"]["common"].pop(name, None)
    job = site.flow.submit(dsl, conf)
    assert site.flow.wait(job.job_id, timeout=60).status is Status.SUCCESS
    before = site.flow.jobs.reuse_plan(dsl, conf, job.job_id)
    assert {step.action for step in before.components} == {"reuse"}
    off = site.flow.jobs.reuse_plan(dsl, conf, False)
    assert {step.change for step in off.components} == {"off"}
    site.upload(HOST_TABLE, shared / "fate" / "data" / f"{HOST_TABLE}.csv")
    after = site.flow.jobs.reuse_plan(dsl, conf, job.job_id)
    assert (after.source, after.compared) == (None, job.job_id)
    assert [(step.action, step.change) for step in after.components] == [("run", "lost"), ("run", "upstream")]
    assert after.components[0].why == "its table data has changed or no longer exists at host:10000"
    with pytest.raises(JobNotFound):
        site.flow.jobs.reuse_plan(dsl, conf, "20200101000000000000001")
