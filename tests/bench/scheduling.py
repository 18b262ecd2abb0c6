"""What scheduling costs: time per component beyond its work, beside peers that make fewer promises.

    python tests/bench/scheduling.py [--runs 5] [--only NAME ...]

Each case is a chain of components that do nothing, one process per task. fateflow saves every state durably before it
acts on it; of the peers, luigi and doit keep nothing that survives a crash, and the plain loop keeps nothing at all.
Needs the extra `bench`. Figures are medians; the machine's own speed drifts, so compare within one run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # the checkout: tests share helpers as `tests.…`

from tests.integration.clusters import RunningSite, sleep_job, standalone, three_sites

LONG, SHORT = 100, 20
ONE = {"guest": [9999]}
THREE = {"guest": [9999], "host": [10000], "arbiter": [10001]}
SITES = ("guest:9999", "host:10000", "arbiter:10001")

Measure = Callable[[], float]


def fateflow(site: RunningSite, count: int, roles: dict[str, list[int]]) -> float:
    """Milliseconds per component, from the moment the job was submitted until it had ended."""
    job = site.flow.submit(*sleep_job(count, roles))
    line = site.flow.wait(job.job_id, timeout=120)
    if line.status != "success":
        raise RuntimeError(f"the chain ended as {line.status}: {line.reason}")
    return (line.ended_at - line.created_at) / count


def first_task(site: RunningSite) -> float:
    """Milliseconds from before the submit call until the first task, which does nothing, has run."""
    asked = time.time() * 1000
    job = site.flow.submit(*sleep_job(1, ONE))
    return site.flow.wait(job.job_id, timeout=60).ended_at - asked


def plain_spawns() -> float:
    started = time.perf_counter()
    for _ in range(LONG):
        subprocess.run([sys.executable, "-S", "-c", ""], check=True)
    return (time.perf_counter() - started) * 1000 / LONG


def plain_forks() -> float:
    started = time.perf_counter()
    for _ in range(LONG):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    return (time.perf_counter() - started) * 1000 / LONG


_LUIGI = """
import luigi, sys
class Link(luigi.Task):
    number = luigi.IntParameter()
    folder = luigi.Parameter()
    def requires(self):
        return Link(self.number - 1, self.folder) if self.number else []
    def output(self):
        return luigi.LocalTarget(f"{self.folder}/{self.number}")
    def run(self):
        self.output().open("w").close()
assert luigi.build([Link(int(sys.argv[1]) - 1, sys.argv[2])], local_scheduler=True, workers=2, log_level="ERROR")
"""

_DOIT = """
DOIT_CONFIG = {"verbosity": 0}
def task_link():
    for n in range(%d):
        yield {"name": str(n), "actions": ["true"], "task_dep": [f"link:{n - 1}"] if n else []}
"""


def luigi() -> float:
    """Without the start of the interpreter; two workers, so that tasks run in processes of their own."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "chain.py"
        program.write_text(_LUIGI)
        return _program([sys.executable, "-W", "ignore", str(program)], folder)


def doit() -> float:
    """Without the start of the interpreter; each action is a shell process."""
    with tempfile.TemporaryDirectory() as folder:

        def run(count: int) -> float:
            (Path(folder) / "dodo.py").write_text(_DOIT % count)
            (Path(folder) / ".doit.db").unlink(missing_ok=True)
            started = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "doit", "-f", f"{folder}/dodo.py", "-d", folder],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            return time.perf_counter() - started

        return (run(LONG) - run(1)) * 1000 / (LONG - 1)


def _program(command: list[str], folder: str) -> float:
    def run(count: int) -> float:
        target = tempfile.mkdtemp(dir=folder)
        started = time.perf_counter()
        subprocess.run([*command, str(count), target], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started

    return (run(LONG) - run(1)) * 1000 / (LONG - 1)


@contextmanager
def cases() -> Iterator[dict[str, tuple[Measure, str]]]:
    """Every case with its budget, and the sites they need."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with standalone(home / "one") as one, three_sites(home / "three", SITES) as (guest, *_):
            yield {
                f"fateflow, {LONG} components, 1 party": (lambda: fateflow(one, LONG, ONE), "15"),
                f"fateflow, {SHORT} components, 3 parties, 1 site": (lambda: fateflow(one, SHORT, THREE), "30"),
                f"fateflow, {SHORT} components, 3 parties, 3 sites": (lambda: fateflow(guest, SHORT, THREE), "40"),
                "fateflow, submit until the first task has run": (lambda: first_task(one), "150"),
                f"luigi, {LONG} tasks, 2 workers": (luigi, ""),
                f"doit, {LONG} tasks": (doit, ""),
                f"plain loop, {LONG} interpreters": (plain_spawns, ""),
                f"plain loop, {LONG} forks": (plain_forks, ""),
            }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[], help="words that a case's name must contain")
    options = parser.parse_args()
    print(f"{'case':<52} {'median':>8} {'min':>8} {'max':>8} {'budget':>8}   (ms; {options.runs} runs after one more)")
    with cases() as table:
        for name, (measure, budget) in table.items():
            if not all(word in name for word in options.only):
                continue
            measure()
            figures = [measure() for _ in range(options.runs)]
            median = statistics.median(figures)
            print(f"{name:<52} {median:>8.1f} {min(figures):>8.1f} {max(figures):>8.1f} {budget:>8}", flush=True)


if __name__ == "__main__":
    main()
