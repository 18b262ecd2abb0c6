"""Parts that are ready but not yet registered: whole and durable, in a hidden directory.

`<root>/<token>/part/` is what becomes the part, `<root>/<token>/staged.json` says of which version. Both appear at
once, by the renaming of a directory whose name begins with a dot.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol

import msgspec

from fateflow_tui.artifacts.durable import make_directories, sync, write_file
from fateflow_tui.artifacts.home import segment
from fateflow_tui.artifacts.models import MODEL_FILE
from fateflow_tui.core.errors import BadRequest, DamagedFile, NotFound
from fateflow_tui.core.ids import Party, party_model_id
from fateflow_tui.core.models import ModelFile, Pipeline, part_digest
from fateflow_tui.registry.part import COMPONENTS, PIPELINE_FILE, model_name, sha256

_STAGED_FILE: Final = "staged.json"
_PART: Final = "part"


class Named(Protocol):
    """What names a component's model: a ModelFile, a ComponentModel."""

    @property
    def component(self) -> str: ...

    @property
    def alias(self) -> str: ...


class Staged(msgspec.Struct, frozen=True):
    """A part that can be published. token: names it until then. pipeline: sha256 of its pipeline file."""

    token: str
    party: Party
    model_id: str
    model_version: str
    files: list[ModelFile]
    pipeline: str

    @property
    def party_model_id(self) -> str:
        return party_model_id(self.party, self.model_id)

    @property
    def digest(self) -> str:
        return part_digest(
            self.party, self.model_version, ((file.component, file.alias, file.sha256) for file in self.files)
        )


class Staging:
    """All staged parts of a site."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, pipeline: Pipeline, models: Iterable[tuple[Named, bytes]], token: str = "") -> Staged:
        """Keeps a part. token: replaces what was staged under it before; made up when empty.

        Raises BadRequest for a name that cannot be one or occurs twice, DamagedFile for content that is no model.
        """
        token = segment(token or secrets.token_hex(8), "token")
        make_directories(self.root)
        hidden = self.root / f".{secrets.token_hex(8)}"
        try:
            part = hidden / _PART
            (part / COMPONENTS).mkdir(parents=True)
            files = sorted(_written(part, models))
            content = msgspec.json.encode(pipeline)
            write_file(part / PIPELINE_FILE, content)
            staged = Staged(token, pipeline.party, pipeline.model_id, pipeline.model_version, files, sha256(content))
            write_file(hidden / _STAGED_FILE, msgspec.json.encode(staged))
            for directory, _, _ in os.walk(hidden):
                sync(Path(directory))
            self.discard(token)
            hidden.rename(self.root / token)
        except BaseException:
            shutil.rmtree(hidden, ignore_errors=True)
            raise
        sync(self.root)
        return staged

    def get(self, token: str) -> Staged:
        """Raises NotFound for a token under which nothing is staged (any more), DamagedFile."""
        path = self.root / segment(token, "token") / _STAGED_FILE
        try:
            return msgspec.json.decode(path.read_bytes(), type=Staged)
        except FileNotFoundError as error:
            raise NotFound(f"nothing is staged under {token!r}", hint="it was published, discarded or swept") from error
        except msgspec.MsgspecError as error:
            raise DamagedFile(f"what is staged under {token!r} cannot be read from {path}: {error}") from error

    def directory(self, token: str) -> Path:
        """What becomes the part; gone once it was published."""
        return self.root / segment(token, "token") / _PART

    def discard(self, token: str) -> bool:
        """False: there was nothing."""
        directory = self.root / segment(token, "token")
        gone = self.root / f".{secrets.token_hex(8)}"
        try:
            directory.rename(gone)
        except FileNotFoundError:
            return False
        shutil.rmtree(gone, ignore_errors=True)
        return True

    def sweep(self, older_than: float) -> list[str]:
        """Removes what has lain here for more than so many seconds; gives the names."""
        swept = []
        horizon = time.time() - older_than
        for directory in sorted(self.root.iterdir()) if self.root.is_dir() else []:
            try:
                old = directory.stat(follow_symlinks=False).st_mtime < horizon
            except FileNotFoundError:
                continue
            if old:
                shutil.rmtree(directory, ignore_errors=True)
                swept.append(directory.name)
        return swept


def _written(part: Path, models: Iterable[tuple[Named, bytes]]) -> Iterable[ModelFile]:
    for named, content in models:
        component, alias = segment(named.component, "component"), segment(named.alias, "model alias")
        directory = part / COMPONENTS / component / alias
        if directory.exists():
            raise BadRequest(f"the model {component}.{alias} is there twice")
        directory.mkdir(parents=True)
        write_file(directory / MODEL_FILE, content)
        name = model_name(content, component, alias)
        yield ModelFile(component, alias, name.module, sha256(content), len(content))
