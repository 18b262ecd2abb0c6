"""A job of a pipeline: its progress, and its output tables as data frames."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import msgspec

from fateflow_tui.core.document.problems import nearest
from fateflow_tui.core.errors import BadRequest, FateFlowError, NotFound
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import FailureCard
from fateflow_tui.core.status import Status
from fateflow_tui.sdk.client import FateFlow
from fateflow_tui.sdk.operations.call import PartyLike, party_of
from fateflow_tui.sdk.pipeline.component import Component
from fateflow_tui.sdk.types import LogLine, OutputModel, Series
from fateflow_tui.sdk.types.jobs import JobView

if TYPE_CHECKING:
    import polars as pl

    from fateflow_tui.sdk.pipeline.deployed import Deployed


class OutputData:
    """The output tables of a component at one party, as CSV texts. Ids stay texts in the frames that are made of it."""

    def __init__(self, texts: Mapping[str, bytes], headers: Mapping[str, list[str]]) -> None:
        self._texts, self._headers = dict(texts), dict(headers)

    @classmethod
    def read(cls, archive: Path) -> Self:
        """Of what `tracking.output_archive` has written."""
        texts: dict[str, bytes] = {}
        headers: dict[str, list[str]] = {}
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                name, _, kind = member.name.rpartition(".")
                content = tar.extractfile(member)
                if content is None:
                    continue
                if kind == "csv":
                    texts[name] = content.read()
                elif kind == "meta":
                    headers[name] = msgspec.json.decode(content.read())["header"]
        return cls(texts, headers)

    @property
    def names(self) -> list[str]:
        """The outputs that have rows."""
        return list(self._texts)

    def header(self, name: str = "") -> list[str]:
        """The columns of an output, the id first."""
        return self._headers[self._named(name)]

    def to_csv(self, name: str = "") -> str:
        """An output with a line of names. name: may be left out where there is only one."""
        return self._texts[self._named(name)].decode()

    def to_polars(self, name: str = "") -> pl.DataFrame:
        """An output as a data frame of Polars."""
        import polars as pl

        ids = {self.header(name)[0]: pl.String}
        return pl.read_csv(io.BytesIO(self._texts[self._named(name)]), schema_overrides=ids, infer_schema_length=None)

    def to_pandas(self, name: str = "") -> Any:
        """An output as a data frame of pandas. Raises BadRequest when pandas is not installed."""
        try:
            import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]
        except ImportError:
            raise BadRequest(
                "pandas is not installed", hint="install it with: pip install pandas; or use to_polars()"
            ) from None
        return pd.read_csv(io.BytesIO(self._texts[self._named(name)]), dtype={self.header(name)[0]: str})

    def _named(self, name: str) -> str:
        if not name and len(self._texts) == 1:
            return next(iter(self._texts))
        if name in self._texts:
            return name
        have = ", ".join(self._texts)
        if not name:
            raise BadRequest(f"there are several outputs: {have}", hint="name one of them")
        close = nearest(name, self._texts)
        raise NotFound(f"there is no output {name}", hint=f"did you mean {close}?" if close else f"there are: {have}")

    def __repr__(self) -> str:
        return f"<OutputData: {', '.join(self._texts)}>"


Progress = Callable[[JobView], None]
ComponentLike = Component | str


class RunFailed(FateFlowError):
    """A job of a pipeline has ended without success; the message has the failure cards of all parties.

    cards: of the parties of the asked site whole, of others without rows, paths and addresses.
    """

    code: ClassVar[str] = "run_failed"

    def __init__(self, job: JobView) -> None:
        lines = [f"job {job.job_id} has ended: {job.status}{f' ({job.reason})' if job.reason else ''}"]
        lines += [line for card in job.cards for line in _card_lines(card)]
        hint = f"see the log: fateflow log show {job.job_id}"
        super().__init__("\n".join(lines), hint=hint, data={"job_id": job.job_id, "status": str(job.status)})
        self.job = job
        self.cards = job.cards


class Run:
    """A submitted job. What it leaves is that of `party`, the initiator, unless another one is named."""

    def __init__(self, client: FateFlow, job_id: str, party: PartyLike) -> None:
        self.client, self.job_id, self.party = client, job_id, party_of(party)
        self._job: JobView | None = None

    @classmethod
    def of_job(cls, client: FateFlow, job_id: str) -> Self:
        """A job that was submitted earlier, also by others."""
        job = client.job(job_id)
        return cls(client, job.job_id, Party.parse(job.initiator))

    @property
    def job(self) -> JobView:
        """The job as it is now."""
        if self._job is None or not self._job.status.ended:
            self._job = self.client.job(self.job_id)
        return self._job

    @property
    def status(self) -> Status:
        return self.job.status

    def wait(self, progress: Progress | None = None, timeout: float | None = None) -> Self:
        """Returns when the job has succeeded. Raises RunFailed, or TimedOut after so many seconds."""
        for job in self.client.watch(self.job_id, timeout):
            if progress is not None:
                progress(job)
            self._job = job
        if self.job.status is not Status.SUCCESS:
            raise RunFailed(self.job)
        return self

    def stop(self, reason: str = "") -> None:
        """Stops it at all parties."""
        self.client.stop(self.job_id, reason=reason)

    def metrics(self, component: ComponentLike, party: PartyLike | None = None) -> dict[str, dict[str, Series]]:
        """Series by namespace and name."""
        return self.client.metrics(self.job_id, self._component(component), party or self.party)

    def summary(self, component: ComponentLike, party: PartyLike | None = None) -> dict[str, object]:
        """What a component says of its result."""
        return self.client.summary(self.job_id, self._component(component), party or self.party)

    def model(self, component: ComponentLike, party: PartyLike | None = None) -> OutputModel:
        """What a component has learned, as a party may see it."""
        return self.client.tracking.output_model(self.job_id, self._component(component), party or self.party)

    def output_data(self, component: ComponentLike, party: PartyLike | None = None, limit: int = -1) -> OutputData:
        """The output tables of a component. limit: rows of each, -1 for all. Raises FateFlowError when it has none."""
        name = self._component(component)
        with tempfile.TemporaryDirectory(prefix="fateflow-") as folder:
            target = Path(folder) / "output.tar.gz"
            self.client.tracking.output_archive(self.job_id, name, target, party or self.party, limit)
            return OutputData.read(target)

    def logs(self, component: ComponentLike = "", *, follow: bool = False) -> Iterator[LogLine]:
        """The log of the job or of one component."""
        name = self._component(component) if component else ""
        return self.client.logs(self.job_id, component=name, follow=follow)

    def deploy(self, components: Sequence[ComponentLike] = ()) -> Deployed:
        """Makes a version of the trained model to predict with, of all components or of those that are listed (and
        the readers, whose tables are named at each prediction).
        """
        from fateflow_tui.sdk.pipeline.deployed import Deployed

        return Deployed.deploy(self, [self._component(component) for component in components])

    def _component(self, component: ComponentLike) -> str:
        """Its name. Raises NotFound, with the one that was probably meant."""
        name, known = str(component), [view.name for view in self.job.components]
        if name in known:
            return name
        close = nearest(name, known)
        hint = f"did you mean {close}?" if close else f"it has {', '.join(known)}"
        raise NotFound(f"job {self.job_id} has no component {name}", hint=hint)

    def __repr__(self) -> str:
        return f"<Run {self.job_id} of {self.party}>"


def _card_lines(card: FailureCard) -> Iterable[str]:
    yield f"{card.component} at {card.party}: {card.cause or card.kind}"
    facts = {"where": card.where, "signal": card.signal, "fix": card.fix}
    yield from (f"  {name}: {value}" for name, value in facts.items() if value)
