"""Online inference: versions that are loaded at this site score single rows, together with the sites of the hosts.

Loaded versions, service bindings and feature bindings survive restarts.
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
from fateflow_tui.runtime.serving.models import ROLES, FindPart, LoadedModels, LoadedVersion, ServedModel, ServedPart
from fateflow_tui.runtime.site_config import SiteConfig


class ServiceBinding(msgspec.Struct, frozen=True):
    """The version behind a service id. party: the guest of this site that answers. bound_at: ms since the epoch."""

    service_id: str
    party: Party
    model_id: str
    model_version: str
    bound_at: int = 0


class BatchResult(msgspec.Struct, frozen=True):
    """The version that scored the rows, and for each row its score, or why it has none."""

    loaded: LoadedVersion
    results: list[Score | InferenceFailed]


class ServingService:
    """The online inference of a site. parts: finds registered parts after a restart. records: opens a collection."""

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

    def load(self, part: ServedPart) -> LoadedVersion:
        """Load a part of a guest or host, or reload it. Raises Conflict (not deployed), NotBuilt (a module does not
        support single rows), BadRequest (another role), NotFound, DamagedFile.
        """
        return self._models.load(part)

    def unload(self, party: Party, model_id: str, version: str) -> None:
        """Raises NotFound."""
        self._models.unload(party, model_id, version)

    def loaded(self) -> list[LoadedVersion]:
        """The loaded versions, the newest first."""
        return self._models.all()

    def is_loaded(self, party: Party, model_id: str, version: str) -> bool:
        return self._models.get(party, model_id, version) is not None

    def loaded_times(self, party: Party, model_id: str, version: str) -> int:
        return self._models.times(party, model_id, version)

    # services

    def bind(self, service_id: str, party: Party, model_id: str, version: str) -> ServiceBinding:
        """Bind a service id to a loaded version, replacing an earlier binding. Raises BadRequest, Conflict."""
        if not service_id:
            raise BadRequest("a service needs an id")
        if party.role != "guest":
            raise BadRequest(f"{party} cannot answer for a service: only guests compute scores")
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
        """Bind the table of a party's features, for one model or ("") for all. Returns the binding and the number of
        rows once the table is indexed. Raises BadRequest, NotFound, ComponentFailed.
        """
        if party.role not in ROLES or not self._config.plays(party):
            raise BadRequest(f"{party} is not a guest or host of this site ({self._config.name})")
        return await self._features.bind(FeatureBinding(party, namespace, name, model_id))

    def unbind_features(self, party: Party, model_id: str = "") -> None:
        """Raises NotFound."""
        self._features.unbind(party, model_id)

    def feature_bindings(self) -> list[FeatureBinding]:
        return self._features.all()

    # scores

    async def infer(self, service_id: str, question: InferenceRow) -> tuple[LoadedVersion, Score]:
        """Score one row; also return the version that scored it. Raises InferenceFailed."""
        answers = await self.infer_batch(service_id, [question])
        [result] = answers.results
        if isinstance(result, InferenceFailed):
            raise result
        return answers.loaded, result

    async def infer_batch(self, service_id: str, questions: Sequence[InferenceRow]) -> BatchResult:
        """Score several rows. Raises InferenceFailed if none of them can be scored."""
        served = self._served_by(service_id)
        if len(questions) > MAX_ROWS:
            raise InferenceFailed(
                ServingCode.REQUEST, f"the request has {len(questions)} rows; the limit is {MAX_ROWS}"
            )
        return BatchResult(served.loaded, await self._inference.scores(served, questions))

    async def share(self, source: Party, request: ShareRequest) -> ShareAnswer:
        """Return a host's shares of scores to a guest of its model. Raises PartyRefused for any other caller."""
        if len(request.ids) > MAX_ROWS:
            raise PartyRefused(f"the request of {source} has {len(request.ids)} rows; the limit is {MAX_ROWS}")
        try:
            served = self._models.served(request.host, request.model_id, request.model_version)
        except InferenceFailed as error:
            return ShareAnswer(retcode=error.number, retmsg=error.text)
        roles = served.pipeline.roles
        if source != request.guest or source.role != "guest" or source.party_id not in map(str, roles.get("guest", [])):
            raise PartyRefused(f"{source} is not a guest of model version {request.model_version}")
        if request.host.role != "host":
            raise PartyRefused(f"{request.host} cannot return shares: only hosts do")
        if request.part and request.part != served.digest:
            text = f"version {request.model_version} at {request.host} does not match the guest's part"
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
