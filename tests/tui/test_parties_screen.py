"""The Parties screen with two real sites: reachability, keys, grants and sent values."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from textual.widgets import Input

from fateflow_tui.tui.widgets.listing import Listing
from tests.integration.clusters import RunningSite, sleep_job, three_sites, until_running
from tests.tui.reading import connected, lacks, matches_golden, screen_text, shows, until
from tests.tui.trained import documents, steady, upload

PARTIES = ("guest:9999", "host:10000")


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RunningSite]]:
    """Guest's and host's site, which trust each other."""
    with three_sites(tmp_path_factory.mktemp("sites"), PARTIES) as running:
        yield running


@pytest.mark.parametrize("size", [(80, 24), (140, 45), (220, 60)])
async def test_it_looks_as_it_should(sites: list[RunningSite], size: tuple[int, int]) -> None:
    async with connected(sites[0].home, size) as pilot:
        await pilot.press("5")
        await shows(pilot, "● this site", "● reachable", "0.1.0")
        await pilot.press("down")
        await shows(pilot, "site     host")
        matches_golden(f"parties_{size[0]}x{size[1]}", steady(screen_text(pilot.app)))


async def test_a_party_is_removed_added_and_trusted_by_its_fingerprint(sites: list[RunningSite]) -> None:
    guest, host = sites
    [known] = guest.flow.parties()
    async with connected(guest.home, (140, 45)) as pilot:
        await pilot.press("5")
        await shows(pilot, "● reachable")
        listing = pilot.app.screen.query_one("#list", Listing)
        await pilot.press("down", "D")
        await shows(pilot, "Remove host:10000?", "fateflow party remove host:10000")
        await pilot.press("y")
        await until(pilot, lambda: listing.keys == ["guest:9999"], "it is still listed")
        await pilot.press("a")
        await shows(pilot, "Add a party")
        await pilot.press(*"host:10000", "tab", *"nowhere", "enter")
        await shows(pilot, "enter an address such as http://10.0.0.7:9380")
        pilot.app.screen.query_one("#field-1", Input).value = host.url
        await pilot.press("ctrl+s")
        await shows(pilot, "! not trusted", "– not pinged", "$ fateflow party add host:10000 http")
        listing.move_to("host:10000")
        await pilot.press("t")
        await shows(
            pilot,
            "Trust host:10000?",
            "Compare the fingerprint with the one that the site's owner gives you.",
            known.fingerprint,
        )
        await pilot.press("n")
        await lacks(pilot, "Trust host:10000?")
        assert not guest.flow.parties()[0].trusted
        await pilot.press("t")
        await shows(pilot, "Trust host:10000?")
        await pilot.press("y")
        await shows(pilot, "trusted host:10000 with key", "● reachable")
        assert guest.flow.parties()[0].fingerprint == known.fingerprint
        await pilot.press("t")
        await shows(pilot, "This key is trusted already.")


async def test_grants_are_given_and_taken_back(sites: list[RunningSite]) -> None:
    guest = sites[0]
    async with connected(guest.home, (140, 45)) as pilot:
        await pilot.press("5")
        await shows(pilot, "● reachable")
        await pilot.press("down")
        await shows(pilot, "● reachable", "what site.toml permits")
        await pilot.press("m")
        await shows(pilot, "Grant permissions to a party")
        await pilot.press("tab", "tab", *"Reader,Sleep", "tab", *"demo.people", "enter")
        await shows(pilot, "granted to host:10000", "$ fateflow party grant")
        await shows(pilot, "tables   demo.people", "modules, tables")
        await pilot.press("M")
        await shows(pilot, "Revoke from host:10000?")
        await pilot.press(*"Sleep", "enter")
        await shows(pilot, "modules  reader")
        await lacks(pilot, "reader, sleep")
        await pilot.press("M")
        await shows(pilot, "Revoke from host:10000?")
        await pilot.press("tab", "tab", "space", "enter")
        await shows(pilot, "what site.toml permits")
        assert guest.flow.permissions() == []


async def test_messages_are_traced_by_name_and_size(sites: list[RunningSite]) -> None:
    guest, host = sites
    upload(guest, "guest")
    upload(host, "host")
    dsl, conf = documents()
    for later in ("hetero_lr_0", "evaluation_0"):
        del dsl["components"][later], conf["component_parameters"]["common"][later]
    conf["role"] = {"guest": [9999], "host": [10000]}
    async with connected(guest.home, (140, 45)) as pilot:
        await pilot.press("5")
        await shows(pilot, "no messages yet")
        job = guest.flow.submit(dsl, conf).job_id
        text = await shows(pilot, "guest:9999 → host:10000", "host:10000 → guest:9999", job, timeout=60)
        assert "intersection_0" in text
        assert "p000" not in text  # an id that was sent
        guest.flow.wait(job, timeout=60)
        await pilot.press("space")
        await shows(pilot, "paused")
        await pilot.press("space", "f")
        await shows(pilot, f"job {job}")
        await pilot.press("f")
        await shows(pilot, "all jobs")


async def test_a_party_that_is_gone_is_said_to_be_and_lost_to_its_job(sites: list[RunningSite]) -> None:
    guest, host = sites
    job = guest.flow.submit(*sleep_job(1, {"guest": [9999], "host": [10000]}, seconds=120)).job_id
    until_running(guest.flow, job, "sleep_0")
    async with connected(guest.home, (140, 45)) as pilot:
        await pilot.press("5")
        await shows(pilot, "● reachable")
        await pilot.press("down")
        await shows(pilot, "● reachable", f"{job}  G▶ H▶")
        host.crash()
        await pilot.press("p")
        await shows(pilot, "✗ unreachable", "ping failed", "error")
        host.start()
        await pilot.press("p")
        await shows(pilot, "host:10000 answers after", "$ fateflow party ping host:10000")
        await shows(pilot, "● reachable")
        guest.flow.stop(job)
