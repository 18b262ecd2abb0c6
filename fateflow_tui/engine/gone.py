"""Outputs that were deleted after their job had ended: what must be made again when a rerun needs them."""

from __future__ import annotations

from collections.abc import Mapping

from fateflow_tui.engine.components import new_version, reports_of
from fateflow_tui.engine.job import Job
from fateflow_tui.engine.site import Site


def draw_in(job: Job, why: dict[str, str], gone: Mapping[str, str]) -> None:
    """Adds to what is to run, and why, what of it needs outputs that are gone, and all that was made of these: else
    some would rest on the outputs of before and some on the new ones.

    gone: component -> the party at which they were deleted.
    """
    records = job.driver.components
    drawn: set[str] = set()
    grows = True
    while grows:
        before = len(why)
        for name, component in reversed(job.components.items()):
            for need in component.needs if name in why else ():
                if need in gone and need not in why:
                    why[need] = f"its outputs were deleted at {gone[need]}, and {name} needs them"
                    drawn.add(need)
        for name, component in job.components.items():
            need_drawn = next((need for need in component.needs if need in drawn), None)
            if need_drawn is not None and name not in why and records[name].status.succeeded:
                why[name] = f"depends on {need_drawn}"
                drawn.add(name)
        grows = len(why) > before


def renew_gone(site: Site, job: Job) -> None:
    """When a rerun begins to run: parties of other sites have said by now what they no longer have."""
    gone = {
        name: party
        for name, record in job.driver.components.items()
        if record.status.succeeded
        for party, report in reports_of(job, name).items()
        if report.gone
    }
    if not gone:
        return
    why = {name: "" for name, record in job.driver.components.items() if not record.status.ended}
    asked = set(why)
    draw_in(job, why, gone)
    for name in job.components:
        if name in why and name not in asked:
            new_version(site, job, name, why[name])
