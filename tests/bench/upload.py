"""How fast a CSV file becomes a table, and in how much memory, beside Polars alone turning it into one Parquet file.

    python tests/bench/upload.py [--size 1000] [--runs 3] [--folder DIR]

The file is made in DIR (some 2.5 times its size is needed there). Three ways: Polars alone, streaming, in a process
of its own; an upload of the file where it lies on the server; and one that sends it over HTTP, while the scheduler's
memory is watched. Polars may use as many threads as the upload's task has cores, which is one. Budgets: at least half
of Polars' speed, less than 400 MiB in the worker and 150 MB in the scheduler.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[2]))  # the checkout: tests share helpers as `tests.…`

from fateflow_tui.store.jobs import TinyJobStore
from tests.integration.clusters import RunningSite, standalone

COLUMNS = 20
_ALONE = """
import sys, polars as pl
pl.scan_csv(sys.argv[1], infer_schema=False, quote_char=None).sink_parquet(sys.argv[2], compression="lz4")
"""


def make(path: Path, megabytes: int) -> int:
    """Writes a file of numbers with unique ids; returns its size in bytes."""
    block = 20_000
    values = [
        ",".join(f"{(row * 7919 + column * 104729) % 999983 / 1e6:.6f}" for column in range(COLUMNS))
        for row in range(block)
    ]
    with path.open("w", encoding="utf-8") as file:
        file.write("id," + ",".join(f"x{column}" for column in range(COLUMNS)) + "\n")
        start = 0
        while file.tell() < megabytes * 1_000_000:
            file.writelines(f"{start + row:012},{value}\n" for row, value in enumerate(values))
            start += block
    return path.stat().st_size


def alone(path: Path) -> tuple[float, int]:
    """Seconds, with the start of the interpreter, and MiB at the most."""
    target = path.with_suffix(".parquet")
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", _ALONE, str(path), str(target)], env={**os.environ, "POLARS_MAX_THREADS": "1"}
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(f"Polars alone ended with {process.returncode}")
    target.unlink()
    return took, usage.ru_maxrss >> 10


def uploaded(site: RunningSite, path: Path, *, over_http: bool) -> tuple[float, int, int]:
    """Seconds until the table is there, MiB of the worker and of the scheduler at the most."""
    _reset_peak(site.pid)
    conf = {"file": str(path), "namespace": "bench", "table_name": "t", "head": 1, "partition": 4, "drop": 1}
    started = time.perf_counter()
    if over_http:
        job_id = site.flow.upload(path, table_name="t", namespace="bench", drop=True).job_id
    else:
        body = json.dumps({**conf, "use_local_data": 0})
        job_id = httpx.post(f"{site.url}/v1/data/upload", content=body, trust_env=False, timeout=60).json()["jobId"]
    line = site.flow.wait(job_id, timeout=600)
    took = time.perf_counter() - started
    if line.status != "success":
        raise RuntimeError(f"the upload ended as {line.status}: {site.flow.job(job_id).cards}")
    stored = TinyJobStore(site.home).load(job_id)
    assert stored is not None
    worker = max(task["peak_memory"] for task in stored.tables["tasks"].values())
    return took, worker, _peak(site.pid)


def _reset_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def _peak(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) >> 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1000, help="of the file, in MB")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the file and the site's home are made")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "data.csv"
        megabytes = make(path, options.size) / 1e6
        print(f"{megabytes:.0f} MB, medians of {options.runs} runs in turn", flush=True)
        floors: list[tuple[float, int]] = []
        files: list[tuple[float, int, int]] = []
        sent: list[tuple[float, int, int]] = []
        with standalone(Path(folder) / "home") as site:
            for _ in range(options.runs):
                floors.append(alone(path))
                files.append(uploaded(site, path, over_http=False))
                sent.append(uploaded(site, path, over_http=True))
    least = statistics.median(took for took, _ in floors)
    print(f"Polars alone          {megabytes / least:6.0f} MB/s               {max(mib for _, mib in floors):5} MiB")
    for name, runs in (("file on the server", files), ("sent over HTTP", sent)):
        took = statistics.median(run[0] for run in runs)
        worker, scheduler = max(run[1] for run in runs), max(run[2] for run in runs)
        print(
            f"{name:<20}  {megabytes / took:6.0f} MB/s  ratio {least / took:.2f}   {worker:5} MiB in the worker, "
            f"{scheduler} MiB in the scheduler"
        )


if __name__ == "__main__":
    main()
