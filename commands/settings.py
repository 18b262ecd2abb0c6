"""The scheduler's address as saved by `fateflow init`: one file per user, for all homes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from fateflow_tui.core.errors import BadRequest, FateFlowError, NotFound


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    """The address, or the service_conf.yaml of a FATE-Flow server, which takes precedence. The keys sign requests."""

    server_conf_path: str = ""
    ip: str = ""
    port: int = 0
    app_key: str = ""
    secret_key: str = ""

    @property
    def url(self) -> str:
        """The scheduler's address; '' if none is saved. Raises BadRequest for a server conf without one."""
        if self.server_conf_path:
            return address_in(Path(self.server_conf_path))
        return f"http://{bracketed(self.ip)}:{self.port}" if self.ip and self.port else ""


def path() -> Path:
    """Return $FATEFLOW_SETTINGS, or `connection.json` in the user's configuration directory."""
    named = os.environ.get("FATEFLOW_SETTINGS")
    if named:
        return Path(named)
    import platformdirs

    return platformdirs.user_config_path("fateflow", appauthor=False) / "connection.json"


def read() -> Settings:
    """Return the saved settings; empty if there are none. Raises FateFlowError for a damaged file."""
    file = path()
    try:
        return msgspec.json.decode(file.read_bytes(), type=Settings)
    except FileNotFoundError:
        return Settings()
    except (OSError, msgspec.MsgspecError) as error:
        raise FateFlowError(f"cannot read {file}: {error}", hint="reset it with: fateflow init --reset") from None


def write(settings: Settings) -> Path:
    """Save settings. Only the user can read the file, because of the secret key."""
    file = path()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(settings)) + b"\n")
    new.replace(file)
    return file


def address_in(conf: Path) -> str:
    """Return the address in a server's service_conf.yaml; `local.service_conf.yaml` beside it takes precedence.

    Raises NotFound, BadRequest.
    """
    server: dict[str, Any] = {}
    for file in (conf, conf.with_name(f"local.{conf.name}")):
        if file.is_file():
            found = mapping(file.read_text(encoding="utf-8")).get("fateflow")
            server = found if isinstance(found, dict) else server
        elif file is conf:
            raise NotFound(f"server configuration {conf} not found", hint="choose another with: fateflow init -c FILE")
    host, port = str(server.get("host", "")), str(server.get("http_port", ""))
    if not host or not port.isdigit():
        raise BadRequest(f"{conf} lacks fateflow.host or fateflow.http_port")
    return f"http://{bracketed(host)}:{port}"


def mapping(text: str) -> dict[str, Any]:
    """Parse the nested mappings of a YAML text, values as strings; lists are ignored."""
    root: dict[str, Any] = {}
    levels: list[tuple[int, dict[str, Any]]] = [(-1, root)]
    for line in text.splitlines():
        content = line.split(" #")[0].strip()
        if not content or content[0] in "#-" or ":" not in content:
            continue
        indent = len(line) - len(line.lstrip())
        while levels[-1][0] >= indent:
            levels.pop()
        name, _, value = content.partition(":")
        member: Any = value.strip().strip("'\"")
        if not member:
            member = {}
            levels.append((indent, member))
            levels[-2][1][name.strip()] = member
        else:
            levels[-1][1][name.strip()] = member
    return root


def bracketed(host: str) -> str:
    """Return a host as part of a URL: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
