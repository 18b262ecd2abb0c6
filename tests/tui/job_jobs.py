"""Jobs to look at on the screen of one job: a fork of sleeping components, a small regression, one that fails."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

from tests.integration.clusters import RunningSite

ROLES = {"guest": [9999], "host": [10000], "arbiter": [10001]}
Documents = tuple[dict[str, Any], dict[str, Any]]
_DEMO = Path(__file__).parents[2] / "demo"


def upload_tables(site: RunningSite) -> None:
    """A label and two columns at the guest, two more at the host, for the same forty people."""
    dice = random.Random(5)
    guest, host = ["id,y,x0,x1"], ["id,z0,z1"]
    for number in range(40):
        label = number % 2
        guest.append(f"p{number:02},{label},{label + dice.gauss(0, 1):.3f},{dice.gauss(0, 1):.3f}")
        host.append(f"p{number:02},{label - dice.gauss(0, 1):.3f},{dice.gauss(0, 1):.3f}")
    for name, lines in (("breast_guest", guest), ("breast_host", host)):
        file = site.home.parent / f"{name}.csv"
        file.write_text("\n".join(lines) + "\n")
        site.upload(name, file, "demo")


def regression(iterations: int = 2, **changes: Any) -> Documents:
    """The demonstration's job, short. changes: to the guest's parameters of dataio_0."""
    dsl = json.loads((_DEMO / "hetero_lr_dsl.json").read_text())
    conf = json.loads((_DEMO / "hetero_lr_conf.json").read_text())
    given = conf["component_parameters"]
    given["common"]["hetero_lr_0"]["max_iter"] = iterations
    given["common"]["intersection_0"]["intersect_method"] = "raw"
    given["role"]["guest"]["0"]["dataio_0"].update(changes)
    return dsl, conf


def broken() -> Documents:
    """Two readers' tables, of which the guest's has no such label: it fails at the guest, and the host is stopped."""
    dsl, conf = regression(label_name="nope")
    dsl["components"] = {name: dsl["components"][name] for name in ("reader_0", "dataio_0")}
    given = conf["component_parameters"]
    given["common"] = {"dataio_0": given["common"]["dataio_0"]}
    conf["role"] = {"guest": [9999], "host": [10000]}
    return dsl, conf


def fork(seconds: float = 0.0) -> Documents:
    """a, then b and c, then d from both."""
    needs = {"sleep_a": [], "sleep_b": ["sleep_a"], "sleep_c": ["sleep_a"], "sleep_d": ["sleep_b", "sleep_c"]}
    return sleeping(needs, seconds)


def sleeping(needs: dict[str, list[str]], seconds: float = 0.0) -> Documents:
    components: dict[str, Any] = {}
    for name, sources in needs.items():
        components[name] = {"module": "Sleep", "output": {"data": ["data"]}}
        if sources:
            components[name]["input"] = {"data": {"data": [f"{source}.data" for source in sources]}}
    conf = {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": 9999},
        "role": ROLES,
        "job_parameters": {"common": {}},
        "component_parameters": {"common": {name: {"seconds": seconds} for name in needs}},
    }
    return {"components": components}, conf


def anonymous(text: str) -> str:
    """Without who submitted it, what else the site has done, and what depends on how fast it ran."""
    text = re.sub(r"(● connected).*", r"\1", text)
    text = re.sub(r"by [\w.-]+@[\w.-]+", "by user@host", text)
    return re.sub(r"(\d+\.\ds)", lambda found: "d" * len(found.group()), text)
