"""What `flow` of fate_client 1.6 does in its own way, and the parts of its SDK that no command reaches."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.client import answer_in, new_client
from tests.clients.flow_user import FlowUser, Trained

pytestmark = [pytest.mark.timeout(300), pytest.mark.parametrize("version", ["1.6.1"], indirect=True, scope="session")]

_PRIVILEGES = """
import json, sys
from flow_sdk.client import FlowClient
client = FlowClient(ip="127.0.0.1", port=int(sys.argv[1]), version="v1")
privileges = client.priviledge
print(json.dumps({name: getattr(privileges, name)("10000", "host") for name in ("grant", "query", "delete")}))
"""


def test_settings_come_from_a_servers_configuration_too(
    version: str, user: FlowUser, trained: Trained, tmp_path: Path
) -> None:
    client = new_client(version, tmp_path / "client")
    conf = client.write("service_conf.yaml", f"fateflow:\n  host: 127.0.0.1\n  http_port: {user.site.port}\n")
    assert client.flow("init", "-c", conf)["retcode"] == 0
    assert client.flow("job", "list", "-l", 1)["retcode"] == 0
    assert client.flow("init", "--reset")["retcode"] == 0
    assert client.flow("job", "list", "-l", 1)["retcode"] == 100


def test_privileges_are_known_to_the_sdk_only(user: FlowUser) -> None:
    port = user.recorder.port if user.recorder else user.site.port
    answers = answer_in(user.client.run("python", user.write("privileges.py", _PRIVILEGES), port))
    assert answers["query"]["retcode"] == 0
    assert answers["query"]["data"]["src_party_id"] in ("10000", 10000)
    # This SDK cannot say which privileges it means, so there is nothing to grant and to take away.
    assert (answers["grant"]["retcode"], answers["delete"]["retcode"]) == (100, 100)


def test_the_server_is_away(version: str, tmp_path: Path) -> None:
    client = new_client(version, tmp_path / "client")
    client.init(9)
    answer = client.flow("job", "list")
    assert answer["retcode"] == 100
    assert "Connection refused" in answer["retmsg"]
