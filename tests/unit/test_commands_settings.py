"""The scheduler's address as saved by `init`."""

from __future__ import annotations

from pathlib import Path

import pytest

from fateflow_tui.commands import settings
from fateflow_tui.core.errors import BadRequest, NotFound

_CONF = """\
use_registry: false
# the server
fateflow:
  # you must set real ip address
  host: "10.0.0.7"   # here
  http_port: 9380
  grpc_port: 9360
  proxy:
    name: rollsite
    hosts:
      - a: 1
        b: 2
database:
  host: db
  port: '3306'
"""


def test_nested_mappings_are_read() -> None:
    found = settings.mapping(_CONF)
    assert found["use_registry"] == "false"
    assert found["fateflow"]["host"] == "10.0.0.7"
    assert found["fateflow"]["http_port"] == "9380"
    assert found["fateflow"]["proxy"]["name"] == "rollsite"
    assert found["database"] == {"host": "db", "port": "3306"}


def test_the_address_of_a_server(tmp_path: Path) -> None:
    conf = tmp_path / "service_conf.yaml"
    with pytest.raises(NotFound):
        settings.address_in(conf)
    conf.write_text(_CONF)
    assert settings.address_in(conf) == "http://10.0.0.7:9380"
    conf.with_name("local.service_conf.yaml").write_text("fateflow:\n  host: ::1\n  http_port: 1\n")
    assert settings.address_in(conf) == "http://[::1]:1"
    conf.with_name("local.service_conf.yaml").write_text("fateflow:\n  host: x\n")
    with pytest.raises(BadRequest, match="http_port"):
        settings.address_in(conf)


def test_settings_are_written_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FATEFLOW_SETTINGS", str(tmp_path / "a" / "b.json"))
    assert settings.read() == settings.Settings()
    assert settings.read().url == ""
    kept = settings.Settings(ip="::1", port=9380, app_key="k", secret_key="s")
    assert settings.write(kept) == tmp_path / "a" / "b.json"
    assert settings.read() == kept
    assert settings.read().url == "http://[::1]:9380"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.json"]
