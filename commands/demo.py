"""`fateflow demo`: a complete federated job on this machine, from two CSV files to an AUC."""

from __future__ import annotations

import csv
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.errors import OK, of_status
from fateflow_tui.commands.groups import Command, prints
from fateflow_tui.commands.output import columns
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import BadRequest, Conflict, FateFlowError, NotFound
from fateflow_tui.core.formatting import duration
from fateflow_tui.views.jobs import job_lines
from fateflow_tui.views.text import plain

if TYPE_CHECKING:
    from fateflow_tui.sdk import FateFlow


def demo_files() -> Path:
    """Return the directory with the job documents and data: in the package, or `demo` of the checkout."""
    packaged = Path(__file__).parent / "demo_files"
    candidates = (packaged, Path(__file__).resolve().parents[1] / "demo")
    for folder in candidates:
        if (folder / "hetero_lr_dsl.json").is_file():
            return folder
    raise NotFound(f"demo files found neither in {candidates[0]} nor in {candidates[1]}")


_COPIED: Final = (
    "hetero_lr_dsl.json",
    "hetero_lr_conf.json",
    "wrong_label_conf.json",
    "data/guest.csv",
    "data/host.csv",
)


def copy_files(folder: Path) -> list[CopiedFile]:
    """Copy the job documents and tables into a directory. Files there that differ are left. Raises Conflict."""
    source = demo_files()
    for name in _COPIED:
        file = folder / name
        if file.exists() and file.read_bytes() != (source / name).read_bytes():
            raise Conflict(f"{file} exists and differs from the demo's", hint="choose another directory")
    for name in _COPIED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, folder / name)
    return [CopiedFile(str(folder / name)) for name in _COPIED]


def joined_auc(guest: Path, host: Path) -> float:
    """Return the training AUC of a logistic regression on the joined tables."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    guest_rows, host_rows = _rows(guest), _rows(host)
    common = sorted(guest_rows.keys() & host_rows.keys())
    features = [guest_rows[key][1:] + host_rows[key] for key in common]
    labels = [guest_rows[key][0] for key in common]
    scores = LogisticRegression(max_iter=1_000).fit(features, labels).predict_proba(features)[:, 1]
    return float(roc_auc_score(labels, scores))


def _rows(path: Path) -> dict[str, list[float]]:
    """Return the numbers of a CSV file by id, which is the first column."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        return {key: [float(value) for value in values] for key, *values in reader}


app = typer.Typer(add_completion=False)

NAMESPACE: Final = "demo"
_FIRST_PORT: Final = 9381
SITES: Final = {"guest": "guest:9999", "host": "host:10000", "arbiter": "arbiter:10001"}
TABLES: Final = {"guest": "breast_guest", "host": "breast_host"}


class DemoResult(msgspec.Struct, frozen=True):
    """The result of the demo. seconds: duration. joined_auc: of scikit-learn on the joined table."""

    job_id: str
    status: str
    sites: int
    auc: float | None
    ks: float | None
    joined_auc: float
    seconds: float


class CopiedFile(msgspec.Struct, frozen=True):
    """A file that was copied."""

    file: str


@app.command(cls=Command)
@prints("DemoResult | list[CopiedFile]")
def demo(
    ctx: typer.Context,
    sites: Annotated[int, typer.Option(metavar="N", help="1, or 3 for one site per party.")] = 1,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the three sites running.")] = False,
    files: Annotated[
        Path | None,
        typer.Option("--files", metavar="DIR", help="Only copy the job documents and tables into this directory."),
    ] = None,
) -> int:
    """Train a logistic regression on the tables of two parties.

    Neither party sees the other's table. The guest has the label and ten columns of scikit-learn's breast cancer data,
    the host has twenty more columns, and an arbiter holds the key. The result is compared with a regression on the
    joined table.

    Examples:
    fateflow demo
    fateflow demo --sites 3
    fateflow demo --sites 3 --keep
    fateflow demo --files demo
    """
    session = context.of(ctx)
    if files is not None:
        copied = copy_files(files)
        session.output.listing(copied, ("FILE",), lambda one: [one.file], lambda one: one.file)
        return OK
    began = time.monotonic()
    if sites not in (1, 3):
        raise BadRequest(f"invalid --sites {sites}: expected 1 or 3")
    if keep and sites == 1:
        raise BadRequest("--keep requires --sites 3", hint="the scheduler of one site keeps running anyway")
    source = demo_files()
    with ExitStack() as stack:
        if sites == 3:
            homes = {name: session.home / "sites" / name for name in SITES}
            flows = _three_sites(session, homes, keep, stack)
        else:
            flows = dict.fromkeys(SITES, session.flow)
        for name, table in TABLES.items():
            _upload(session, flows[name], source / "data" / f"{name}.csv", table)
        result = _train(session, flows["guest"], source, sites, began)
    session.output.record(result, _lines, lambda one: one.job_id)
    if of_status(result.status) == OK:
        for line in _next_steps(session, sites):
            session.output.info(line)
    return of_status(result.status)


def _upload(session: context.Session, flow: FateFlow, file: Path, table: str) -> None:
    session.output.info(f"uploading {file.name} as {NAMESPACE}.{table}")
    submitted = flow.upload(file, table_name=table, namespace=NAMESPACE, drop=True)
    job = flow.wait(submitted.job_id)
    if not job.status.succeeded:
        raise FateFlowError(f"upload of {file} {job.status}: {job.reason}", hint=f"fateflow job why {job.job_id}")


def _train(session: context.Session, flow: FateFlow, files: Path, sites: int, began: float) -> DemoResult:
    from fateflow_tui.commands.progress import print_failure_cards, watch

    submitted = flow.submit(files / "hetero_lr_dsl.json", files / "hetero_lr_conf.json")
    session.output.info(f"submitted {submitted.job_id}")
    job = watch(session, submitted.job_id, flow=flow)
    for line in job_lines(job, now_ms()):
        session.output.info(plain(line))
    found: dict[str, float] = {}
    if job.status.succeeded:
        for series in flow.metrics(job.job_id, "evaluation_0", SITES["guest"]).values():
            found.update((key, value) for one in series.values() for key, value, *_ in one.data if isinstance(key, str))
    else:
        print_failure_cards(session, job)
    joined = joined_auc(files / "data" / "guest.csv", files / "data" / "host.csv")
    return DemoResult(
        job.job_id, job.status, sites, found.get("auc"), found.get("ks"), joined, time.monotonic() - began
    )


def _three_sites(session: context.Session, homes: dict[str, Path], keep: bool, stack: ExitStack) -> dict[str, FateFlow]:
    """Start three schedulers, each with one party, that trust one another. Those that were started are stopped when
    `stack` closes, unless `keep` is set.

    Each home saves its port at its first start, because the other sites know it by this port.
    """
    from fateflow_tui.sdk import FateFlow, local

    urls: dict[str, str] = {}
    ports = dict(zip(SITES, _free_ports(len(SITES)), strict=True))
    for name, party in SITES.items():
        site = local.status(homes[name])
        if site is None:
            first = not (homes[name] / "site.toml").exists()
            site = local.start(homes[name], port=ports[name] if first else None, parties=[party], name=name)
            if not keep:
                stack.callback(local.stop, homes[name])
        session.output.info(f"{party} runs at {site.url}, home {site.home}")
        urls[name] = site.url
    flows = {name: stack.enter_context(FateFlow(home=homes[name])) for name in SITES}
    for here, flow in flows.items():
        for there, party in SITES.items():
            if there != here:
                flow.add_party(party, urls[there])
                flow.trust_party(party)
    return flows


def _free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that are free at the moment, after the default port of a scheduler."""
    found: list[int] = []
    for port in range(_FIRST_PORT, 65_536):
        if len(found) == count:
            break
        with socket.socket() as candidate, suppress(OSError):
            candidate.bind(("127.0.0.1", port))
            found.append(port)
    return found


def _lines(result: DemoResult) -> Iterator[str]:
    if result.auc is not None and result.ks is not None:
        rows = [
            ["", "AUC", "KS"],
            ["federated, 3 parties", f"{result.auc:.4f}", f"{result.ks:.4f}"],
            ["scikit-learn on the joined table", f"{result.joined_auc:.4f}", ""],
        ]
        yield from ("  ".join(row).rstrip() for row in columns(rows))
    yield f"job {result.job_id} ended with status {result.status} after {duration(int(result.seconds * 1000))}"


def _next_steps(session: context.Session, sites: int) -> Iterator[str]:
    from fateflow_tui.sdk import local

    home = session.home / "sites" / "guest" if sites == 3 else session.home
    program = "fateflow" if shutil.which("fateflow") else sys.argv[0]
    if sites == 3:
        running = local.is_running(home)
        verb = "stop" if running else "start"
        yield "the three sites keep running; stop them with:" if running else "start the three sites again with:"
        for name in SITES:
            yield f"  {program} server {verb} --home {session.home / 'sites' / name}"
    yield "try next:"
    for words in ("dash", "metric show @last --plot", "model deploy @last", "log show -f @last"):
        yield f"  {program} {words} --home {home}"
