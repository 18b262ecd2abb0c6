"""Members data and table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fateflow_tui.sdk.flow_client.jobs import Id
from fateflow_tui.sdk.flow_client.wire import Answer, Conf, Wire, as_query, conf_of


class Data:
    """Tables from files, files from tables."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def upload(
        self, config_data: Conf | None = None, verbose: int = 0, drop: int = 0, *, conf_path: Conf | None = None
    ) -> Answer:
        """Makes a table of a file of this machine, or with `use_local_data` 0 of the scheduler's. drop: replace one
        of that name.
        """
        conf = conf_of(config_data, conf_path)
        conf["drop"] = 1 if drop == 1 else conf.get("drop", 0)
        if str(conf.get("use_local_data", 1)) == "0":
            return self._wire.post("data/upload", conf)
        return self._wire.post_file("data/upload", _file(conf, config_data or conf_path), query=as_query(conf))

    def download(self, config_data: Conf | None = None, *, conf_path: Conf | None = None) -> Answer:
        """Writes a table to a file of the scheduler's machine."""
        conf = conf_of(config_data, conf_path)
        conf["output_path"] = str(Path(str(conf.get("output_path", ""))).expanduser().absolute())
        return self._wire.post("data/download", conf)

    def upload_history(self, limit: int = 10, job_id: Id | None = None) -> Answer:
        return self._wire.post("data/upload/history", {"limit": limit, "job_id": job_id})


class Table:
    """Tables."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def info(self, namespace: str, table_name: str) -> Answer:
        return self._wire.post("table/table_info", {"namespace": namespace, "table_name": table_name})

    def delete(
        self,
        namespace: str | None = None,
        table_name: str | None = None,
        job_id: Id | None = None,
        role: str | None = None,
        party_id: Id | None = None,
        component_name: str | None = None,
    ) -> Answer:
        """Deletes a table. The arguments after its name have no meaning, as in FATE."""
        body = {"namespace": namespace, "table_name": table_name, "job_id": job_id, "role": role}
        return self._wire.post("table/delete", {**body, "party_id": party_id, "component_name": component_name})

    def bind(
        self,
        engine: str,
        name: str,
        namespace: str,
        address: Mapping[str, Any],
        partitions: int | None = None,
        head: bool | None = None,
        id_delimiter: str | None = None,
        in_serialized: bool | None = None,
        drop: int | bool | None = None,
        id_column: str | None = None,
        feature_column: str | None = None,
        **more: Any,
    ) -> Answer:
        """Makes a table of data that stay where they are."""
        body = {
            "engine": engine,
            "name": name,
            "namespace": namespace,
            "address": dict(address),
            "partitions": partitions,
            "head": head,
            "id_delimiter": id_delimiter,
            "in_serialized": in_serialized,
            "drop": drop,
            "id_column": id_column,
            "feature_column": feature_column,
        }
        return self._wire.post("table/bind", {**body, **more})


def _file(conf: Mapping[str, Any], source: Any) -> Path:
    """The file that a configuration names: as it is, or beside the configuration's own file."""
    named = Path(str(conf.get("file", ""))).expanduser()
    if named.is_file() or not isinstance(source, str | Path):
        return named
    beside = Path(source).expanduser().parent / named
    return beside if beside.is_file() else named
