"""A site's configuration: the file ``site.toml`` in its home, written at the first start and edited by the user."""

from __future__ import annotations

import difflib
import json
import stat
import tomllib
from pathlib import Path
from typing import Any, Final, Literal, Self

import msgspec

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.files import write_file
from fateflow_tui.core.ids import OWN_PARTY_ID, Party
from fateflow_tui.runtime.peers.grants import checked_pattern, covers, party_of

_MIN_SECRET: Final = 16  # characters
_MIN_DIFFERENT: Final = 8  # of them
_MIN_SILENCE: Final = 6  # seconds; healthy parties send a heartbeat every five

_HEADING = "# Configuration of a fateflow site. Edit it while the site is stopped; unknown keys are refused.\n"


class Capacity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the local engine has for all jobs together. memory: MiB, 0 for no limit."""

    cores: int = 20
    memory: int = 0


class Timeouts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds. peer: all attempts at one control message together. value: one chunk of a value between parties.
    silence: without a heartbeat, after which a worker is reported as silent and its stack is read.
    """

    peer: float = 3.0
    value: float = 30.0
    silence: float = 300.0


class Scheduling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds. create: in which all parties must accept a new job. ageing: after which no other job overtakes a waiting
    one. peer_silence: after which a silent party is shown as lost. peer_lost: after which its jobs fail.
    """

    create: float = 15.0
    ageing: float = 60.0
    peer_silence: float = 20.0
    peer_lost: float = 120.0


class MailboxLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """quota: MiB of values from other parties that may wait for one party's component."""

    quota: int = 1024


class ServingLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """timeout: seconds in which all hosts of an online inference must have answered."""

    timeout: float = 1.0


class Retention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many days after a job's end, and how many MiB in total, data is kept; 0 for no limit.

    jobs: with all their data. logs: of jobs. tables: outputs of their components. archives: of migrated models. What
    is in use is never deleted: see `fateflow gc --dry-run`.
    """

    jobs_days: float = 0
    jobs_mib: int = 0
    logs_days: float = 0
    logs_mib: int = 0
    tables_days: float = 0
    tables_mib: int = 0
    archives_days: float = 0

    @property
    def is_limited(self) -> bool:
        return any(msgspec.structs.astuple(self))


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """PEM files. certificate, key: to serve https. authority: to verify the certificates of peers, "" for the
    authorities of the system.
    """

    certificate: str = ""
    key: str = ""
    authority: str = ""


class ClientKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys that FATE-Flow 1.7+ clients sign their calls with. Once set, a call must be signed or have the token."""

    app_key: str = ""
    secret_key: str = ""

    def __repr__(self) -> str:
        return f"ClientKeys(app_key={self.app_key!r}, secret_key={'***' if self.secret_key else ''!r})"


class ModelStoreConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The second location of models. directory: "" for none; use another disk, or one that sites share."""

    directory: str = ""


class SiteConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings of a site.

    parties: of this site, as ``guest:9999`` or ``9999`` (any role); [] for a standalone site, which plays all parties.
    data_roots: folders in which clients may name server-side files. advertised: the URL that peers should use.
    permissions: what a trusted peer without grants may do: everything (open) or nothing (required).
    """

    name: str = "site"
    parties: list[str] = []
    host: str = "127.0.0.1"
    port: int = 9380
    advertised: str = ""
    data_roots: list[str] = []
    permissions: Literal["open", "required"] = "open"
    capacity: Capacity = Capacity()
    timeouts: Timeouts = Timeouts()
    scheduling: Scheduling = Scheduling()
    mailbox: MailboxLimits = MailboxLimits()
    serving: ServingLimits = ServingLimits()
    model_store: ModelStoreConfig = ModelStoreConfig()
    retention: Retention = Retention()
    tls: Tls = Tls()
    client: ClientKeys = ClientKeys()

    @property
    def standalone(self) -> bool:
        return not self.parties

    def plays(self, party: Party) -> bool:
        """Whether tasks of this party run here. Party id 0 always means the local site."""
        own = self.standalone or party.party_id == OWN_PARTY_ID
        return own or any(covers(pattern, party) for pattern in self.parties)

    def primary_party(self) -> Party | None:
        """The party that the site acts for in calls that belong to no job; None for a standalone site."""
        return party_of(self.parties[0]) if self.parties else None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and check the file. Raises BadRequest naming the file and the key, FileNotFoundError."""
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadRequest(f"{path} is not TOML: {error}", hint="correct the line, or delete the file") from error
        _refuse_unknown(path, cls, document, "")
        try:
            config = msgspec.convert(document, cls)
        except msgspec.ValidationError as error:
            raise BadRequest(f"{path}: {error}") from error
        config.check(str(path))
        if config.client.secret_key and stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
            raise BadRequest(
                f"{path} contains client.secret_key and is readable by other users", hint=f"chmod 600 {path}"
            )
        return config

    @classmethod
    def load_or_create(cls, path: Path, first: Self) -> Self:
        """Return the file's configuration; if there is no file, write `first` and return it."""
        if not path.exists():
            first.save(path)
        return cls.load(path)

    def check(self, origin: str) -> None:
        """Raise BadRequest for invalid values. origin: where they are from, for the message."""
        try:
            for pattern in self.parties:
                checked_pattern(pattern)
        except BadRequest as error:
            raise BadRequest(f"{origin}: parties: {error.message}", hint=error.hint) from error
        limits = (
            ("port", self.port, 0, 65_535),
            ("capacity.cores", self.capacity.cores, 1, None),
            ("capacity.memory", self.capacity.memory, 0, None),
            ("timeouts.peer", self.timeouts.peer, 0.1, None),
            ("timeouts.value", self.timeouts.value, 1, None),
            ("timeouts.silence", self.timeouts.silence, 0.1, None),
            *((f"retention.{name}", getattr(self.retention, name), 0, None) for name in Retention.__struct_fields__),
            ("scheduling.create", self.scheduling.create, 1, None),
            ("scheduling.ageing", self.scheduling.ageing, 0, None),
            ("scheduling.peer_silence", self.scheduling.peer_silence, _MIN_SILENCE, None),
            ("scheduling.peer_lost", self.scheduling.peer_lost, _MIN_SILENCE, None),
            ("mailbox.quota", self.mailbox.quota, 1, None),
            ("serving.timeout", self.serving.timeout, 0.05, 60),
        )
        for key, value, minimum, maximum in limits:
            if value < minimum or (maximum is not None and value > maximum):
                span = f"at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
                raise BadRequest(f"{origin}: {key} is {value}, but must be {span}")
        if bool(self.tls.certificate) != bool(self.tls.key):
            raise BadRequest(f"{origin}: tls.certificate and tls.key must both be set; one is missing")
        _check_client_keys(origin, self.client)

    def save(self, path: Path) -> None:
        """Write the file atomically."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(path, (_HEADING + to_toml(msgspec.to_builtins(self))).encode(), 0o600)


def _check_client_keys(origin: str, client: ClientKeys) -> None:
    if bool(client.app_key) != bool(client.secret_key):
        raise BadRequest(f"{origin}: client.app_key and client.secret_key must both be set; one is missing")
    if not (client.app_key + client.secret_key).isascii() or any(sign.isspace() for sign in client.app_key):
        raise BadRequest(
            f"{origin}: client.app_key and client.secret_key must be ASCII, and client.app_key must not contain spaces"
        )
    weak = len(client.secret_key) < _MIN_SECRET or len(set(client.secret_key)) < _MIN_DIFFERENT
    if client.secret_key and weak:
        raise BadRequest(
            f"{origin}: client.secret_key is too weak: at least {_MIN_SECRET} characters, "
            f"{_MIN_DIFFERENT} different ones",
            hint='make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"',
        )


def to_toml(document: dict[str, Any]) -> str:
    """Write text, numbers, booleans, lists of these and one level of tables as TOML."""
    plain = [f"{key} = {_literal(value)}\n" for key, value in document.items() if not isinstance(value, dict)]
    tables = [f"\n[{key}]\n{to_toml(value)}" for key, value in document.items() if isinstance(value, dict)]
    return "".join(plain + tables)


def _literal(value: Any) -> str:
    # JSON literals are valid TOML, except that TOML requires DEL to be escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _refuse_unknown(path: Path, type_: Any, table: dict[str, Any], prefix: str) -> None:
    fields = {field.name: field.type for field in msgspec.structs.fields(type_)}
    for key, value in table.items():
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            hint = (
                f"did you mean {prefix}{near[0]}?" if near else f"known keys: {', '.join(prefix + f for f in fields)}"
            )
            raise BadRequest(f"{path} has an unknown key {prefix}{key}", hint=hint)
        if isinstance(value, dict) and isinstance(fields[key], type) and issubclass(fields[key], msgspec.Struct):
            _refuse_unknown(path, fields[key], value, f"{prefix}{key}.")
