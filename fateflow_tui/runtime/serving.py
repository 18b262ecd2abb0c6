"""Online inference: the versions that are loaded at this site answer for single rows, together with the hosts' sites.

A guest's part of the score is computed here from the features in the request. Each host is sent ids and nothing else;
it finds its own features by them and sends back its share of each score and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.components.catalog import Catalog
from fateflow_tui.components.online import Row, RowLacks, Score
from fateflow_tui.core.errors import (
    BadRequest,
    ComponentFailed,
    Conflict,
    FateFlowError,
    NotFound,
    PartyRefused,
    PartyUnreachable,
)
from fateflow_tui.core.ids import Party
from fateflow_tui.core.ports import Collection
from fateflow_tui.runtime.clock import now_ms
from fateflow_tui.runtime.loaded_models import FindPart, Loaded, LoadedModels, Served
from fateflow_tui.runtime.peers import Peers
from fateflow_tui.runtime.scoring import ROLES, ServedPart
from fateflow_tui.runtime.serving_errors import InferenceFailed, ServingCode, of_host
from fateflow_tui.runtime.serving_features import FeatureBinding, FeatureTables
from fateflow_tui.runtime.serving_messages import MOST_ROWS, Ids, RowShare, ShareAnswer, ShareRequest
from fateflow_tui.runtime.site_config import SiteConfig

logger = logging.getLogger(__name__)

_OWN_PART: Final = 0.8  # of the guest's patience; a host gives up before, so that it is the one to say why
_TURN: Final = 50  # rows of a batch after which others get a turn


class Binding(msgspec.Struct, frozen=True):
    """The version that a service id stands for. party: the guest of this site that answers. bound_at: ms since the
    epoch.
    """

    service_id: str
    party: Party
    model_id: str
    model_version: str
    bound_at: int = 0


class Question(msgspec.Struct, frozen=True):
    """One row to be scored. features: the guest's, by name. ids: what hosts are sent to find theirs."""

    features: Mapping[str, Any]
    ids: Ids


class Answers(msgspec.Struct, frozen=True):
    """By which version rows were scored; for each row its score, or why it has none."""

    loaded: Loaded
    results: list[Score | InferenceFailed]


class Serving:
    """The serving part of a site. parts: finds registered parts again after a restart. records: opens a collection."""

    def __init__(
        self,
        config: SiteConfig,
        home: Home,
        catalog: Catalog,
        tables: Tables,
        peers: Peers,
        parts: FindPart,
        records: Callable[[str], Collection],
    ) -> None:
        self._config = config
        self._peers = peers
        self._models = LoadedModels(records("serving_models"), catalog, parts)
        self._features = FeatureTables(home, tables, records("serving_features"))
        self._records = records("serving_services")
        self._services = {key: msgspec.convert(kept.record, Binding) for key, kept in self._records.all().items()}

    async def close(self) -> None:
        await self._features.close()

    # models

    def load(self, part: ServedPart) -> Loaded:
        """Publishes a part of a guest or host; loading it again is no error and reads it anew. Raises Conflict (not
        deployed), NotBuilt (a module without an online form), BadRequest (another role), NotFound, DamagedFile.
        """
        return self._models.load(part)

    def unload(self, party: Party, model_id: str, version: str) -> None:
        """Raises NotFound."""
        self._models.unload(party, model_id, version)

    def loaded(self) -> list[Loaded]:
        """The versions that are loaded, the last one first."""
        return self._models.all()

    def is_loaded(self, party: Party, model_id: str, version: str) -> bool:
        return self._models.get(party, model_id, version) is not None

    def loaded_times(self, party: Party, model_id: str, version: str) -> int:
        return self._models.times(party, model_id, version)

    # services

    def bind(self, service_id: str, party: Party, model_id: str, version: str) -> Binding:
        """Makes a loaded version the one that a service id stands for; replaces what it stood for."""
        if not service_id:
            raise BadRequest("a service needs an id")
        if party.role != "guest":
            raise BadRequest(f"{party} cannot answer for a service: only a guest has the scores")
        if not self.is_loaded(party, model_id, version):
            raise Conflict(
                f"model version {version} is not loaded at {party}", hint="load it first: fateflow model load"
            )
        binding = Binding(service_id, party, model_id, version, now_ms())
        self._records.put(service_id, msgspec.to_builtins(binding))
        self._services[service_id] = binding
        return binding

    def unbind(self, service_id: str) -> None:
        """Raises NotFound."""
        if service_id not in self._services:
            raise NotFound(f"there is no service {service_id!r} at this site")
        self._records.delete(service_id)
        del self._services[service_id]

    def bindings(self) -> list[Binding]:
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

    async def infer(self, service_id: str, question: Question) -> tuple[Loaded, Score]:
        """The score of one row and the version that it is of. Raises InferenceFailed."""
        answers = await self.infer_batch(service_id, [question])
        [result] = answers.results
        if isinstance(result, InferenceFailed):
            raise result
        return answers.loaded, result

    async def infer_batch(self, service_id: str, questions: Sequence[Question]) -> Answers:
        """The scores of several rows. Raises InferenceFailed for what concerns all of them."""
        served = self._served_by(service_id)
        if len(questions) > MOST_ROWS:
            raise InferenceFailed(
                ServingCode.REQUEST, f"{len(questions)} rows are asked for, at most {MOST_ROWS} are answered at once"
            )
        own = [await self._own_share(served, question) for question in questions]
        good = [place for place, share in enumerate(own) if not isinstance(share, InferenceFailed)]
        shares = await self._host_shares(served, [questions[place].ids for place in good]) if good else []
        results: list[Score | InferenceFailed] = [
            _score(served, *both) for both in zip(own, _spread(own, shares), strict=True)
        ]
        return Answers(served.loaded, results)

    async def share(self, source: Party, request: ShareRequest) -> ShareAnswer:
        """A host's part of the scores that a guest of its model asks for. Raises PartyRefused for anybody else."""
        if len(request.ids) > MOST_ROWS:
            raise PartyRefused(f"{source} asks for {len(request.ids)} rows, at most {MOST_ROWS} are answered at once")
        try:
            served = self._models.served(request.host, request.model_id, request.model_version)
        except InferenceFailed as error:
            return ShareAnswer(retcode=error.number, retmsg=error.text)
        roles = served.pipeline.roles
        if source != request.guest or source.role != "guest" or source.party_id not in map(str, roles.get("guest", [])):
            raise PartyRefused(f"{source} is no guest of model version {request.model_version}")
        if request.host.role != "host":
            raise PartyRefused(f"{request.host} has no share for others: only hosts do")
        shares: list[RowShare] = []
        for place, row_ids in enumerate(request.ids):
            if place % _TURN == _TURN - 1:
                await asyncio.sleep(0)
            shares.append(await self._share(served, row_ids))
        return ShareAnswer(shares)

    async def _share(self, served: Served, row_ids: Ids) -> RowShare:
        party = served.loaded.party
        patience = self._config.serving.timeout * _OWN_PART
        try:
            row = await self._features.find(party, served.loaded.model_id, row_ids, patience)
            return RowShare(served.model.share(row))
        except InferenceFailed as error:
            return RowShare(retcode=error.number, retmsg=error.text)
        except ComponentFailed as error:
            # It names features of the host, so it stays here.
            logger.warning("a row of %s has no share: %s", party, error.message)
            text = f"the row of {party} cannot be used; the log of its site tells why"
            return RowShare(retcode=ServingCode.FEATURE, retmsg=text)

    def _served_by(self, service_id: str) -> Served:
        binding = self._services.get(service_id)
        if binding is None:
            raise InferenceFailed(
                ServingCode.NO_MODEL,
                f"no model is bound to service {service_id!r}",
                hint="bind a loaded version: fateflow model bind",
            )
        return self._models.served(binding.party, binding.model_id, binding.model_version)

    async def _own_share(self, served: Served, question: Question) -> list[float] | InferenceFailed:
        party, model_id = served.loaded.party, served.loaded.model_id
        stored = self._features.of(party, model_id) is not None
        try:
            if question.features or not stored:
                try:
                    return served.model.share(Row(question.features))
                except RowLacks:
                    if not stored:
                        raise
            row = await self._features.find(party, model_id, question.ids, self._config.serving.timeout)
            if question.features:
                row = Row({**row.values, **question.features})
            return served.model.share(row)
        except ComponentFailed as error:
            return InferenceFailed(ServingCode.FEATURE, f"{party}: {error.message}", hint=error.hint)
        except InferenceFailed as error:
            return error

    async def _host_shares(self, served: Served, rows: list[Ids]) -> list[list[RowShare]]:
        """For each row the share of each host, in party order. All hosts are asked at once."""
        hosts = [Party.of("host", party_id) for party_id in served.pipeline.roles.get("host", [])]
        by_host = await asyncio.gather(*(self._ask(served, host, rows) for host in hosts))
        return [list(shares) for shares in zip(*by_host, strict=True)] if hosts else [[] for _ in rows]

    async def _ask(self, served: Served, host: Party, rows: list[Ids]) -> list[RowShare]:
        """A host's shares; all of them say what is wrong when it cannot be asked."""
        loaded = served.loaded
        request = ShareRequest(loaded.model_id, loaded.model_version, loaded.party, host, rows)
        patience = self._config.serving.timeout
        try:
            if self._config.plays(host):
                async with asyncio.timeout(patience):
                    answer = await self.share(loaded.party, request)
            else:
                answer = await self._peers.ask_share(request, patience)
        except PartyRefused as error:
            answer = ShareAnswer(retcode=of_host(ServingCode.REFUSED), retmsg=_text(error))
        except PartyUnreachable as error:
            answer = ShareAnswer(retcode=ServingCode.NETWORK, retmsg=_text(error))
        except TimeoutError:
            text = f"{host} has not answered within {patience:g} s"
            answer = ShareAnswer(retcode=ServingCode.NETWORK, retmsg=text)
        else:
            answer = _at_guest(answer)
        if not answer.retcode and len(answer.shares) != len(rows):
            text = f"{host} gave {len(answer.shares)} shares for {len(rows)} rows"
            answer = ShareAnswer(retcode=ServingCode.MERGE, retmsg=text)
        return [RowShare(retcode=answer.retcode, retmsg=answer.retmsg)] * len(rows) if answer.retcode else answer.shares


def _at_guest(answer: ShareAnswer) -> ShareAnswer:
    """With the numbers that the guest's user sees."""
    if answer.retcode:
        return ShareAnswer(retcode=of_host(answer.retcode), retmsg=answer.retmsg)
    return ShareAnswer([_row_at_guest(share) if share.retcode else share for share in answer.shares])


def _row_at_guest(share: RowShare) -> RowShare:
    return RowShare(retcode=of_host(share.retcode), retmsg=share.retmsg)


def _spread(own: list[list[float] | InferenceFailed], shares: list[list[RowShare]]) -> list[list[RowShare]]:
    """The hosts' shares at the places of the rows that they are of; nothing at those that nobody was asked for."""
    rest = iter(shares)
    return [[] if isinstance(share, InferenceFailed) else next(rest) for share in own]


def _score(served: Served, own: list[float] | InferenceFailed, shares: list[RowShare]) -> Score | InferenceFailed:
    if isinstance(own, InferenceFailed):
        return own
    failed = next((share for share in shares if share.retcode), None)
    if failed is not None:
        return InferenceFailed(failed.retcode, failed.retmsg)
    try:
        return served.model.score([own, *(share.numbers for share in shares)])
    except ComponentFailed as error:
        return InferenceFailed(ServingCode.MERGE, f"the parties' shares do not belong together: {error.message}")


def _text(error: FateFlowError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message
