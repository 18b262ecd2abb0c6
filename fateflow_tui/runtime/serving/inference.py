"""Scoring of rows: the guest's share from the features in the request, one share from each host, combined to a score.

A host receives only ids; it looks up its own features by them and returns only its share of each score.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from fateflow_tui.components.online import MissingFeatures, Row, Score
from fateflow_tui.core.errors import ComponentFailed, FateFlowError, PartyRefused, PartyUnreachable
from fateflow_tui.core.ids import Party
from fateflow_tui.runtime.peers.client import Peers
from fateflow_tui.runtime.serving.features import FeatureTables
from fateflow_tui.runtime.serving.messages import (
    Ids,
    InferenceFailed,
    RowShare,
    ServingCode,
    ShareAnswer,
    ShareRequest,
    of_host,
)
from fateflow_tui.runtime.serving.models import ServedModel
from fateflow_tui.runtime.site_config import SiteConfig

logger = logging.getLogger(__name__)

_OWN_PART: Final = 0.8  # of the guest's time limit; a host gives up earlier, so that it can report the reason
_TURN: Final = 50  # rows after which the event loop gets a turn

# Sends a guest's request to a host of this site.
AskHere = Callable[[Party, ShareRequest], Awaitable[ShareAnswer]]
# The guest's share of a row, or why it has none.
_Own = list[float] | InferenceFailed


class InferenceRow(msgspec.Struct, frozen=True):
    """A row to score. features: the guest's, by name. ids: sent to the hosts, which look up theirs by them."""

    features: Mapping[str, Any]
    ids: Ids


class RowScorer:
    """Scores rows for a guest and computes shares for a host. ask: gets the shares of a host of this site."""

    def __init__(self, config: SiteConfig, peers: Peers, features: FeatureTables, ask: AskHere) -> None:
        self._config = config
        self._peers = peers
        self._features = features
        self._ask_here = ask

    async def scores(self, served: ServedModel, questions: Sequence[InferenceRow]) -> list[Score | InferenceFailed]:
        """Return for each row its score, or why it has none."""
        own: list[_Own] = []
        for question in questions:
            await _take_turns(len(own))
            own.append(await self._own_share(served, question))
        good = [question.ids for question, share in zip(questions, own, strict=True) if isinstance(share, list)]
        shares = iter(await self._host_shares(served, good) if good else [])
        return [_score(served, share, next(shares)) if isinstance(share, list) else share for share in own]

    async def shares(self, served: ServedModel, rows: Sequence[Ids]) -> list[RowShare]:
        """Return a host's shares of the rows of a guest."""
        found: list[RowShare] = []
        for row in rows:
            await _take_turns(len(found))
            found.append(await self._share(served, row))
        return found

    async def _share(self, served: ServedModel, row_ids: Ids) -> RowShare:
        party = served.loaded.party
        patience = self._config.serving.timeout * _OWN_PART
        try:
            row = await self._features.find(party, served.loaded.model_id, row_ids, patience)
            return RowShare(served.model.share(row))
        except InferenceFailed as error:
            return RowShare(retcode=error.number, retmsg=error.text)
        except ComponentFailed as error:
            # The message names features of the host, so it is not sent.
            logger.warning("a row of %s has no share: %s", party, error.message)
            text = f"the row of {party} cannot be used; see the log of its site"
            return RowShare(retcode=ServingCode.FEATURE, retmsg=text)

    async def _own_share(self, served: ServedModel, question: InferenceRow) -> _Own:
        party, model_id = served.loaded.party, served.loaded.model_id
        stored = self._features.of(party, model_id) is not None
        try:
            if question.features or not stored:
                try:
                    return served.model.share(Row(question.features))
                except MissingFeatures:
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

    async def _host_shares(self, served: ServedModel, rows: list[Ids]) -> list[list[RowShare]]:
        """Return for each row the share of each host, in party order. All hosts are called at once."""
        hosts = [Party.of("host", party_id) for party_id in served.pipeline.roles.get("host", [])]
        by_host = await asyncio.gather(*(self._ask(served, host, rows) for host in hosts))
        return [list(shares) for shares in zip(*by_host, strict=True)] if hosts else [[] for _ in rows]

    async def _ask(self, served: ServedModel, host: Party, rows: list[Ids]) -> list[RowShare]:
        """Return a host's shares; if the call fails, each of them has the reason."""
        loaded = served.loaded
        part = served.parts.get(str(host), "")
        request = ShareRequest(loaded.model_id, loaded.model_version, loaded.party, host, rows, part)
        patience = self._config.serving.timeout
        try:
            if self._config.plays(host):
                async with asyncio.timeout(patience):
                    answer = await self._ask_here(loaded.party, request)
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
            text = f"{host} returned {len(answer.shares)} shares for {len(rows)} rows"
            answer = ShareAnswer(retcode=ServingCode.MERGE, retmsg=text)
        return [RowShare(retcode=answer.retcode, retmsg=answer.retmsg)] * len(rows) if answer.retcode else answer.shares


def _at_guest(answer: ShareAnswer) -> ShareAnswer:
    """Convert the error codes to those that the guest's user sees."""
    if answer.retcode:
        return ShareAnswer(retcode=of_host(answer.retcode), retmsg=answer.retmsg)
    return ShareAnswer([_row_at_guest(share) if share.retcode else share for share in answer.shares])


def _row_at_guest(share: RowShare) -> RowShare:
    return RowShare(retcode=of_host(share.retcode), retmsg=share.retmsg)


def _score(served: ServedModel, own: list[float], shares: Sequence[RowShare]) -> Score | InferenceFailed:
    failed = next((share for share in shares if share.retcode), None)
    if failed is not None:
        return InferenceFailed(failed.retcode, failed.retmsg)
    try:
        return served.model.score([own, *(share.numbers for share in shares)])
    except ComponentFailed as error:
        return InferenceFailed(ServingCode.MERGE, f"the parties' shares do not match: {error.message}")


async def _take_turns(done: int) -> None:
    """Give the event loop a turn now and then, while many rows are scored."""
    if done % _TURN == _TURN - 1:
        await asyncio.sleep(0)


def _text(error: FateFlowError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message
