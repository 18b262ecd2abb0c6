"""The command line as a user runs it: the real program, with a home and a working folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

_DEMO = Path(__file__).parents[2] / "demo"
_PATIENCE = 60  # seconds for one command


class CommandResult(NamedTuple):
    """The output of a command, and its exit code."""

    out: str
    err: str
    code: int

    @property
    def data(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The last line of stderr, for commands that fail with --json."""
        found: dict[str, Any] = json.loads(self.err.splitlines()[-1])
        return found


class CommandLine:
    """Runs `fateflow` with a home and a working directory."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home = home
        self.folder = folder

    @property
    def environment(self) -> dict[str, str]:
        ours = {
            "FATEFLOW_HOME": str(self.home),
            "FATEFLOW_SETTINGS": str(self.home.parent / "connection.json"),
            "COLUMNS": "100",
            "PYTHONWARNINGS": "error",
        }
        kept = {key: value for key, value in os.environ.items() if not key.startswith("FATEFLOW_")}
        return {**kept, **ours}

    def words(self, *arguments: str) -> list[str]:
        return [sys.executable, "-c", "from fateflow_tui.commands.main import main; main()", *arguments]

    def __call__(self, *arguments: str, code: int | None = 0, **environment: str) -> CommandResult:
        """Runs one command. code: which exit code it must have, None for any."""
        done = subprocess.run(
            self.words(*arguments),
            env={**self.environment, **environment},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        result = CommandResult(done.stdout, done.stderr, done.returncode)
        if code is not None:
            assert result.code == code, f"fateflow {' '.join(arguments)}\n{result.out}\n{result.err}"
        return result

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts a command whose output is read while it runs."""
        return subprocess.Popen(
            self.words(*arguments),
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet counts as ended."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


def submit(line: CommandLine, dsl: str, conf: str, *, wait: bool = False, code: int = 0) -> str:
    """Submits a job; code: of the wait for its end."""
    job_id = line("job", "submit", "-d", dsl, "-c", conf, "-o", "name").out.strip()
    if wait:
        line("job", "wait", job_id, code=code)
    return job_id


def sleep(line: CommandLine, seconds: float, **job_parameters: Any) -> str:
    """Submits a job of one component that sleeps at a guest and a host."""
    dsl = {"components": {"sleep_0": {"module": "Sleep"}}}
    roles = {"guest": [9999], "host": [10000]}
    parameters = {"common": {"sleep_0": {"seconds": seconds}}}
    return submit(line, *documents(line, "sleep", dsl, roles, parameters, **job_parameters))


def documents(
    line: CommandLine,
    name: str,
    dsl: dict[str, Any],
    roles: dict[str, list[int]],
    parameters: dict[str, Any],
    **job_parameters: Any,
) -> tuple[str, str]:
    """Writes a job's documents to the working folder and gives their names."""
    conf = {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": roles["guest"][0]},
        "role": roles,
        "job_parameters": {"common": {"job_type": "train", **job_parameters}},
        "component_parameters": parameters,
    }
    names = f"{name}_dsl.json", f"{name}_conf.json"
    for file, document in zip(names, (dsl, conf), strict=True):
        (line.folder / file).write_text(json.dumps(document))
    return names


def working_folder(folder: Path) -> Path:
    """A folder with the demo in it, whose training is shortened, and configurations as FATE's client takes them."""
    shutil.copytree(_DEMO, folder / "demo")
    path = folder / "demo" / "hetero_lr_conf.json"
    conf = json.loads(path.read_text())
    conf["component_parameters"]["common"]["hetero_lr_0"]["max_iter"] = 2
    path.write_text(json.dumps(conf, indent=2))
    for name, document in _configurations(folder).items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    (folder / "service_conf.yaml").write_text("fateflow:\n  host: 127.0.0.1\n  http_port: 9380\n")
    return folder


def _configurations(folder: Path) -> dict[str, dict[str, Any]]:
    guest = str(folder / "demo" / "data" / "guest.csv")
    place = {"engine": "PATH", "address": {"path": guest}, "head": 1, "id_delimiter": ",", "partitions": 2}
    return {
        "upload_conf": {
            "file": "demo/data/guest.csv",
            "head": 1,
            "partition": 4,
            "work_mode": 0,
            "namespace": "demo",
            "table_name": "breast_guest",
        },
        "bind_conf": {**place, "namespace": "bound", "name": "guest"},
        "add_conf": {**place, "namespace": "bound", "name": "added"},
        "connector_conf": {"connector_name": "files", "engine": "PATH", "connector_info": {"path": str(folder)}},
        "writer_conf": {
            "namespace": "demo",
            "table_name": "breast_guest",
            "output_namespace": "copies",
            "output_name": "guest",
            "drop": 1,
        },
        "schema": {"sid": "patient"},
        "changed_parameters": {"component_parameters": {"common": {"hetero_lr_0": {"max_iter": 3}}}},
        "privilege_conf": {"party_id": 9998, "component": "reader,intersection"},
        "key_conf": {"party_id": 9998, "key": "abc"},
        "provider_conf": {"name": "mine", "version": "1", "path": "."},
        "homo_conf": {"model_id": "guest-9999#model", "model_version": "1"},
    }


def models_folder(line: CommandLine, version: str) -> None:
    """Writes configurations that name a deployed version of the demo's model."""
    [record, *_] = line("model", "get-model-info", "--model-version", version, "--json").data
    named = {"model_id": record["f_model_id"], "model_version": version}
    part = {**named, "role": "host", "party_id": 10000}
    tables = {
        role: {"0": {"reader_0": {"table": {"namespace": "demo", "name": f"breast_{role}"}}}}
        for role in ("guest", "host")
    }
    roles = record["f_roles"]
    documents = {
        "predict_conf": {
            "dsl_version": 2,
            "initiator": {"role": "guest", "party_id": 9999},
            "role": roles,
            "job_parameters": {"common": {}},
            "component_parameters": {"role": tables},
        },
        "export_conf": {**part, "output_path": "exported"},
        "import_conf": {
            **part,
            "file": f"exported/host#10000#{record['f_model_id']}_{version}.zip",
        },
        "load_conf": {"initiator": {"role": "guest", "party_id": "9999"}, "role": roles, "job_parameters": named},
        "bind_service": {"service_id": "churn", "job_parameters": named, "role": roles},
        "migrate_conf": {
            "job_parameters": {"federated_mode": "MULTIPLE"},
            "migrate_initiator": {"role": "guest", "party_id": 9998},
            "role": roles,
            "migrate_role": {"guest": [9998], "host": [10009], "arbiter": roles["arbiter"]},
            "execute_party": roles,
            **named,
        },
    }
    for name, document in documents.items():
        (line.folder / f"{name}.json").write_text(json.dumps(document))
