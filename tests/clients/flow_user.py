"""A user of a published client: has a site, the demo's data and what the tests of all commands share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fateflow_tui.sdk import local
from tests.clients.client import Answer, Client
from tests.clients.job_waiting import ENDED, wait_for_job
from tests.clients.recorder import Recorder

_DEMO = Path(__file__).parents[2] / "demo"
CORES = 20
NAMESPACE = "demo"


class FlowSite:
    """A standalone site of its own, whose clients may name files in one folder."""

    def __init__(self, home: Path, folder: Path, more: str = "") -> None:
        """more: further lines of its site.toml."""
        home.mkdir(mode=0o700, parents=True)
        settings = home / "site.toml"
        settings.touch(mode=0o600)
        roots = f"port = 0\ndata_roots = [{json.dumps(str(folder))}]\n[capacity]\ncores = {CORES}\n"
        second = f"[model_store]\ndirectory = {json.dumps(str(home.parent / 'second'))}\n"
        settings.write_text(roots + second + more)
        self.home = home
        self.address = local.start(home, port=0).url.removeprefix("http://")

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def close(self) -> None:
        local.stop(self.home)


class FlowUser:
    """Says commands of `flow` to a site, and waits for jobs."""

    def __init__(self, client: Client, site: FlowSite, recorder: Recorder | None) -> None:
        self.client = client
        self.site = site
        self.recorder = recorder
        self.folder = client.folder
        self.is_old = client.is_old
        self.greeting = client.init(recorder.port if recorder else site.port)
        for name, content in demo_files().items():
            (self.folder / name).write_bytes(content)
            if recorder:
                recorder.names.keep(f"file:{name}", content)
        if recorder:
            recorder.names.keep("folder", str(self.folder).encode())

    def __call__(self, *words: object, code: int = 0) -> Answer:
        """One command; code: the return code that its answer must have."""
        answer = self.client.flow(*words)
        assert answer["retcode"] == code, f"flow {' '.join(map(str, words))}: {answer}"
        return answer

    def write(self, name: str, document: Any) -> Path:
        if self.recorder and name.endswith(".csv"):
            self.recorder.file(name, document)
        return self.client.write(name, document)

    def wait(self, job_id: str, *statuses: str) -> None:
        """Returns when a job has one of these statuses; without any, when it has ended."""
        if self.recorder:
            self.recorder.wait(job_id, statuses or ENDED)
        wait_for_job(self.site.address, job_id, statuses or ENDED)

    def status(self, job_id: str) -> str:
        found: str = self("job", "query", "-j", job_id, "-r", "guest", "-p", "9999")["data"][0]["f_status"]
        return found

    def upload(self, file: str, table: str, *flags: str, code: int = 0, **changes: Any) -> Answer:
        """Uploads a file of the working folder and waits for the job."""
        conf = {"file": str(self.folder / file), "head": 1, "partition": 4, "work_mode": 0, "id_delimiter": ","}
        conf |= {"namespace": NAMESPACE, "table_name": table, **changes}
        answer = self("data", "upload", "-c", self.write("upload.json", conf), *flags, code=code)
        if not code:
            self.wait(answer["jobId"])
        return answer

    def submit(self, dsl: Any, conf: Any, code: int = 0) -> Answer:
        documents = ["-d", self.write("dsl.json", dsl), "-c", self.write("conf.json", conf)]
        return self("job", "submit", *documents, code=code)

    def read(self, table: str, code: int = 0) -> Answer:
        """Submits a job of one party that reads a table and makes rows of numbers of it."""
        components = {
            "reader_0": {"module": "Reader", "output": {"data": ["data"]}},
            "dataio_0": {
                "module": "DataIO",
                "input": {"data": {"data": ["reader_0.data"]}},
                "output": {"data": ["data"]},
            },
        }
        parameters = {"reader_0": {"table": {"namespace": NAMESPACE, "name": table}}, "dataio_0": {"with_label": False}}
        return self.submit({"components": components}, self._conf(parameters), code)

    def sleep(self, *seconds: float, cores: int = 1) -> str:
        """Submits a job whose components sleep_0, sleep_1 ... sleep for so long, one after the other."""
        components: dict[str, Any] = {}
        for number in range(len(seconds)):
            components[f"sleep_{number}"] = {"module": "Sleep", "output": {"data": ["data"]}}
            if number:
                components[f"sleep_{number}"]["input"] = {"data": {"data": [f"sleep_{number - 1}.data"]}}
        parameters = {f"sleep_{number}": {"seconds": each} for number, each in enumerate(seconds)}
        conf = self._conf(parameters, task_cores=cores)
        found: str = self.submit({"components": components}, conf)["jobId"]
        return found

    def _conf(self, parameters: dict[str, Any], **job_parameters: Any) -> dict[str, Any]:
        return {
            "dsl_version": 2,
            "initiator": {"role": "guest", "party_id": 9999},
            "role": {"guest": [9999]},
            "job_parameters": {"common": {"job_type": "train", "work_mode": 0, **job_parameters}},
            "component_parameters": {"common": parameters},
        }


class Trained:
    """The demo's tables, uploaded with the client, and its job, submitted with the client; it has succeeded."""

    def __init__(self, user: FlowUser) -> None:
        self.uploads = [user.upload(f"{name}.csv", f"breast_{name}", "--drop") for name in ("guest", "host")]
        self.dsl = json.loads((user.folder / "hetero_lr_dsl.json").read_text())
        self.conf = json.loads((user.folder / "hetero_lr_conf.json").read_text())
        self.submitted = user.submit(self.dsl, self.conf)
        self.job_id: str = self.submitted["jobId"]
        self.model: dict[str, str] = self.submitted["data"]["model_info"]
        user.wait(self.job_id)

    @property
    def guest(self) -> list[str]:
        """The words that name the job at the guest."""
        return ["-j", self.job_id, "-r", "guest", "-p", "9999"]

    @property
    def model_words(self) -> list[str]:
        return ["--model-id", self.model["model_id"], "--model-version", self.model["model_version"]]


def demo_files() -> dict[str, bytes]:
    """The demo's documents, with a short training, and its data."""
    names = ["hetero_lr_dsl.json", "hetero_lr_conf.json", "data/guest.csv", "data/host.csv"]
    found = {Path(name).name: (_DEMO / name).read_bytes() for name in names}
    conf = json.loads(found["hetero_lr_conf.json"])
    conf["component_parameters"]["common"]["hetero_lr_0"]["max_iter"] = 3
    conf["job_parameters"]["common"]["work_mode"] = 0
    found["hetero_lr_conf.json"] = json.dumps(conf, indent=2).encode()
    return found
