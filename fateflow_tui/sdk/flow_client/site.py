"""Members privilege, remote_version and test."""

from __future__ import annotations

import time
from typing import Any

from fateflow_tui.sdk.flow_client.jobs import Id
from fateflow_tui.sdk.flow_client.wire import Answer, Wire

_POLL = 0.5  # seconds, as FATE's client does
_TOY = {"components": {"secure_add_example_0": {"module": "SecureAddExample"}}}
_ENDED = ("success", "failed", "canceled", "timeout")


class Privilege:
    """What parties of other sites may run."""

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
        """Lists with commas, or `all`."""
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
    """The versions that the scheduler answers for; None where it has no such part."""

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
    """Whether two parties can work together."""

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
        """Adds numbers of a guest and a host secretly. Answers when that has ended, retcode 0 if it has succeeded.

        timeout: seconds. The user names have no meaning.
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
