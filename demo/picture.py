"""Makes the picture of the dashboard that the README shows: a real scheduler, a real job, and the screen as it is.

The job trains two models on the demo's tables at once; the picture is taken while they train. Run it to create
`demo/dashboard.svg` again: python demo/picture.py
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from fateflow_tui.sdk import FateFlow, local
from fateflow_tui.tui.app import DashApp
from fateflow_tui.tui.store import ConnectionSettings

HERE = Path(__file__).parent
SIZE = (150, 34)
MODELS = {"hetero_lr_0": 0.01, "hetero_lr_1": 0.1}  # and the strength of their penalty
PATIENCE = 60.0  # seconds


def documents() -> tuple[dict[str, Any], dict[str, Any]]:
    """The demo's job, with a second model beside the first, each with its own evaluation."""
    dsl = json.loads((HERE / "hetero_lr_dsl.json").read_text())
    conf = json.loads((HERE / "hetero_lr_conf.json").read_text())
    components, parameters = dsl["components"], conf["component_parameters"]["common"]
    conf["job_parameters"]["common"] |= {"task_parallelism": 2, "task_cores": 1}
    evaluation, training = components["evaluation_0"], parameters["hetero_lr_0"]
    for number, (name, alpha) in enumerate(MODELS.items()):
        components[name] = components["hetero_lr_0"]
        components[f"evaluation_{number}"] = {**evaluation, "input": {"data": {"data": [f"{name}.data"]}}}
        parameters[name] = {**training, "alpha": alpha, "max_iter": 30}
        parameters[f"evaluation_{number}"] = parameters["evaluation_0"]
    return dsl, conf


async def picture(home: Path) -> str:
    """The Job screen as an SVG image, once both models have begun to converge."""
    with FateFlow(home=home) as flow:
        for party in ("guest", "host"):
            table = flow.upload(HERE / "data" / f"{party}.csv", table_name=f"breast_{party}", namespace="demo")
            flow.wait(table.job_id)
        job = flow.submit(*documents()).job_id
        app = DashApp(ConnectionSettings(home=home))
        async with app.run_test(size=SIZE) as pilot:
            async with asyncio.timeout(PATIENCE):
                while app.store.snapshot.lines.get(job) is None:
                    await pilot.pause(0.05)
                app.open_job(job)
                while not _far_enough(flow, job):
                    await pilot.pause(0.2)
            await pilot.press("m")
            await pilot.pause(2)
            image = app.export_screenshot(title="fateflow dash")
        flow.wait(job)
    return image


def _far_enough(flow: FateFlow, job: str) -> bool:
    found = flow.metrics(job, "hetero_lr_0", "arbiter:10001")
    return any(len(series.data) >= 12 for group in found.values() for series in group.values())


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "bank-a"
        os.environ["FATEFLOW_STATE"] = os.environ["FATEFLOW_CONFIG"] = folder
        local.start(home, port=0, name="bank-a")
        try:
            (HERE / "dashboard.svg").write_text(asyncio.run(picture(home)), encoding="utf-8")
        finally:
            local.stop(home)


if __name__ == "__main__":
    main()
