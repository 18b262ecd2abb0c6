"""How long checking and planning of a job takes: `python tests/bench/planning.py`.

Budgets: 5 ms for 5 components, 100 ms for 200 components at 3 parties, 3 s for a document of 10 MB. Beside each time
the ratio to `json.loads` of the same texts, since the machine's own speed drifts.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # the checkout: tests share helpers as `tests.…`

from fateflow_tui.core.document import check_job, plan_job
from fateflow_tui.core.document.json_text import read_json
from fateflow_tui.core.ids import Party
from tests.unit.document_catalog import FateCatalog
from tests.unit.document_jobs import chain_job, conf_2, dsl_2

ROUNDS = 7
CATALOG = FateCatalog()


def plan(dsl: str, conf: str) -> object:
    return plan_job(check_job(dsl, conf, CATALOG), "2026010112000000000000", Party("guest", "9999"))


def milliseconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        taken.append(1000 * (time.process_time() - start))
    return min(taken)


def show(label: str, work: Callable[[], object], *texts: str) -> None:
    took, peer = milliseconds(work), milliseconds(lambda: [json.loads(text) for text in texts])
    print(f"{label:32}{took:10.1f}{took / peer:20.0f}")


def main() -> None:
    print(f"{f'least of {ROUNDS} rounds':32}{'ms of CPU':>10}{'times json.loads':>20}")
    small, chain = (json.dumps(dsl_2()), json.dumps(conf_2())), chain_job(200)
    show("plan 5 components", lambda: plan(*small), *small)
    show("plan 200 components", lambda: plan(*chain), *chain)
    component = {"module": "Reader", "output": {"data": ["data"]}, "note": "x" * 400}
    text = json.dumps({"components": {f"reader_{i}": component for i in range(20_000)}})
    show("read 10 MB", lambda: read_json(text), text)
    show("read 10 MB and find a position", lambda: read_json(text).positions([("components",)]), text)


if __name__ == "__main__":
    main()
