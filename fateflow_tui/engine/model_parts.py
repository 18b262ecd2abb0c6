"""What a successful training leaves of its model at every party, agreed by the driver from the parties' reports."""

from __future__ import annotations

from fateflow_tui.core.models import part_digest
from fateflow_tui.engine.components import reports_of
from fateflow_tui.engine.job import Job


def model_parts(job: Job) -> dict[str, str]:
    """The digest of each party's part, also of one without files; {} when no party has any model."""
    plan = job.state.plan
    files: dict[str, list[tuple[str, str, str]]] = {key: [] for key in job.parties}
    for name in job.components:
        for key, task in reports_of(job, name).items():
            files[key].extend((name, alias, sha256) for alias, sha256 in task.models.items())
    if plan is None or not any(files.values()):
        return {}
    version = plan.documents[0].model_version
    return {key: part_digest(job.parties[key], version, found) for key, found in files.items()}
