"""Online inference: the versions that are loaded at this site answer for single rows, together with the hosts' sites.

What is loaded, which service stands for which version and where features are found is kept over restarts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.components.catalog import Catalog
from fateflow_tui.components.online import Score
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import (
    BadRequest,
    Conflict,
    NotFound,
    PartyRefused,
)
from fateflow_tui.core.ids import Party
from fateflow_tui.core.ports import RecordCollection
from fateflow_tui.runtime.peers.client import Peers
from fateflow_tui.runtime.serving.features import FeatureBinding, FeatureTables
from fateflow_tui.runtime.serving.inference import InferenceRow, RowScorer
from fateflow_tui.runtime.serving.messages import MAX_ROWS, InferenceFailed, ServingCode, ShareAnswer, ShareRequest
from fateflow_tui.runtime.serving.models import ROLES, FindPart, LoadedModel, LoadedModels, ServedModel, ServedPart
from fateflow_tui.runtime.site_config import SiteConfig


class ServiceBinding(msgspec.Struct, frozen=True):
    """The version that a service id stands for. party: the guest of this site that answers. bound_at: ms since the
    epoch.
    """

    service_id: str
    party: Party
    model_id: str
    model_version: str
    bound_at: int = 0


class BatchResult(msgspec.Struct, frozen=True):
    """By which version rows were scored; for each row its score, or why it has none."""

    loaded: LoadedModel
    results: list[Score | InferenceFailed]


class ServingService:
    """The serving part of a site. parts: finds registered parts again after a restart. records: opens a collection."""

    def __init__(
        self,
        config: SiteConfig,
        home: Home,
        catalog: Catalog,
        tables: Tables,
        peers: Peers,
        parts: FindPart,
        records: Callable[[str], RecordCollection],
    ) -> None:
        self._config = config
        self._models = LoadedModels(records("serving_models"), catalog, parts)
        self._features = FeatureTables(home, tables, records("serving_features"))
        self._inference = RowScorer(config, peers, self._features, self.share)
        self._records = records("serving_services")
        self._services = {
            key: msgspec.convert(kept.record, ServiceBinding) for key, kept in self._records.all().items()
        }

    async def close(self) -> None:
        await self._features.close()

    # models

    def load(self, part: ServedPart) -> LoadedModel:
        """Publishes a part of a guest or host; loading it again is no error and reads it anew. Raises Conflict (not
        deployed), NotBuilt (a module without an online form), BadRequest (another role), NotFound, DamagedFile.
        """
        return self._models.load(part)

    def unload(self, party: Party, model_id: str, version: str) -> None:
        """Raises NotFound."""
        self._models.unload(party, model_id, version)

    def loaded(self) -> list[LoadedModel]:
        """The versions that are loaded, the last one first."""
        return self._models.all()

    def is_loaded(self, party: Party, model_id: str, version: str) -> bool:
        return self._models.get(party, model_id, version) is not None

    def loaded_times(self, party: Party, model_id: str, version: str) -> int:
        return self._models.times(party, model_id, version)

    # services

    def bind(self, service_id: str, party: Party, model_id: str, version: str) -> ServiceBinding:
        """Makes a loaded version the one that a service id stands for; replaces what it stood for."""
        if not service_id:
            raise BadRequest("a service needs an id")
        if party.role != "guest":
            raise BadRequest(f"{party} cannot answer for a service: only a guest has the scores")
        if not self.is_loaded(party, model_id, version):
            raise Conflict(
                f"model version {version} is not loaded at {party}", hint="load it first: fateflow model load"
            )
        binding = ServiceBinding(service_id, party, model_id, version, now_ms())
        self._records.put(service_id, msgspec.to_builtins(binding))
        self._services[service_id] = binding
        return binding

    def unbind(self, service_id: str) -> None:
        """Raises NotFound."""
        if service_id not in self._services:
            raise NotFound(f"there is no service {service_id!r} at this site")
        self._records.delete(service_id)
        del self._services[service_id]

    def bindings(self) -> list[ServiceBinding]:
        return sorted(self._services.values(), key=lambda binding: binding.service_id)

    # features

    async def bind_features(
        self, party: Party, namespace: str, name: str, model_id: str = ""
    ) -> tuple[FeatureBinding, int]:
        """Names the table in which a party's features are looked up, for one model or ("") for all. Returns when it can
        be looked into, with its number of rows. Raises BadRequest, NotFound, ComponentFailed.
        """
        if party.role not in ROLES or not self._config.plays(party):
            raise BadRequest(f"{party} is no guest or host of this site ({self._config.name})")
        return await self._features.bind(FeatureBinding(party, namespace, name, model_id))

    def unbind_features(self, party: Party, model_id: str = "") -> None:
        """Raises NotFound."""
        self._features.unbind(party, model_id)

    def feature_bindings(self) -> list[FeatureBinding]:
        return self._features.all()

    # scores

    async def infer(self, service_id: str, question: InferenceRow) -> tuple[LoadedModel, Score]:
        """The score of one row and the version that it is of. Raises InferenceFailed."""
        answers = await self.infer_batch(service_id, [question])
        [result] = answers.results
        if isinstance(result, InferenceFailed):
            raise result
        return answers.loaded, result

    async def infer_batch(self, service_id: str, questions: Sequence[InferenceRow]) -> BatchResult:
        """The scores of several rows. Raises InferenceFailed for what concerns all of them."""
        served = self._served_by(service_id)
        if len(questions) > MAX_ROWS:
            raise InferenceFailed(
                ServingCode.REQUEST, f"{len(questions)} rows are asked for, at most {MAX_ROWS} are answered at once"
            )
        return BatchResult(served.loaded, await self._inference.scores(served, questions))

    async def share(self, source: Party, request: ShareRequest) -> ShareAnswer:
        """A host's part of the scores that a guest of its model asks for. Raises PartyRefused for anybody else."""
        if len(request.ids) > MAX_ROWS:
            raise PartyRefused(f"{source} asks for {len(request.ids)} rows, at most {MAX_ROWS} are answered at once")
        try:
            served = self._models.served(request.host, request.model_id, request.model_version)
        except InferenceFailed as error:
            return ShareAnswer(retcode=error.number, retmsg=error.text)
        roles = served.pipeline.roles
        if source != request.guest or source.role != "guest" or source.party_id not in map(str, roles.get("guest", [])):
            raise PartyRefused(f"{source} is no guest of model version {request.model_version}")
        if request.host.role != "host":
            raise PartyRefused(f"{request.host} has no share for others: only hosts do")
        if request.part and request.part != served.digest:
            text = f"version {request.model_version} at {request.host} is of another generation than the guest's"
            return ShareAnswer(retcode=ServingCode.MERGE, retmsg=text)
        return ShareAnswer(await self._inference.shares(served, request.ids))

    def _served_by(self, service_id: str) -> ServedModel:
        binding = self._services.get(service_id)
        if binding is None:
            raise InferenceFailed(
                ServingCode.NO_MODEL,
                f"no model is bound to service {service_id!r}",
                hint="bind a loaded version: fateflow model bind",
            )
        return self._models.served(binding.party, binding.model_id, binding.model_version)
