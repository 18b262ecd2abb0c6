"""New ids for jobs and for the model versions that are made without one."""

from __future__ import annotations

import itertools
from datetime import datetime

from fateflow_tui.core.ids import job_id_at


class JobIds:
    """Ids of one scheduler process: unique, and in order of time."""

    def __init__(self) -> None:
        self._counter = itertools.count(1)

    def new(self) -> str:
        return job_id_at(datetime.now(), next(self._counter))
