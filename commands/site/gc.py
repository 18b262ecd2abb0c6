"""`fateflow gc`: delete what the site no longer needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.groups import Command, older_letters, prints
from fateflow_tui.commands.options import YesOption
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.formatting import byte_count, duration, plural

if TYPE_CHECKING:
    from fateflow_tui.sdk.types import Leftover

app = typer.Typer(add_completion=False)

_DAYS: Final = {"h": 1 / 24, "d": 1.0, "w": 7.0, "y": 365.0}
_MIB: Final = {"m": 1, "g": 1 << 10, "t": 1 << 20}
_AGE: Final = re.compile(r"(\d+(?:\.\d+)?)([hdwy])")
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)([mgt])(?:i?b)?", re.IGNORECASE)
_LIMIT: Final = "Age after a job's end (30d, 12h), total size (20g), or 0 for no limit."

_Limit = typer.Option(metavar="AGE|SIZE", help=_LIMIT)


@app.command(cls=Command)
@prints("list[Leftover]")
@older_letters(dry_run="-n")
def gc(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be deleted.")] = False,
    keep_jobs: Annotated[str, _Limit] = "",
    keep_logs: Annotated[str, _Limit] = "",
    keep_tables: Annotated[str, _Limit] = "",
    keep_archives: Annotated[str, typer.Option(metavar="AGE", help="Age of migrated models' archives.")] = "",
    yes: YesOption = False,
) -> None:
    """Delete old jobs, logs and tables that the site no longer needs.

    Applies the limits given here, or those of `retention` in site.toml, and deletes leftovers that belong to no job.
    Running jobs, registered models, bound files and reused outputs are kept.

    Examples:
    fateflow gc --dry-run
    fateflow gc --dry-run --keep-jobs 90d --keep-logs 30d --keep-tables 20g
    fateflow gc --keep-logs 30d --yes
    """
    session = context.of(ctx)
    output, now = session.output, now_ms()
    given = {"jobs": keep_jobs, "logs": keep_logs, "tables": keep_tables, "archives": keep_archives}
    limits = {key: value for name, text in given.items() if text for key, value in _limit(name, text).items()}
    found = session.flow.site.collect_garbage(True, **limits)
    if not dry_run and found.items:
        session.confirm(f"Delete {plural(len(found.items), 'item')} of {byte_count(found.size)}?", yes)
        found = session.flow.site.collect_garbage(False, **limits)
    titles = ("KIND", "NAME", "SIZE", "AGE", "WHY")
    output.listing(found.items, titles, lambda one: _row(one, now), lambda one: one.name, empty="nothing to delete")
    if output.is_table:
        for name, why in found.kept.items():
            output.info(f"{_short(name)} is kept: {why}")
        if found.items:
            word = "would be deleted" if found.dry_run else "deleted"
            output.info(f"{plural(len(found.items), 'item')} of {byte_count(found.size)} {word}")


def _row(one: Leftover, now: int) -> list[str]:
    return [one.kind, _short(one.name), byte_count(one.size), duration(now - one.at) if one.at else "", one.why]


def _short(name: str) -> str:
    """Shorten the name of an output table to its job, component and version."""
    head, found, _ = name.removeprefix("output_data_").partition(".")
    return head if found and name.startswith("output_data_") else name


def _limit(name: str, text: str) -> dict[str, Any]:
    """Return `30d` as days and `20g` as MiB; the limit of the other kind is not changed. Raises BadRequest."""
    if text == "0":
        return {f"{name}_days": 0} if name == "archives" else {f"{name}_days": 0, f"{name}_mib": 0}
    if age := _AGE.fullmatch(text):
        return {f"{name}_days": float(age[1]) * _DAYS[age[2]]}
    if (size := _SIZE.fullmatch(text)) and name != "archives":
        return {f"{name}_mib": max(1, round(float(size[1]) * _MIB[size[2].lower()]))}
    raise BadRequest(f"invalid --keep-{name} {text!r}: expected an age or a size", hint=_LIMIT)
