"""A site with models: two small trainings, and a version to predict with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from fateflow_tui.core.status import Status
from tests.integration.clusters import RunningSite

DEMO = Path(__file__).parents[2] / "demo"
_ROWS = 60  # of the demo's tables


class Trained(NamedTuple):
    """first, second: jobs, and versions of their models. deployed: version made of the first."""

    site: RunningSite
    first: str
    second: str
    deployed: str


def train(site: RunningSite) -> Trained:
    """Trains twice on a part of the demo's tables, with another penalty, and deploys the first."""
    upload(site, "guest")
    upload(site, "host")
    first, second = (_trained(site, alpha) for alpha in (0.01, 0.05))
    [model] = [one for one in site.flow.models() if one.model_version == first]
    deployed = site.flow.models.deploy(model.model_id, first).model_version
    return Trained(site, first, second, deployed)


def documents(alpha: float = 0.01) -> tuple[dict[str, Any], dict[str, Any]]:
    """The demo job with little to do."""
    dsl = json.loads((DEMO / "hetero_lr_dsl.json").read_text())
    conf = json.loads((DEMO / "hetero_lr_conf.json").read_text())
    common = conf["component_parameters"]["common"]
    common["intersection_0"] = {"intersect_method": "raw"}
    common["hetero_lr_0"].update(alpha=alpha, max_iter=1, encrypt_param={"key_length": 1024})
    return dsl, conf


def upload(site: RunningSite, party: str, name: str = "breast") -> None:
    """The first rows of the demo's table of this party, as `demo.NAME_PARTY`."""
    lines = (DEMO / "data" / f"{party}.csv").read_text().splitlines()[: _ROWS + 1]
    file = site.home.parent / f"{party}.csv"
    file.write_text("\n".join(lines) + "\n")
    site.upload(f"{name}_{party}", file, "demo")


def steady(text: str) -> str:
    """A screen without the number of jobs, ports, process ids, digests, and how fast things were."""

    def blank(sign: str) -> Callable[[re.Match[str]], str]:
        return lambda found: sign * len(found.group())

    text = re.sub(r"http://127\.0\.0\.1:\d+ *", lambda found: "http://site".ljust(len(found.group())), text)
    text = re.sub(r"\b\d+ jobs?( · \d+ \w+)* *", lambda found: "n jobs".ljust(len(found.group())), text, count=1)
    text = re.sub(r"sha256 [0-9a-f]+|SHA256:[\w/+]+", blank("f"), text)
    text = re.sub(r"answers +\S+ ms +clock +\S+ ms *", lambda found: "answers".ljust(len(found.group())), text)
    text = re.sub(r" *\d+\.\d ms| *[+-]\d+ ms", blank("t"), text)
    text = re.sub(r"process +\d+, up for [\d:s]+ *", lambda found: "process".ljust(len(found.group())), text)
    text = re.sub(r"home +/\S+ *", lambda found: "home".ljust(len(found.group())), text)
    return re.sub(r"\b\d+s\b *", lambda found: "d".ljust(len(found.group())), text)


def _trained(site: RunningSite, alpha: float) -> str:
    job = site.flow.submit(*documents(alpha)).job_id
    line = site.flow.wait(job, timeout=90)
    assert line.status is Status.SUCCESS, line
    return job
