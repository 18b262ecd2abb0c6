"""One site's part in model operations over all parties, and the archives of its model parts."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from pathlib import Path
from typing import NamedTuple

import msgspec

from fateflow_tui.artifacts.home import Home, segment
from fateflow_tui.core.document import conf_of_version
from fateflow_tui.core.errors import BadRequest, Conflict, FateFlowError, NotFound, PartyRefused
from fateflow_tui.core.files import make_directories
from fateflow_tui.core.ids import Party, party_model_id
from fateflow_tui.core.models import Pipeline
from fateflow_tui.registry import Part, Registry, Staged
from fateflow_tui.registry.archive import archive_name, export_archive, read_archive
from fateflow_tui.registry.migrate import migrated
from fateflow_tui.runtime.models.messages import (
    DeployChange,
    DescribePart,
    DiscardVersion,
    LoadVersion,
    MigrateChange,
    ModelAnswer,
    ModelMessage,
    NotDeployed,
    PublishVersion,
    StageVersion,
    VersionOrder,
)
from fateflow_tui.runtime.peers.keys import SiteKey, holds
from fateflow_tui.runtime.serving.serving import ServingService


class ArchiveFile(NamedTuple):
    """A zip file. name: its file name for users. temporary: delete it once it is sent."""

    path: Path
    name: str
    temporary: bool


class ModelArchives:
    """Exports and imports archives. The exporting site signs them, so that an import detects later changes."""

    def __init__(self, home: Home, registry: Registry, key: SiteKey) -> None:
        self._home = home
        self._registry = registry
        self._key = key

    def export(self, party: Party, model_id: str, version: str) -> ArchiveFile:
        """Export a party's part, also of a version that was migrated to another site. Raises NotFound."""
        name = archive_name(party_model_id(party, model_id), version)
        try:
            part = self._registry.part(party_model_id(party, model_id), version)
        except NotFound:
            kept = self._home.migrated / segment(name, "archive")
            if kept.is_file():
                return ArchiveFile(kept, name, temporary=False)
            raise
        path = self._home.uploads / secrets.token_hex(8)
        make_directories(path.parent)
        export_archive(part, path, self._sign)
        return ArchiveFile(path, name, temporary=True)

    def keep_migrated(self, part: Part) -> Path:
        """Write the archive of a part that moves to another site; it is kept until it is deleted as garbage."""
        path = self._home.migrated / archive_name(part.party_model_id, part.model_version)
        make_directories(path.parent)
        export_archive(part, path, self._sign)
        return path

    def import_archive(self, path: Path, party: Party, model_id: str, version: str, *, force: bool) -> Part:
        """Register the part in an archive. Raises BadRequest or DamagedFile naming what is wrong, and Conflict if the
        version is already here; force replaces it.
        """
        with read_archive(path, check_signature=_is_signed) as archive:
            found = archive.pipeline
            if (found.party, found.model_id, found.model_version) != (party, model_id, version):
                raise BadRequest(
                    f"the archive is the part of {found.party} of {found.model_id} version {found.model_version}, not "
                    f"that of {party} of {model_id} version {version}",
                    hint="name the party, model id and version of the archive",
                )
            if party.party_id not in map(str, found.roles.get(party.role, [])):
                raise BadRequest(f"{party} is not a party of {model_id}")
            if not force and self._is_here(found.party_model_id, version):
                raise Conflict(
                    f"{party} already has {model_id} version {version}", hint="fateflow model import FILE --force"
                )
            staged = self._registry.stage(found, archive.models())
            try:
                if force:
                    self._remove_existing(found.party_model_id, version)
                return self._registry.publish(staged, archive.manifest.parts, imported=True)
            except (FateFlowError, OSError):
                self._registry.discard(staged.token)
                raise

    def _is_here(self, owner: str, version: str) -> bool:
        try:
            self._registry.part(owner, version)
        except NotFound:
            return False
        return True

    def _remove_existing(self, owner: str, version: str) -> None:
        try:
            self._registry.remove(owner, version)
        except NotFound:
            return

    def _sign(self, content: bytes) -> dict[str, str]:
        return {"public_key": self._key.public, "signature": self._key.sign(content).hex()}


def _is_signed(content: bytes, signature: dict[str, str]) -> bool:
    try:
        return holds(signature["public_key"], bytes.fromhex(signature["signature"]), content)
    except (KeyError, ValueError, BadRequest):
        return False


class ModelParticipant:
    """Handles model messages to this site's parties. Disk work runs in threads."""

    def __init__(self, registry: Registry, archives: ModelArchives, serving: ServingService) -> None:
        self._registry = registry
        self._archives = archives
        self._serving = serving
        self._change = asyncio.Lock()  # a message that is delivered twice must not overtake itself

    async def handle(self, source: Party, party: Party, message: ModelMessage) -> ModelAnswer:
        """Handle a message from `source` to `party`. Raises NotFound, PartyRefused, DamagedFile, Conflict."""
        match message:
            case StageVersion(order=order):
                async with self._change:
                    return await asyncio.to_thread(self._stage, source, party, order)
            case PublishVersion(order=order, parts=parts):
                async with self._change:
                    return await asyncio.to_thread(self._publish, source, party, order, parts)
            case DiscardVersion(order=order):
                async with self._change:
                    await asyncio.to_thread(self._registry.discard, _token(party, order))
                return ModelAnswer("discarded")
            case DescribePart():
                return await asyncio.to_thread(self._describe, source, party, message)
            case LoadVersion():
                return self._load(source, party, message)

    def _stage(self, source: Party, party: Party, order: VersionOrder) -> ModelAnswer:
        part = self._own_part(source, party, order.model_id, order.model_version)
        if flaws := self._registry.verify(part):
            raise Conflict(
                f"the part of {party} of model version {order.model_version} is damaged: {flaws[0]}",
                hint="see: fateflow model verify",
            )
        return ModelAnswer("ready", digest=self._staged(part, order).digest)

    def _publish(self, source: Party, party: Party, order: VersionOrder, parts: dict[str, str]) -> ModelAnswer:
        part = self._own_part(source, party, order.model_id, order.model_version)
        try:
            staged = self._registry.staged(_token(party, order))
        except NotFound:
            # Already published, or swept: staging is deterministic, and publishing the same part again changes nothing.
            staged = self._staged(part, order)
        published = self._registry.publish(staged, parts)
        if isinstance(order.change, DeployChange):
            return ModelAnswer(f"deploy model of role {party.role} {party.party_id} success", published.digest)
        archive = self._archives.keep_migrated(published)
        self._registry.delete(published)
        return ModelAnswer(
            f"migrated to model id {order.new_model_id}, version {order.new_version}; the archive is at the site of "
            f"{party}: {archive}",
            published.digest,
        )

    def _describe(self, source: Party, party: Party, message: DescribePart) -> ModelAnswer:
        part = self._part(party, message.model_id, message.model_version)
        takes_part = source.party_id in map(str, part.pipeline.roles.get(source.role, []))
        if not takes_part and source != party:
            raise PartyRefused(f"{source} has no part of model version {message.model_version}")
        flaws = [str(flaw) for flaw in self._registry.verify(part)]
        return ModelAnswer("described", part.digest, flaws)

    def _load(self, source: Party, party: Party, message: LoadVersion) -> ModelAnswer:
        part = self._own_part(source, party, message.model_id, message.model_version)
        if not part.pipeline.deployed:
            raise NotDeployed(
                f"model version {message.model_version} of {party} is not deployed, so it cannot be loaded",
                hint=f"fateflow model deploy {message.model_version}",
            )
        self._serving.load(part)
        return ModelAnswer(f"load model of role {party.role} {party.party_id} success")

    def _own_part(self, source: Party, party: Party, model_id: str, version: str) -> Part:
        """Return the part if the caller is the model's initiator. Raises PartyRefused."""
        part = self._part(party, model_id, version)
        if source != part.pipeline.initiator:
            raise PartyRefused(
                f"{source} may not change model version {version}, which belongs to {part.pipeline.initiator}",
                hint=f"run the command at the site of {part.pipeline.initiator}",
            )
        return part

    def _part(self, party: Party, model_id: str, version: str) -> Part:
        return self._registry.part(party_model_id(party, model_id), version)

    def _staged(self, part: Part, order: VersionOrder) -> Staged:
        token = _token(part.party, order)
        match order.change:
            case DeployChange(predict_dsl=dsl, components=components):
                return self._registry.stage_copy(part, _deployed(part.pipeline, order, dsl), components, token=token)
            case MigrateChange(parties=parties):
                mapping = {Party.parse(old): Party.parse(new) for old, new in parties.items()}
                pipeline, models = migrated(
                    part.pipeline, part.models, mapping, model_id=order.new_model_id, model_version=order.new_version
                )
                pipeline = msgspec.structs.replace(pipeline, created_at=order.made_at)
                contents = ((model, msgspec.json.encode(model)) for model in models)
                return self._registry.stage(pipeline, contents, token=token)


def _deployed(pipeline: Pipeline, order: VersionOrder, predict_dsl: dict[str, object]) -> Pipeline:
    return msgspec.structs.replace(
        pipeline,
        model_version=order.new_version,
        predict_dsl=predict_dsl,
        train_conf=conf_of_version(pipeline.train_conf, order.new_model_id, order.new_version),
        conf_on_party=conf_of_version(pipeline.conf_on_party, order.new_model_id, order.new_version),
        parent=False,
        parent_info={"parent_model_id": order.model_id, "parent_model_version": order.model_version},
        created_at=order.made_at,
    )


def _token(party: Party, order: VersionOrder) -> str:
    """The same token for the same order, so that a repeated message finds what is already staged."""
    return hashlib.sha256(f"{party} {order.new_model_id} {order.new_version}".encode()).hexdigest()[:32]
