"""How uploads and downloads have ended, in the words of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from commands.context import Session
from commands.exits import of_status
from fateflow_tui.core.errors import ComponentFailed, FateFlowError

if TYPE_CHECKING:
    from fateflow_tui.sdk.jobs import JobView

# What hints say to who writes a configuration, and the same as options.
_OPTIONS: Final = {
    "add drop=1 to": "add --drop to",
    "say id_delimiter": "say --id-delimiter",
    "say head 0": "say --no-head",
}


@contextmanager
def hints_with_options() -> Iterator[None]:
    """Hints of what fails within name options in place of a configuration's members."""
    try:
        yield
    except FateFlowError as error:
        error.hint = _with_options(error.hint)
        raise


def ended(session: Session, job_id: str) -> int:
    """Waits for a job and gives its exit code."""
    return of_status(session.flow.wait(job_id).status)


def upload_ended(session: Session, job_id: str, conf: dict[str, Any]) -> int:
    """Waits for an upload and says what the table has become. Raises ComponentFailed."""
    code = ended(session, job_id)
    if code:
        return ended_badly(session, session.flow.job(job_id), "upload")
    output = session.output
    table = session.flow.table_info(str(conf["namespace"]), str(conf["table_name"]))
    if output.is_table:
        rows = f"{table.count} row{'' if table.count == 1 else 's'}"
        output.lines([f"{table.namespace} {table.table_name}: {rows}"])
    rejected = _rejected(session.flow.summary(job_id, "upload_0", "local:0"))
    if rejected:
        output.alarm(rejected)
    schema = table.schema or {}
    names = [str(schema.get("sid", "")), *filter(None, str(schema.get("header", "")).split(","))]
    if len(names) > 1 and all(map(_is_number, names)):
        output.alarm(f"the first line was taken for the names of the columns: {', '.join(names):.60}")
        output.alarm("if it is a row, put a line of names above it, or upload it with --no-head")
    return code


def ended_badly(session: Session, job: JobView, what: str) -> int:
    """The exit code of an upload or a download that did not succeed. Raises ComponentFailed where the component itself
    says what is wrong; anything else is told with its failure card.
    """
    from commands.watching import complain

    card = next(iter(job.cards), None)
    if card is not None and card.kind == "component":
        raise ComponentFailed(
            f"the {what} has failed: {card.cause}",
            hint=_with_options(card.fix) or f"fateflow job why {job.job_id}",
            data={"job_id": job.job_id},
        )
    session.output.alarm(f"the {what} {job.job_id} has ended: {job.status}")
    complain(session, job)
    return of_status(job.status)


def _with_options(hint: str) -> str:
    for word, option in _OPTIONS.items():
        hint = hint.replace(word, option)
    return hint


def _rejected(counts: dict[str, Any]) -> str:
    """Which rows of the file are not in the table, and why; '' if all are."""
    reasons = {
        "duplicate_ids": "with an id that was there before",
        "malformed": "with too few or too many fields",
        "without_id": "without an id",
    }
    found = [f"{counts[name]} {reason}" for name, reason in reasons.items() if counts.get(name)]
    return f"{counts['rows_rejected']} of {counts['rows_read']} rows were left out: {', '.join(found)}" if found else ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
