"""Real zygote, real workers, real channels."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.metrics import read
from fateflow_tui.artifacts.models import PartyModels
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.ids import Party, party_model_id, session_id
from fateflow_tui.core.plan import TaskPlan
from fateflow_tui.core.status import Status
from fateflow_tui.core.work import MetricsWritten, Sent, TableRef, TaskOutcome, TaskSpec, Wanted
from fateflow_tui.runtime.workers.workers import Workers
from fateflow_tui.worker.codec import CODEC, encode

GUEST, HOST = Party("guest", "9999"), Party("host", "10000")
Payload = bytes | bytearray | memoryview


class Boxes:
    """A message bus within one site, without checks."""

    def __init__(self) -> None:
        self._values: dict[tuple[Party, Party, str, str], asyncio.Future[tuple[str, Payload]]] = {}

    def _box(self, *key: Any) -> asyncio.Future[tuple[str, Payload]]:
        return self._values.setdefault(key, asyncio.get_running_loop().create_future())

    async def send(self, order: TaskSpec, frame: Sent, payload: Payload) -> None:
        for target in frame.to:
            self._box(order.party, target, frame.name, frame.tag).set_result((frame.codec, payload))

    async def receive(self, order: TaskSpec, frame: Wanted) -> tuple[str, Payload]:
        return await asyncio.shield(self._box(frame.source, order.party, frame.name, frame.tag))


class Listener:
    """Keeps what the workers report and lets tests wait for it."""

    def __init__(self) -> None:
        self.pids: dict[str, int] = {}
        self.endings: dict[str, TaskOutcome] = {}
        self.progress: list[tuple[int, int]] = []
        self.series: list[tuple[str, str]] = []
        self._changed = asyncio.Event()

    def started(self, order: TaskSpec, pid: int) -> None:
        assert order.component not in self.endings
        self.pids[order.component] = pid
        self._changed.set()

    def ended(self, order: TaskSpec, ending: TaskOutcome) -> None:
        assert order.component not in self.endings
        self.endings[order.component] = ending
        self._changed.set()

    def progressed(self, order: TaskSpec, done: int, total: int) -> None:
        self.progress.append((done, total))

    def metrics_written(self, order: TaskSpec, frame: MetricsWritten) -> None:
        self.series.append((frame.namespace, frame.name))
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def ending(self, component: str) -> TaskOutcome:
        await self.until(lambda: component in self.endings)
        return self.endings[component]


class Site:
    """Workers of a home with the test modules, and who listens to them."""

    def __init__(self, root: Path, **options: Any) -> None:
        self.home = Home(root)
        self.home.components.mkdir(parents=True)
        shutil.copy(Path(__file__).with_name("modules_for_workers.py"), self.home.components / "act.py")
        self.listener = Listener()
        self.bus = Boxes()
        listener = self.listener
        self.workers = Workers(
            self.home,
            self.bus,
            listener.started,
            listener.ended,
            listener.progressed,
            listener.metrics_written,
            **options,
        )

    def order(self, act: str, party: Party = GUEST, value: Any = None, **facts: Any) -> TaskSpec:
        return TaskSpec(
            job_id="20261124",
            component=facts.pop("component", f"{act or 'nothing'}_0"),
            version=0,
            party=party,
            plan=TaskPlan("act_0", "Act", [], {"act": act, "value": value, **facts.pop("parameters", {})}),
            home=str(self.home.root),
            roles={"guest": [9999], "host": [10000]},
            job_parameters={},
            model_id="guest-9999#model",
            model_version="20261124",
            **facts,
        )

    async def run(self, act: str, **facts: Any) -> TaskOutcome:
        order = self.order(act, **facts)
        await self.workers.start(order)
        return await self.listener.ending(order.component)

    async def start_and_wait_for_series(self, act: str, namespace: str, name: str) -> TaskSpec:
        order = self.order(act)
        await self.workers.start(order)
        await self.listener.until(lambda: (namespace, name) in self.listener.series)
        return order

    def metric(self, order: TaskSpec, namespace: str, name: str) -> Any:
        path = self.home.metrics(order.job_id, order.party, order.component, order.version)
        return read(path)[namespace][name]["data"]


@asynccontextmanager
async def site(root: Path, **options: Any) -> AsyncIterator[Site]:
    made = Site(root / "home", **options)
    await made.workers.open()
    try:
        yield made
    finally:
        await made.workers.close()


def session(order: TaskSpec) -> str:
    return session_id(order.job_id, order.component, order.version, order.party)


def alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


async def gone(*pids: int) -> None:
    """Waits until the processes have ended: a moment, since they are killed by then."""
    async with asyncio.timeout(10):
        while any(map(alive, pids)):  # noqa: ASYNC110
            await asyncio.sleep(0.005)  # nobody tells us about processes that are not our children


def test_whole_life_of_workers(tmp_path: Path) -> None:
    """Most of what workers do, on one zygote, since its imports take a second."""
    scenes: list[Callable[[Site], Awaitable[None]]] = [
        success,
        inputs_are_passed_on,
        failure,
        a_module_cannot_decide_how_it_ends,
        deaths,
        memory_limit,
        libraries_work_with_the_cores_asked_for,
        children_draw_different_numbers,
        values_cross,
        late_answers_are_dropped,
        kill_is_polite_and_then_firm,
        kill_takes_descendants,
        killed_is_killed_whatever_the_module_makes_of_it,
        closing_everything_harms_nobody,
    ]

    async def main() -> None:
        async with site(tmp_path) as made:
            for scene in scenes:
                await scene(made)
            pids = list(made.listener.pids.values())
            assert made.workers.running() == []
        await gone(*pids)

    asyncio.run(main())


async def success(site: Site) -> None:
    order = site.order("work")
    await site.workers.start(order)
    await site.workers.start(order)  # asking twice is asking once
    ending = await site.listener.ending("work_0")
    assert (ending.status, ending.exit.exit_code, ending.exit.signal, ending.card) == (Status.SUCCESS, 0, "", None)
    assert ending.summary == {"rows": 2}
    assert ending.exit.peak_memory > 10
    data, model = ending.outputs
    assert (data.kind, data.name, data.count, data.namespace) == (
        "data",
        "0",
        2,
        "output_data_20261124_work_0_0",
    )
    assert Tables(site.home.tables).open(data.namespace, data.table).frame()["x"].to_list() == [0.5, 1.5]
    assert model.kind == "model"
    stored = PartyModels(site.home.models).load(party_model_id(GUEST, "guest-9999#model"), "20261124", "work_0")
    assert stored.parameters == {"weight": [1.0]}
    assert site.listener.progress == [(1, 1)]
    assert ("train", "loss") in site.listener.series
    assert site.metric(order, "train", "loss") == [[0, 0.7], [1, 0.6]]
    logs = site.home.task_logs(order.job_id, GUEST, "work_0")
    assert " INFO    guest:9999 work_0 | at work\n" in (logs / "INFO.log").read_text()
    assert "at work" in (logs.parent / "INFO.log").read_text()


async def inputs_are_passed_on(site: Site) -> None:
    table = site.listener.endings["work_0"].outputs[0]
    ref = TableRef(table.namespace, table.table, "work_0", "data")
    ending = await site.run("", component="pass_0", parameters={"need_run": False}, tables={"data": [ref]})
    assert ending.status is Status.PASS
    assert [output.table for output in ending.outputs] == [table.table]


async def failure(site: Site) -> None:
    ending = await site.run("fail")
    card = ending.card
    assert card is not None
    assert (ending.status, ending.exit.exit_code) == (Status.FAILED, 1)
    assert (card.kind, card.cause) == ("exception", "ValueError: the label column holds 3 values")
    assert card.where.startswith(str(site.home.components / "act.py:"))
    assert any("about to fail" in line for line in card.log)
    assert card.party == GUEST
    assert card.peak_memory > 10


async def a_module_cannot_decide_how_it_ends(site: Site) -> None:
    ending = await site.run("leave")
    assert ending.status is Status.FAILED
    assert ending.card is not None
    assert ending.card.cause == "SystemExit: 0"


async def deaths(site: Site) -> None:
    for act, kind, exit_code, name in [
        ("exit_silently", "exit", 7, ""),
        ("be_killed", "signal", None, "SIGKILL"),
        ("crash", "signal", None, "SIGSEGV"),
    ]:
        ending = await site.run(act)
        card = ending.card
        assert card is not None
        assert (ending.status, ending.exit.exit_code, ending.exit.signal) == (Status.FAILED, exit_code, name), act
        assert (card.kind, card.exit_code, card.signal) == (kind, exit_code, name)
        assert card.hint
    killed = site.listener.endings["be_killed_0"].card
    assert killed is not None
    assert killed.log[-1].endswith("last thing said")
    crashed = site.listener.endings["crash_0"].card
    assert crashed is not None
    assert any("Segmentation fault" in line for line in crashed.log)


async def memory_limit(site: Site) -> None:
    ending = await site.run("hog", memory=100)
    assert ending.card is not None
    assert ending.card.kind == "memory"
    assert "memory" in ending.card.hint
    assert (await site.run("work", component="frugal_0", memory=200)).status is Status.SUCCESS


async def libraries_work_with_the_cores_asked_for(site: Site) -> None:
    for cores in (1, 2):
        ending = await site.run("libraries", component=f"libraries_{cores}", cores=cores)
        assert ending.card is None
        assert ending.summary == {"product": 1.0, "groups": 7, "auc": 1.0, "threads": min(cores, os.cpu_count() or 1)}


async def children_draw_different_numbers(site: Site) -> None:
    drawn = {str((await site.run("random", component=f"random_{i}")).summary) for i in range(5)}
    assert len(drawn) == 5


async def values_cross(site: Site) -> None:
    value = {"a": [1, 2.5, "x", None, 2**100], "b": {"c": True}}
    await site.workers.start(site.order("receive", HOST))
    await site.workers.start(site.order("send", value=value))
    assert (await site.listener.ending("receive_0")).summary == {"value": value}
    assert (await site.listener.ending("send_0")).status is Status.SUCCESS


async def late_answers_are_dropped(site: Site) -> None:
    await site.workers.start(site.order("receive_with_patience", HOST))
    await site.listener.until(lambda: ("waits", "first") in site.listener.series)
    for tag in ("late", "other"):
        frame = Sent(1, [HOST], "value", tag, CODEC, 0)
        await site.bus.send(site.order("send"), frame, encode(f"tag {tag}").joined())
    assert (await site.listener.ending("receive_with_patience_0")).summary == {"value": "tag other"}


async def kill_is_polite_and_then_firm(site: Site) -> None:
    order = await site.start_and_wait_for_series("ignore_the_end", "pids", "self")
    (_, pid), *_ = site.metric(order, "pids", "self")
    assert await site.workers.kill(session(order), Status.TIMEOUT, "it took too long")
    ending = await site.listener.ending(order.component)
    assert (ending.status, ending.exit.signal) == (Status.TIMEOUT, "SIGKILL")
    assert ending.card is not None
    assert (ending.card.kind, ending.card.cause) == ("timeout", "it took too long")
    assert not alive(pid)
    assert not await site.workers.kill(session(order))


async def kill_takes_descendants(site: Site) -> None:
    order = await site.start_and_wait_for_series("hang", "pids", "child")
    (_, child), *_ = site.metric(order, "pids", "child")
    assert alive(child)
    assert await site.workers.kill(session(order))
    ending = await site.listener.ending(order.component)
    assert (ending.status, ending.exit.signal) == (Status.CANCELED, "SIGTERM")
    await gone(child)


async def killed_is_killed_whatever_the_module_makes_of_it(site: Site) -> None:
    order = await site.start_and_wait_for_series("replace_the_end", "pids", "replacing")
    assert await site.workers.kill(session(order))
    ending = await site.listener.ending(order.component)
    assert (ending.status, ending.exit.signal) == (Status.CANCELED, "SIGTERM")


async def closing_everything_harms_nobody(site: Site) -> None:
    ending = await site.run("close_everything")
    assert ending.status is Status.FAILED
    assert (await site.run("", component="after_0")).status is Status.SUCCESS


def test_a_dead_zygote_is_reported_and_restarted(tmp_path: Path) -> None:
    async def main() -> None:
        async with site(tmp_path) as made:
            order = await made.start_and_wait_for_series("hang", "pids", "child")
            (_, child), *_ = made.metric(order, "pids", "child")
            worker = made.listener.pids[order.component]
            assert made.workers.zygote_pid is not None
            os.kill(made.workers.zygote_pid, signal.SIGKILL)
            ending = await made.listener.ending(order.component)
            assert ending.status is Status.FAILED
            assert ending.card is not None
            assert ending.card.kind == "lost"
            await gone(worker, child)
            assert (await made.run("", component="after_0")).status is Status.SUCCESS

    asyncio.run(main())


def test_no_start_is_forgotten_while_the_zygote_dies(tmp_path: Path) -> None:
    """Tasks are asked for until the next zygote is there; each either runs or is said to be lost."""

    async def main() -> None:
        async with site(tmp_path) as made:
            for victim in range(3):
                await made.workers.ready()
                pid = made.workers.zygote_pid
                assert pid is not None
                os.kill(pid, signal.SIGKILL)
                orders: list[TaskSpec] = []
                while made.workers.zygote_pid in (None, pid):
                    orders.append(made.order("", component=f"task_{victim}_{len(orders)}"))
                    await made.workers.start(orders[-1])
                    await asyncio.sleep(0)
                endings = [await made.listener.ending(order.component) for order in orders]
                assert endings[-1].status is Status.SUCCESS  # it was asked of the next zygote
                assert {ending.card.kind for ending in endings if ending.card is not None} <= {"lost"}
            assert made.workers.running() == []

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # the site's own loop
        runner.run(main())


def test_close_leaves_no_process(tmp_path: Path) -> None:
    async def main() -> None:
        async with site(tmp_path) as made:
            order = await made.start_and_wait_for_series("hang", "pids", "child")
            (_, child), *_ = made.metric(order, "pids", "child")
            worker = made.listener.pids[order.component]
        await gone(worker, child)
        assert made.listener.endings == {}

    asyncio.run(main())


def test_a_zygote_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    async def main() -> None:
        async with site(tmp_path, start_limit=0.3) as made:
            assert made.workers.zygote_pid is not None
            os.kill(made.workers.zygote_pid, signal.SIGSTOP)
            ending = await made.run("")
            assert ending.card is not None
            assert ending.card.kind == "lost"

    asyncio.run(main())


def test_killing_the_site_kills_everything(tmp_path: Path) -> None:
    """The site is a process of its own here, so that it can be killed without a chance to clean up."""

    async def main() -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, __file__, str(tmp_path), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        pids = [int(word) for word in (await process.stdout.readline()).split()]
        assert len(pids) == 3
        assert all(map(alive, pids))
        process.kill()
        await process.wait()
        await gone(*pids)

    asyncio.run(main())


async def be_killed(root: Path) -> None:
    """Prints the pids of the zygote, a worker and what that started, and waits."""
    async with site(root) as made:
        order = await made.start_and_wait_for_series("hang", "pids", "child")
        (_, child), *_ = made.metric(order, "pids", "child")
        print(made.workers.zygote_pid, made.listener.pids[order.component], child, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(be_killed(Path(sys.argv[1])))
