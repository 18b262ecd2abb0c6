"""Uploads and downloads as jobs: a party `local:0` that runs one component on this site. See spec section 6.2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fateflow_tui.core.errors import BadRequest

_UPLOAD_FIELDS = ("id_delimiter", "storage_engine", "extend_sid")


def upload_job(conf: Mapping[str, Any], file: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """DSL and conf of an upload of `file`, a path on this site. Raises BadRequest naming what is missing or wrong."""
    _need(conf, "table_name", "namespace", "head", "partition")
    parameters = {
        "file": file,
        "name": str(conf["table_name"]),
        "namespace": str(conf["namespace"]),
        "head": _whole(conf, "head"),
        "partition": _whole(conf, "partition"),
        # FATE's 1.6 clients send 2 for "do not drop"; only 1 and true mean it.
        "destroy": conf.get("drop") in (1, "1", True, "true"),
    }
    parameters.update({field: conf[field] for field in _UPLOAD_FIELDS if conf.get(field) is not None})
    return _local_job("upload_0", "Upload", parameters, data_port="upload")


def download_job(conf: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """DSL and conf of a download to `output_path`, a path on this site."""
    _need(conf, "table_name", "namespace", "output_path")
    parameters = {
        "name": str(conf["table_name"]),
        "namespace": str(conf["namespace"]),
        "output_path": str(conf["output_path"]),
        "delimiter": str(conf.get("delimiter") or ","),
    }
    return _local_job("download_0", "Download", parameters, data_port=None)


def _local_job(
    component: str, module: str, parameters: dict[str, Any], data_port: str | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    description: dict[str, Any] = {"module": module}
    if data_port:
        description["output"] = {"data": [data_port]}
    dsl = {"components": {component: description}}
    conf = {
        "dsl_version": 2,
        "initiator": {"role": "local", "party_id": 0},
        "role": {"local": [0]},
        "job_parameters": {"common": {"job_type": "train", "task_cores": 1}},
        "component_parameters": {"role": {"local": {"0": {component: parameters}}}},
    }
    return dsl, conf


def _need(conf: Mapping[str, Any], *names: str) -> None:
    missing = [name for name in names if conf.get(name) in (None, "")]
    if missing:
        raise BadRequest(f"required parameters are missing: {', '.join(missing)}")


def _whole(conf: Mapping[str, Any], name: str) -> int:
    value = conf[name]
    if isinstance(value, str) and value.strip().lstrip("-").isdigit():
        return int(value)
    if isinstance(value, int):
        return int(value)
    raise BadRequest(f"{name} must be a whole number, not {value!r}")
