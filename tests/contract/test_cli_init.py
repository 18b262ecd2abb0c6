"""`fateflow init`: the saved address, used by commands without an address of their own."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

from tests.contract.command_line import CommandLine


def test_init_saves_the_address_of_the_scheduler(cli: CommandLine, other: CommandLine, tmp_path: Path) -> None:
    url = cli("server", "status", "--json").data["url"]
    place = {"FATEFLOW_SETTINGS": str(tmp_path / "settings" / "here.json"), "FATEFLOW_HOME": ""}
    port = str(urlsplit(url).port)
    answer = other("init", "--ip", "127.0.0.1", "--port", port, "-o", "fate", **place).data
    assert answer["retcode"] == 0
    assert other("server", "status", "--json", **place).data["home"] == str(cli.home)
    assert Path(place["FATEFLOW_SETTINGS"]).stat().st_mode & 0o077 == 0
    assert other("init", "--json", **place).data["url"] == url
    # What stands on the command line or in the environment counts more.
    assert (
        "no scheduler is running" in other("job", "list", "--no-start", "--home", str(other.home), code=3, **place).err
    )
    here = {**place, "FATEFLOW_HOME": str(other.home)}
    assert "no scheduler is running" in other("job", "list", "--no-start", code=3, **here).err
    assert "deleted the saved settings" in other("init", "--reset", **place).err
    assert other("init", "--json", **place).data["url"] == ""


def test_a_servers_configuration_is_read_each_time(cli: CommandLine, other: CommandLine, tmp_path: Path) -> None:
    port = urlsplit(cli("server", "status", "--json").data["url"]).port
    conf = tmp_path / "service_conf.yaml"
    conf.write_text(
        "# comment\nfateflow:\n  host: 127.0.0.1\n  http_port: 1\n  names:\n    - a\nfateboard:\n  host: x\n"
    )
    place = {"FATEFLOW_SETTINGS": str(tmp_path / "here.json"), "FATEFLOW_HOME": ""}
    other("init", "-c", str(conf), **place)
    other("job", "list", code=3, **place)
    (tmp_path / "local.service_conf.yaml").write_text(f"fateflow:\n  host: 127.0.0.1\n  http_port: {port}\n")
    assert other("server", "status", "--json", **place).data["home"] == str(cli.home)
    conf.unlink()
    assert "server configuration" in other("job", "list", code=5, **place).err


def test_half_an_address_is_refused(other: CommandLine, tmp_path: Path) -> None:
    place = {"FATEFLOW_SETTINGS": str(tmp_path / "here.json")}
    assert "both --ip and --port" in other("init", "--ip", "127.0.0.1", code=2, **place).err
    assert not (tmp_path / "here.json").exists()


def test_only_the_user_can_read_saved_keys(other: CommandLine, tmp_path: Path) -> None:
    place = {"FATEFLOW_SETTINGS": str(tmp_path / "here.json")}
    other("init", "--ip", "127.0.0.1", "--port", "9380", "--app-key", "me", "--secret-key", "hush", **place)
    assert "hush" not in other("init", **place).out
    assert json.loads((tmp_path / "here.json").read_text())["secret_key"] == "hush"


def test_damaged_settings_are_reported(other: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "here.json").write_text("{")
    result = other("job", "list", code=1, FATEFLOW_SETTINGS=str(tmp_path / "here.json"), FATEFLOW_HOME="")
    assert "hint: reset it with: fateflow init --reset" in result.err
