"""Submitting jobs: the dialog, the demo's tables, and the job that comes of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fateflow_tui.tui.action import Selection
from fateflow_tui.tui.drafts import Examples

if TYPE_CHECKING:
    from fateflow_tui.tui.app import DashApp
    from fateflow_tui.tui.screens.submit import Draft


async def submit(app: DashApp, selection: Selection) -> None:
    """On a home without jobs the demo is proposed."""
    from fateflow_tui.tui.screens.submit import Draft

    examples, known = app.examples(), app.feed.snapshot
    is_new = known.complete and not any(line.roles.get("guest") for line in known.lines.values())
    if examples is not None and is_new:
        draft = Draft(dsl=examples.dsl, conf=examples.conf, title="Submit the demo job", examples=examples)
        await open_submit(app, draft, examples.dsl.parent)
    else:
        await open_submit(app, Draft())


async def open_submit(app: DashApp, draft: Draft, folder: Path | None = None) -> None:
    """Lets the user look at a draft and change it; opens the job that it becomes."""
    from fateflow_tui.tui.screens.submit import SubmitDialog

    wish = await app.push_screen_wait(SubmitDialog(draft, folder or app.folder("submit"), app.examples()))
    if wish is None:
        return
    if wish.examples is not None and not await _uploaded(app, wish.examples):
        return
    job = await app.feed.flow.jobs.submit(wish.dsl, wish.conf, wish.reuse)
    app.tell(f"submitted {job.job_id}", cli=wish.cli)
    app.open_job(job.job_id)


async def _uploaded(app: DashApp, examples: Examples) -> bool:
    """Whether all tables of the demo are there now."""
    from fateflow_tui.tui.screens.progress import FollowDialog

    flow = app.feed.flow
    known = [(line.namespace, line.table_name) for line in await flow.tables()]
    for table in examples.missing(known):
        job = await flow.data.upload(table.file, table_name=table.name, namespace=table.namespace)
        if not await app.push_screen_wait(FollowDialog(job.job_id, f"Uploading {table.title}")):
            return False
    return True


DEEDS = {"job.submit": submit}
