"""`fateflow log`: the logs of jobs and of the site, all parties of the site merged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.groups import CommandGroup, older_letters, prints
from fateflow_tui.commands.options import ComponentOption, JobName, JobNames, PartyOption, listed
from fateflow_tui.commands.output import Format, Output, painted
from fateflow_tui.core.cells import clean
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import BadRequest, NotFound
from fateflow_tui.core.formatting import byte_count

if TYPE_CHECKING:
    from fateflow_tui.sdk.types import LogLine


app = CommandGroup("Read the logs of jobs and of the site.")

_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_COLORS: Final = {"WARNING": "33", "ERROR": "31", "CRITICAL": "31", "DEBUG": "2"}


@app.command()
@prints("list[LogLine]")
@older_letters(tail="-n")
def show(
    ctx: typer.Context,
    which: JobNames,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Follow the log until the jobs end.")] = False,
    since: Annotated[str, typer.Option(metavar="TIME", help="For example 10m, 2h, 12:30, or 2026-01-31T12:00.")] = "",
    level: Annotated[str, typer.Option(metavar="LEVEL", help="Minimum level: DEBUG, INFO, WARNING or ERROR.")] = "INFO",
    grep: Annotated[str, typer.Option(metavar="PATTERN", help="Show only lines that match.")] = "",
    component_name: ComponentOption = None,
    component: Annotated[str, typer.Option(metavar="NAME", help="Same as --component-name.")] = "",
    party: PartyOption = None,
    tail: Annotated[
        int,
        typer.Option("--tail", metavar="N", show_default=False, help="Last N lines of each file."),
    ] = 0,
    site: Annotated[bool, typer.Option("--site", help="Show the log of the site itself.")] = False,
) -> None:
    """Show the logs of jobs in order of time; by default those of the newest job.

    Following continues when the scheduler is restarted. The site's own log is followed until interrupted.

    Examples:
    fateflow log show @last
    fateflow log show -f @last
    fateflow log show @last --level WARNING --grep hetero --party guest:9999,host:10000
    fateflow log show -f @2 @last -cpn hetero_lr_0,evaluation_0 --since 10m
    fateflow log show --site --tail 20
    """
    session = context.of(ctx)
    output = session.output
    ids = [""] if site else session.resolve(which.words or ["@last"])
    start = _moment(now_ms(), since) if since else 0
    matches = _filter(start, level.upper(), grep)
    names = ",".join(filter(None, (component, component_name)))

    def read(one: str) -> Iterator[LogLine]:
        lines = session.flow.logs(
            one, follow=follow, level=level.upper(), party=party, component=names, tail=tail, since=start
        )
        return (line for line in lines if matches(line))

    if follow:
        _print(output, merged([read(one) for one in ids]) if len(ids) > 1 else read(ids[0]))
        return
    lines = sorted((line for one in ids for line in read(one)), key=lambda line: line.at)
    if not (lines or site):
        _check_components(session, ids, listed(names))
    if output.format in (Format.JSON, Format.YAML, Format.CSV, Format.FATE):
        output.listing(lines, (), lambda line: (), lambda line: line.text)
    else:
        _print(output, lines)


def _check_components(session: context.Session, ids: list[str], names: list[str]) -> None:
    """Raise NotFound for a component that none of the jobs has."""
    known = [one.name for job_id in ids for one in session.flow.job(job_id).components] if names else []
    for name in names:
        if name not in known:
            raise NotFound(
                f"{' and '.join(ids)} has no component {name}",
                hint=f"components: {', '.join(dict.fromkeys(known))}",
            )


def merged(sources: list[Iterator[LogLine]]) -> Iterator[LogLine]:
    """Yield the lines of several followed logs as they arrive. Raises what one of them raises."""
    queue: SimpleQueue[LogLine | Exception | None] = SimpleQueue()

    def drain(source: Iterator[LogLine]) -> None:
        try:
            for line in source:
                queue.put(line)
            queue.put(None)
        except Exception as error:
            queue.put(error)

    for source in sources:
        Thread(target=drain, args=(source,), daemon=True).start()
    running = len(sources)
    while running:
        item = queue.get()
        if isinstance(item, Exception):
            raise item
        if item is None:
            running -= 1
        else:
            yield item


def _print(output: Output, lines: Iterable[LogLine]) -> None:
    if output.is_table:
        output.lines(painted(clean(line.text), _COLORS.get(line.level, "")) for line in lines)
        return
    for line in lines:
        # A followed log has no end, so each record is a document of its own.
        Output(Format.JSONL).record(line, lambda _: (), lambda one: one.text)


def _filter(start: int, level: str, grep: str) -> Callable[[LogLine], bool]:
    if level not in _LEVELS:
        raise BadRequest(f"unknown --level {level!r}", hint=f"expected one of {', '.join(_LEVELS)}")
    # Lines without a level are printed by libraries.
    hidden = {*_LEVELS[: _LEVELS.index(level)], *([""] if level not in _LEVELS[:2] else [])}
    try:
        pattern = re.compile(grep)
    except re.error as error:
        raise BadRequest(f"invalid --grep {grep!r}: {error}") from None
    return lambda line: line.at >= start and line.level not in hidden and pattern.search(line.text) is not None


def _moment(now: int, since: str) -> int:
    """Return the timestamp (ms) of `10m` ago, or of a date and time. Raises BadRequest."""
    amount, unit = since[:-1], since[-1]
    if unit in _UNITS and amount.replace(".", "", 1).isdigit():
        return now - int(float(amount) * _UNITS[unit] * 1000)
    today = f"{datetime.fromtimestamp(now / 1000):%Y-%m-%d}"
    try:
        return int(datetime.fromisoformat(f"{today}T{since}" if since[2:3] == ":" else since).timestamp() * 1000)
    except ValueError:
        raise BadRequest(
            f"invalid --since {since!r}", hint="for example 30s, 10m, 2h, 1d, or 2026-01-31T12:00"
        ) from None


@app.command("list")
@prints("list[LogFileInfo]")
def list_files(
    ctx: typer.Context,
    which: JobName,
    site: Annotated[bool, typer.Option("--site", help="List the log files of the site itself.")] = False,
) -> None:
    """List the log files of a job; by default those of the newest job.

    Examples:
    fateflow log list @last
    fateflow log list --site
    """
    session = context.of(ctx)
    job_id = "" if site else session.resolve([which.job or which.job_id or "@last"])[0]
    session.output.listing(
        session.flow.log.files(job_id),
        ("FILE", "SIZE"),
        lambda one: [one.file, byte_count(one.size)],
        lambda one: one.file,
        empty="no log files",
    )
