"""The file site.toml."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party
from fateflow_tui.runtime.site_config import Capacity, SiteConfig, Tls, to_toml


def test_the_first_start_writes_the_file_and_later_ones_obey_it(tmp_path: Path) -> None:
    path = tmp_path / "home" / "site.toml"
    first = SiteConfig(name='a "site"\n\x7f ü', parties=["guest:9999", "10000"], capacity=Capacity(cores=8, memory=16))
    assert SiteConfig.load_or_create(path, first) == first
    assert SiteConfig.load_or_create(path, SiteConfig(name="later")) == first
    path.write_text(path.read_text().replace("cores = 8", "cores = 4"))
    assert SiteConfig.load_or_create(path, first).capacity.cores == 4
    assert [entry.name for entry in path.parent.iterdir()] == ["site.toml"]


def test_missing_settings_have_fates_defaults(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("")
    config = SiteConfig.load(path)
    assert (config.standalone, config.host, config.port) == (True, "127.0.0.1", 9380)
    assert (config.capacity.cores, config.capacity.memory) == (20, 0)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("prot = 1", "unknown key prot", "did you mean port?"),
        ("[capacity]\ncoers = 1", "unknown key capacity.coers", "did you mean capacity.cores?"),
        ("[zzz]\nx = 1", "unknown key zzz", "known keys: name, parties,"),
        ("port = 'x'", "Expected `int`, got `str`", ""),
        ("port = 70000", "port is 70000, but must be from 0 to 65535", ""),
        ("capacity = 3", "capacity", ""),
        ("[capacity]\ncores = 0", "capacity.cores is 0, but must be at least 1", ""),
        ("parties = ['king:1']", "parties: invalid party 'king:1'", "guest, host, arbiter, local"),
        ("parties = ['guest:']", "parties: invalid party 'guest:'", ""),
        ("[tls]\nkey = 'x'", "must both be set", ""),
        ("name = ", "is not TOML", "correct the line"),
    ],
)
def test_mistakes_are_named_with_file_and_key(tmp_path: Path, text: str, message: str, hint: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(text)
    with pytest.raises(BadRequest) as refused:
        SiteConfig.load(path)
    assert message in refused.value.message
    assert str(path) in refused.value.message
    assert hint in refused.value.hint


def test_which_parties_a_site_plays() -> None:
    guest, host = Party("guest", "9999"), Party("host", "9999")
    assert all(SiteConfig().plays(party) for party in (guest, host))
    assert [SiteConfig(parties=["9999"]).plays(party) for party in (guest, host)] == [True, True]
    assert [SiteConfig(parties=["guest:9999"]).plays(party) for party in (guest, host)] == [True, False]
    assert SiteConfig(parties=["1"]).plays(Party("local", "0"))
    assert SiteConfig(parties=["9999"]).primary_party() == guest
    assert SiteConfig(parties=["host:9999"]).primary_party() == host
    assert SiteConfig().primary_party() is None


scalars = st.one_of(st.booleans(), st.integers(-(2**60), 2**60), st.text(st.characters(exclude_categories=["Cs"])))


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.one_of(scalars, st.lists(scalars, max_size=3))))
def test_what_the_writer_writes_tomllib_reads(document: dict[str, object]) -> None:
    import tomllib

    assert tomllib.loads(to_toml({**document, "table": document})) == {**document, "table": document}


def test_tls_settings_survive(tmp_path: Path) -> None:
    config = SiteConfig(tls=Tls(certificate="c.pem", key="k.pem"))
    assert SiteConfig.load_or_create(tmp_path / "site.toml", config) == config
