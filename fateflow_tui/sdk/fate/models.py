"""The members model, tag, privilege, remote_version and test of `FlowClient`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fateflow_tui.sdk.fate.jobs import Id
from fateflow_tui.sdk.fate.wire import Answer, Conf, Wire, conf_of


class Model:
    """Models."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def load(
        self, config_data: Conf | None = None, job_id: Id | None = None, *, conf_path: Conf | None = None
    ) -> Answer:
        return self._wire.post("model/load", _by_job(job_id, config_data, conf_path))

    def bind(
        self, config_data: Conf | None = None, job_id: Id | None = None, *, conf_path: Conf | None = None
    ) -> Answer:
        return self._wire.post("model/bind", _by_job(job_id, config_data, conf_path))

    def migrate(self, config_data: Conf | None = None, *, conf_path: Conf | None = None) -> Answer:
        return self._wire.post("model/migrate", conf_of(config_data, conf_path))

    def import_model(
        self, config_data: Conf | None = None, from_database: bool = False, *, conf_path: Conf | None = None
    ) -> Answer:
        """Register a part from an archive, or start the job that copies it back from the second location."""
        conf = conf_of(config_data, conf_path)
        if from_database:
            return self._wire.post("model/restore", conf)
        return self._wire.post_file("model/import", Path(str(conf.get("file", ""))).expanduser(), form=conf)

    def export_model(
        self, config_data: Conf | None = None, to_database: bool = False, *, conf_path: Conf | None = None
    ) -> Answer:
        """Write a part as an archive into `output_path` of the configuration, or start the job that copies it to the
        second location.
        """
        conf = conf_of(config_data, conf_path)
        if to_database:
            return self._wire.post("model/store", conf)
        return self._wire.file(
            "GET", "model/export", conf, Path(str(conf.get("output_path", "."))).expanduser().absolute()
        )

    def deploy(
        self,
        model_id: str,
        model_version: str,
        cpn_list: Sequence[str] | None = None,
        predict_dsl: Mapping[str, Any] | None = None,
        components_checkpoint: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Answer:
        body = {
            "model_id": model_id,
            "model_version": model_version,
            "cpn_list": list(cpn_list) if cpn_list is not None else None,
            "predict_dsl": predict_dsl,
            "components_checkpoint": components_checkpoint,
        }
        return self._wire.post("model/deploy", {**body, **more})

    def get_predict_dsl(self, model_id: str, model_version: str) -> Answer:
        return self._wire.post("model/get/predict/dsl", {"model_id": model_id, "model_version": model_version})

    def get_predict_conf(self, model_id: str, model_version: str) -> Answer:
        return self._wire.post("model/get/predict/conf", {"model_id": model_id, "model_version": model_version})

    def get_model_info(
        self,
        model_id: str | None = None,
        model_version: str | None = None,
        role: str | None = None,
        party_id: Id | None = None,
        query_filters: Sequence[str] | None = None,
        **more: Any,
    ) -> Answer:
        body = {"model_id": model_id, "model_version": model_version, "role": role, "party_id": party_id}
        return self._wire.post("model/query", {**body, "query_filters": query_filters, **more})

    def tag_model(self, job_id: Id, tag_name: str, remove: bool = False) -> Answer:
        action = "remove" if remove else "create"
        return self._wire.post(f"model/model_tag/{action}", {"job_id": str(job_id), "tag_name": tag_name})

    def tag_list(self, job_id: Id) -> Answer:
        return self._wire.post("model/model_tag/retrieve", {"job_id": str(job_id)})

    def homo_convert(self, config_data: Conf | None = None, *, conf_path: Conf | None = None) -> Answer:
        return self._wire.post("model/homo/convert", conf_of(config_data, conf_path))

    def homo_deploy(self, config_data: Conf | None = None, *, conf_path: Conf | None = None) -> Answer:
        return self._wire.post("model/homo/deploy", conf_of(config_data, conf_path))


class Tag:
    """Tags of models."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def create(self, tag_name: str, tag_desc: str | None = None) -> Answer:
        return self._wire.post("model/tag/create", {"tag_name": tag_name, "tag_desc": tag_desc})

    def query(self, tag_name: str, with_model: bool = False) -> Answer:
        return self._wire.post("model/tag/retrieve", {"tag_name": tag_name, "with_model": with_model})

    def update(self, tag_name: str, new_tag_name: str | None = None, new_tag_desc: str | None = None) -> Answer:
        body = {"tag_name": tag_name, "new_tag_name": new_tag_name, "new_tag_desc": new_tag_desc}
        return self._wire.post("model/tag/update", body)

    def delete(self, tag_name: str) -> Answer:
        return self._wire.post("model/tag/destroy", {"tag_name": tag_name})

    def list(self, limit: int = 10) -> Answer:
        return self._wire.post("model/tag/list", {"limit": limit})


def _by_job(job_id: Id | None, *confs: Conf | None) -> dict[str, Any]:
    """A configuration, the job that trained the model, or both."""
    if job_id is None:
        return conf_of(*confs)
    return {**conf_of(*confs, {}), "job_id": str(job_id)}


_POLL = 0.5  # seconds, as FATE's client does
_TOY = {"components": {"secure_add_example_0": {"module": "SecureAddExample"}}}
_ENDED = ("success", "failed", "canceled", "timeout")


class Privilege:
    """Permissions of parties of other sites."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def query(self, src_party_id: Id, src_role: str) -> Answer:
        return self._wire.post("permission/query/privilege", {"src_party_id": src_party_id, "src_role": src_role})

    def grant(
        self,
        src_party_id: Id,
        src_role: str,
        privilege_role: str | None = None,
        privilege_command: str | None = None,
        privilege_component: str | None = None,
    ) -> Answer:
        """Grant privileges: comma-separated lists, or `all`."""
        kinds = (privilege_role, privilege_command, privilege_component)
        return self._wire.post("permission/grant/privilege", _privileges(src_party_id, src_role, *kinds))

    def delete(
        self,
        src_party_id: Id,
        src_role: str,
        privilege_role: str | None = None,
        privilege_command: str | None = None,
        privilege_component: str | None = None,
    ) -> Answer:
        kinds = (privilege_role, privilege_command, privilege_component)
        return self._wire.post("permission/delete/privilege", _privileges(src_party_id, src_role, *kinds))


class RemoteVersion:
    """Versions of the scheduler and of FATE's other services; None for services that it does not have."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def fate(self) -> str | None:
        return self._version("FATE")

    def fate_flow(self) -> str | None:
        return self._version("FATEFlow")

    def fate_board(self) -> str | None:
        return self._version("FATEBoard")

    def api(self) -> str | None:
        return self._version("API")

    def eggroll(self) -> str | None:
        return self._version("EGGROLL")

    def spark(self) -> str | None:
        return self._version("SPARK")

    def python(self) -> str | None:
        return self._version("PYTHON")

    def _version(self, module: str) -> str | None:
        data = self._wire.post("version/get", {"module": module}).get("data") or {}
        found = data.get(module)
        return None if found is None else str(found)


class Test:
    """Check that two parties can run a job together."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def toy(
        self,
        guest_party_id: Id,
        host_party_id: Id,
        guest_user_name: str = "",
        host_user_name: str = "",
        task_cores: int = 2,
        timeout: int = 60,
    ) -> Answer:
        """Run a job that adds numbers of a guest and a host under encryption, and wait until it has ended. retcode is
        0 when it has succeeded.

        timeout: seconds. The user names have no effect.
        """
        guest, host = int(guest_party_id), int(host_party_id)
        conf = {
            "dsl_version": 2,
            "initiator": {"role": "guest", "party_id": guest},
            "role": {"guest": [guest], "host": [host]},
            "job_parameters": {"common": {"task_cores": task_cores}},
        }
        answer = self._wire.post("job/submit", {"job_dsl": _TOY, "job_runtime_conf": conf})
        if answer.get("retcode") != 0:
            return answer
        job_id, status, end = str(answer["jobId"]), "waiting", time.monotonic() + timeout
        while status not in _ENDED and time.monotonic() < end:
            time.sleep(_POLL)
            records = self._wire.post("job/query", {"job_id": job_id, "role": "guest", "party_id": guest}).get("data")
            status = records[0]["f_status"] if records else status
        return {
            "retcode": 0 if status == "success" else 100,
            "retmsg": f"toy test job {job_id}: {status}",
            "jobId": job_id,
        }


def _privileges(
    party_id: Id, role: str, roles: str | None, commands: str | None, components: str | None
) -> dict[str, Any]:
    return {
        "src_party_id": party_id,
        "src_role": role,
        "privilege_role": roles,
        "privilege_command": commands,
        "privilege_component": components,
    }
