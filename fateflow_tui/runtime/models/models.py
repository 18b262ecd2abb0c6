"""Operations on this site's models: deploy, load, migrate, export, import, verify, compare, delete."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

import fateflow_tui
from fateflow_tui.artifacts.home import Home
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.document.json_text import JsonDocument
from fateflow_tui.core.errors import BadRequest, Conflict, FateFlowError
from fateflow_tui.core.ids import Party
from fateflow_tui.core.ports import ModuleCatalog, RecordCollection
from fateflow_tui.core.records import JobState
from fateflow_tui.registry import Part, Registry
from fateflow_tui.registry.difference import difference
from fateflow_tui.registry.migrate import check_mapping, new_model_id
from fateflow_tui.registry.names import ModelNames
from fateflow_tui.runtime.jobs.prediction import Prediction, deployed_dsl, training_pipeline, used_models, wanted_model
from fateflow_tui.runtime.live_jobs import JobIds
from fateflow_tui.runtime.models.messages import (
    DeployChange,
    DescribePart,
    LoadVersion,
    MigrateChange,
    ModelAnswer,
    ModelMessage,
    NotDeployed,
    PublishVersion,
    VersionOrder,
    version_of,
)
from fateflow_tui.runtime.models.participant import ArchiveFile, ModelArchives, ModelParticipant
from fateflow_tui.runtime.models.versions import ModelLookup, ModelNotFound, PartyAnswer, VersionResult, Versions
from fateflow_tui.runtime.peers.client import Peers
from fateflow_tui.runtime.peers.grants import Trail
from fateflow_tui.runtime.peers.keys import SiteKey
from fateflow_tui.runtime.serving.serving import ServingService
from fateflow_tui.runtime.site_config import SiteConfig

logger = logging.getLogger(__name__)

_RETRY_EVERY = 2.0  # seconds
_SERVED_ROLES = ("guest", "host")


class PartState(msgspec.Struct, frozen=True):
    """A party's part of a version as it is now. here: at this site. flaws: [] for an intact part."""

    here: bool
    digest: str
    flaws: list[str]


class ModelService(ModelLookup):
    """The model operations of a site. job_ended: returns when a job has ended here, is unknown here, or takes too long
    to end.
    """

    def __init__(
        self,
        home: Home,
        config: SiteConfig,
        key: SiteKey,
        peers: Peers,
        catalog: ModuleCatalog,
        registry: Registry,
        serving: ServingService,
        ids: JobIds,
        names: RecordCollection,
        decisions: RecordCollection,
        audit: Trail,
        job_ended: Callable[[str], Awaitable[None]],
    ) -> None:
        self._config = config
        self._peers = peers
        self._catalog = catalog
        super().__init__(registry, ModelNames(names))
        self._serving = serving
        self._ids = ids
        self._archives = ModelArchives(home, registry, key)
        self._participant = ModelParticipant(registry, self._archives, serving)
        self._job_ended = job_ended
        self._audit = audit
        self._versions = Versions(self._ask, decisions)

    async def run(self) -> None:
        """Deliver decided versions to parties that were unreachable, for as long as the site runs."""
        while True:
            try:
                await self._versions.retry_decisions()
            except (FateFlowError, OSError):
                logger.exception("a model version could not be delivered to all parties; retrying")
            await asyncio.sleep(_RETRY_EVERY)

    async def handle(self, source: Party, party: Party, message: ModelMessage) -> ModelAnswer:
        """Handle a peer's authenticated message to a party of this site.

        A job's driver learns of its success a moment before the other parties, which register their parts then.
        """
        await self._job_ended(version_of(message))
        answer = await self._participant.handle(source, party, message)
        if isinstance(message, PublishVersion | LoadVersion):
            self._note(f"model {type(message).__name__}", str(source), version_of(message), party=str(party))
        return answer

    # queries

    def is_loaded(self, part: Part) -> bool:
        return self._serving.is_loaded(part.party, part.model_id, part.model_version)

    def loaded_times(self, part: Part) -> int:
        return self._serving.loaded_times(part.party, part.model_id, part.model_version)

    async def verify(self, version: str) -> dict[str, PartState]:
        """Check every party's part, by `str(party)`: whether it exists, is the agreed one, and is intact."""
        own = self.require(version)[0]
        parts = own.manifest.parts
        message = DescribePart(own.model_id, version)
        answers = await self._ask_each(own.party, [Party.parse(key) for key in parts], message)
        return {key: self._state(key, parts[key], answers[key]) for key in parts}

    def diff(self, one: str, other: str, party: Party | None) -> dict[str, Any]:
        """Compare two versions at one party of this site, by default the initiator."""
        chosen = []
        for version in (one, other):
            fitting = [part for part in self.require(version) if party in (None, part.party)]
            if not fitting:
                raise ModelNotFound(f"there is no part of {party} of model version {version} at this site")
            chosen.append(fitting[0])
        return difference(*chosen)

    # operations

    def register(self, state: JobState, party: Party, parts: Mapping[str, str]) -> None:
        """Register a party's part of the model of a job that succeeded everywhere. Idempotent."""
        record = state.parties[str(party)]
        pipeline = training_pipeline(state, party, self._catalog, version=fateflow_tui.__version__, at=record.ended_at)
        newest = {
            task.component: task
            for task in sorted(state.tasks.values(), key=lambda task: task.version)
            if task.party == party
        }
        expected = [
            (task.component, output.name, output.sha256)
            for task in newest.values()
            for output in task.outputs
            if output.kind == "model"
        ]
        self._registry.register(pipeline, parts, expected)

    def prediction(self, conf: JsonDocument) -> Prediction | None:
        """What a predict job takes from its model; None for a training job. Raises ModelNotFound, NotDeployed."""
        wanted = wanted_model(conf)
        if wanted is None:
            return None
        party = wanted.initiator
        role, party_id = (party.role, party.party_id) if party is not None else ("", "")
        part = self.part(wanted.model_id, wanted.model_version, role=role, party_id=party_id)
        if not part.pipeline.deployed:
            raise NotDeployed(
                f"Model {wanted.model_id} {wanted.model_version} has not been deployed yet.",
                hint=f"deploy it first: fateflow model deploy {wanted.model_version}",
            )
        return Prediction(part.pipeline.predict_dsl, part.pipeline.train_conf, part.manifest.parts)

    async def deploy(
        self,
        model_id: str,
        version: str,
        *,
        components: list[str] | None = None,
        predict_dsl: dict[str, Any] | None = None,
        by: str = "",
    ) -> VersionResult:
        """Make a version that can predict, at all parties or none. Raises ModelNotFound, Conflict, BadDocument."""
        part = self._initiators(model_id, version)
        if not part.pipeline.parent:
            raise NotDeployable(
                f"model version {part.model_version} was deployed from another one and cannot be deployed again",
                hint=f"deploy its parent: {part.pipeline.parent_info.get('parent_model_version')}",
            )
        dsl = deployed_dsl(part.pipeline, components, predict_dsl)
        change = DeployChange(dsl, used_models(dsl))
        made = await self._make(part, part.model_id, self._ids.new(), change, _parties(part.pipeline.roles))
        self._note("model deploy", by, part.model_version, new_version=made.model_version, ok=made.ok)
        return made

    async def migrate(
        self,
        model_id: str,
        version: str,
        *,
        roles: Mapping[str, list[int]],
        new_roles: Mapping[str, list[int]],
        initiator: Party | None,
        executing: Mapping[str, list[int]],
        new_version: str = "",
        by: str = "",
    ) -> VersionResult:
        """Rewrite a version for other party ids at the sites of the executing parties. Raises BadRequest."""
        part = self._initiators(model_id, version)
        mapping = check_mapping(part.pipeline.roles, roles, new_roles)
        if initiator is not None and mapping.get(part.pipeline.initiator) != initiator:
            raise BadRequest(
                f"migrate_initiator is {initiator}, but {part.pipeline.initiator} becomes "
                f"{mapping.get(part.pipeline.initiator)}"
            )
        parties = _parties(executing)
        if strangers := [str(party) for party in parties if party not in mapping]:
            raise BadRequest(f"execute_party names {', '.join(strangers)}, which have no part of the model")
        if new_version and self.find(version=new_version):
            raise BadRequest(f"unify_model_version {new_version} already exists at this site")
        change = MigrateChange({str(old): str(new) for old, new in mapping.items()})
        new_id = new_model_id(part.pipeline.roles, mapping)
        made = await self._make(part, new_id, new_version or self._ids.new(), change, parties)
        self._note("model migrate", by, part.model_version, new_version=made.model_version, ok=made.ok)
        return made

    async def load(self, model_id: str, version: str, *, by: str = "") -> dict[str, PartyAnswer]:
        """Load a version for online inference at every guest and host; return the answers by `str(party)`."""
        part = self._initiators(model_id, version)
        served = {role: members for role, members in part.pipeline.roles.items() if role in _SERVED_ROLES}
        message = LoadVersion(part.model_id, part.model_version)
        outcomes = await self._ask_each(part.party, _parties(served), message)
        answers = {
            key: PartyAnswer(outcome.retcode or 100, outcome.message)
            if isinstance(outcome, FateFlowError)
            else PartyAnswer(0, outcome.text)
            for key, outcome in outcomes.items()
        }
        self._note("model load", by, part.model_version, ok=all(answer.retcode == 0 for answer in answers.values()))
        return answers

    def bind(self, service_id: str, model_id: str, version: str, *, by: str = "") -> None:
        """Let a service id answer with a version that is loaded here. Raises Conflict if it is not loaded."""
        guests = [part for part in self.find(model_id=model_id, version=version) if part.party.role == "guest"]
        if not guests:
            raise ModelNotFound(f"no guest of this site has a part of {model_id} version {version}")
        self._serving.bind(service_id, guests[0].party, model_id, version)
        self._note("model bind", by, version, service_id=service_id)

    def export(self, party: Party, model_id: str, version: str, *, by: str = "") -> ArchiveFile:
        """Return a party's part as an archive. Raises NotFound."""
        archive = self._archives.export(party, model_id, self.resolve(version))
        self._note("model export", by, version, party=str(party))
        return archive

    def import_archive(
        self, path: Path, party: Party, model_id: str, version: str, *, force: bool = False, by: str = ""
    ) -> Part:
        """Register the part in an archive; see `ModelArchives.import_archive`."""
        if not self._config.plays(party):
            raise BadRequest(f"{party} is not played by this site", hint=f"import it at the site of {party}")
        part = self._archives.import_archive(path, party, model_id, version, force=force)
        self._note("model import", by, version, party=str(party), force=force)
        return part

    def delete(self, version: str, *, by: str = "") -> list[str]:
        """Delete this site's parts of a version; return their parties. Raises Conflict while one is served."""
        parts = self.require(version)
        if loaded := [str(part.party) for part in parts if self.is_loaded(part)]:
            raise Conflict(
                f"model version {version} is served online for {', '.join(loaded)}",
                hint="unload it first: fateflow serving unload",
            )
        for part in parts:
            self._registry.delete(part)
        self.tags.forget(version)
        self._note("model delete", by, version)
        return [str(part.party) for part in parts]

    # between parties

    def _note(self, what: str, by: str, version: str, **facts: Any) -> None:
        """Record in the audit trail who did what with which model."""
        self._audit.add(now_ms(), {"what": what, "by": by, "model_version": version, **facts})

    async def _make(
        self, part: Part, new_id: str, new_version: str, change: DeployChange | MigrateChange, parties: Sequence[Party]
    ) -> VersionResult:
        order = VersionOrder(part.model_id, part.model_version, new_id, new_version, change, now_ms())
        return await self._versions.make(part.pipeline.initiator, order, parties)

    async def _ask(self, source: Party, party: Party, message: ModelMessage) -> ModelAnswer:
        if self._config.plays(party):
            return await self._participant.handle(source, party, message)
        return await self._peers.send_model(source, party, message)

    async def _ask_each(
        self, source: Party, parties: Sequence[Party], message: ModelMessage
    ) -> dict[str, ModelAnswer | FateFlowError]:
        async def one(party: Party) -> ModelAnswer | FateFlowError:
            try:
                return await self._ask(source, party, message)
            except FateFlowError as error:
                return error

        return {
            str(party): outcome
            for party, outcome in zip(parties, await asyncio.gather(*map(one, parties)), strict=True)
        }

    def _initiators(self, model_id: str, version: str) -> Part:
        """The initiator's part: versions are made only at its site. Raises ModelNotFound, Conflict."""
        part = self.part(model_id, version)
        if part.party != part.pipeline.initiator:
            raise Conflict(
                f"model version {part.model_version} belongs to {part.pipeline.initiator}, which is not at this site",
                hint=f"run the command at the site of {part.pipeline.initiator}",
            )
        return part

    def _state(self, key: str, agreed: str, outcome: ModelAnswer | FateFlowError) -> PartState:
        here = self._config.plays(Party.parse(key))
        if isinstance(outcome, FateFlowError):
            return PartState(here, "", [outcome.message])
        flaws = list(outcome.flaws)
        if outcome.digest != agreed:
            flaws.append(f"not the agreed part: digest {outcome.digest[:12]} instead of {agreed[:12]}")
        return PartState(here, outcome.digest, flaws)


class NotDeployable(Conflict):
    """A version that was deployed already; FATE-Flow answers 100."""

    code, retcode = "not_deployable", 100


def _parties(roles: Mapping[str, Sequence[int]]) -> list[Party]:
    return [Party.of(role, member) for role, members in roles.items() for member in members]
