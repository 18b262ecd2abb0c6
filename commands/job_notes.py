"""The verbs of `fateflow job` about what surrounds a job: its notes, and the tables and models that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from commands import classic, context
from commands.option_groups import JobName
from commands.options import PartyOption
from commands.text import cell, columns
from commands.verbs import Noun
from fateflow_tui.core.errors import NotFound
from fateflow_tui.core.ids import Party

app = Noun("Notes and origins of jobs.")


@app.verb()
def notes(
    ctx: typer.Context,
    which: JobName,
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="The new notes; '' for none.")] = None,
    party: PartyOption = None,
) -> None:
    """Shows the notes that this site's parties keep on a job, or writes them: one party's, or without --party all.

    Examples:
    fateflow job notes @last "first try with the new hosts"
    fateflow job notes @last "bad labels, do not use" --party guest:9999
    fateflow job notes @last
    """
    session = context.of(ctx)
    job_id = which.id(session)
    chosen = Party.parse(party) if party else None
    wanted = {"role": chosen.role, "party_id": chosen.party_id} if chosen else {}
    records = classic.data(session, "job/query", {"job_id": job_id, **wanted}) or []
    if not records:
        raise NotFound(
            f"{party or 'no party'} of job {job_id} is at this site", hint="`fateflow job show` lists its parties"
        )
    found = {f"{one['f_role']}:{one['f_party_id']}": one.get("f_description") or "" for one in records}
    if text is not None:
        for record in records:
            body = {"job_id": job_id, "role": record["f_role"], "party_id": record["f_party_id"], "notes": text}
            classic.data(session, "job/update", body)
        found = dict.fromkeys(found, text)
    session.output.record({"job_id": job_id, "notes": found}, lambda _: _notes(found), lambda _: job_id)


@app.verb()
def lineage(ctx: typer.Context, which: JobName) -> None:
    """Shows which tables a job has read and made, and its model, as far as this site's parties know.

    Examples:
    fateflow job lineage @last
    fateflow job lineage @last --json
    """
    session = context.of(ctx)
    job_id = which.id(session)
    found = classic.data(session, "job/lineage", {"job_id": job_id})
    session.output.record(found, _lineage, lambda _: job_id)


def _notes(found: dict[str, str]) -> Iterator[str]:
    rows = [[party, cell(text) or "(none)"] for party, text in found.items()]
    yield from ("  ".join(row) for row in columns(rows))


def _lineage(found: dict[str, Any]) -> Iterator[str]:
    for title, uses in (("read", found["tables_read"]), ("made", found["tables_made"])):
        yield title if uses else f"{title} no tables"
        rows = [[f"  {one['party']}", one["component"], *_table(one)] for one in uses]
        if uses:
            yield from ("  ".join(row).rstrip() for row in columns(rows))
    if model := found["model"]:
        yield "trained" if model["made"] else "predicted with"
        yield f"  {model['model_id']} {model['model_version']}"


def _table(use: dict[str, Any]) -> list[str]:
    rows = f"{use['count']} rows" if use["exists"] else "is gone"
    maker = f"made by {use['job_id']}" if use.get("job_id") and not use["port"] else ""
    return [f"{use['namespace']} {use['name']}", rows, maker]
