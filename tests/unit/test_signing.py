"""Keys, signatures and the memory of calls, without a socket; `integration/test_peers.py` has the rest."""

from __future__ import annotations

import hashlib
import stat
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fateflow_tui.core.errors import BadRequest, DamagedFile, NotAuthentic
from fateflow_tui.core.ids import Party
from fateflow_tui.runtime.peers.authenticator import PeerAuthenticator
from fateflow_tui.runtime.peers.keys import SiteKey, fingerprint, holds
from fateflow_tui.runtime.peers.routes import RouteTable
from fateflow_tui.runtime.peers.signing import WINDOW, ReplayGuard, SignedCall, answer_headers, is_answer_of, read_call
from fateflow_tui.runtime.site_config import SiteConfig
from fateflow_tui.store.memory import MemoryCollection

GUEST, HOST = Party("guest", "9999"), Party("host", "10000")
NOW = 1_764_000_000_000
DIGEST = hashlib.sha256(b"{}").hexdigest()
KEY = SiteKey.generate()


def authenticator(now: int = NOW) -> PeerAuthenticator:
    routes = RouteTable(MemoryCollection("parties"))
    routes.add("9999", "http://10.0.0.7:9380", KEY.public)
    routes.add("guest:9998", "http://10.0.0.8:9380")
    return PeerAuthenticator(SiteConfig(name="site-b", parties=["host:10000"]), KEY, routes, lambda: now)


def call(session: str, **changes: Any) -> SignedCall:
    facts: dict[str, Any] = {
        "method": "POST",
        "path": "/v1/peer/report?x=1",
        "body_sha256": DIGEST,
        "time": NOW,
        "nonce": "n1",
        "session": session,
        "source": GUEST,
        "destination": HOST,
    }
    return SignedCall(**(facts | changes))


def reason(at: PeerAuthenticator, call: SignedCall, key: SiteKey = KEY) -> str:
    with pytest.raises(NotAuthentic) as refused:
        at.authenticate(call.method, call.path, call.signed_by(key))
    return str(refused.value.data["reason"])


def test_a_call_is_taken_within_the_window_and_not_outside() -> None:
    for offset, expected in ((-WINDOW, ""), (WINDOW, ""), (-WINDOW - 1, "expired"), (WINDOW + 1, "expired")):
        site = authenticator(NOW + offset)
        dated = call(site.session)
        if expected:
            assert reason(site, dated) == expected
        else:
            assert site.authenticate("POST", dated.path, dated.signed_by(KEY)) == (GUEST, HOST, DIGEST)


def test_unknown_untrusted_and_spoofed_sources_are_rejected() -> None:
    site = authenticator()
    for source, said in (
        (Party("guest", "1"), "there is no route"),
        (Party("guest", "9998"), "is not trusted yet"),
        (HOST, "is played by this site"),
    ):
        foreign = call(site.session, source=source)
        with pytest.raises(NotAuthentic, match=said) as refused:
            site.authenticate("POST", foreign.path, foreign.signed_by(KEY))
        assert refused.value.data == {"reason": "unknown_source"}


def test_a_refused_call_does_not_use_up_its_nonce() -> None:
    site = authenticator()
    good = call(site.session)
    assert reason(site, good, SiteKey.generate()) == "wrong_signature"
    assert site.authenticate("POST", good.path, good.signed_by(KEY)) == (GUEST, HOST, DIGEST)
    assert reason(site, good) == "replayed"


def test_each_run_of_a_site_has_its_own_session() -> None:
    first, second = authenticator(), authenticator()
    assert reason(second, call(first.session)) == "stale_session"


def test_headers_that_cannot_be_read_are_no_signature() -> None:
    headers = call("s").signed_by(KEY)
    for name, value in (
        ("fateflow-signature", "not base64!"),
        ("fateflow-time", "1e3"),
        ("fateflow-source", "guest"),
        ("fateflow-source", "king:1"),
        ("fateflow-nonce", "n" * 65),
    ):
        with pytest.raises(NotAuthentic, match="malformed"):
            read_call("POST", "/", headers | {name: value})
    for name in headers:
        with pytest.raises(NotAuthentic, match=f"lacks the header {name}"):
            read_call("POST", "/", {other: text for other, text in headers.items() if other != name})


texts = st.text(max_size=6)
parties = st.builds(Party, texts, texts)
calls = st.builds(SignedCall, texts, texts, texts, st.integers(), texts, texts, parties, parties)


@given(calls, calls)
def test_different_calls_never_have_the_same_signed_text(one: SignedCall, other: SignedCall) -> None:
    assert (one.text() == other.text()) == (one == other)


def test_shifting_a_border_between_two_fields_changes_the_signed_text() -> None:
    shifted = msgspec.structs.replace(call("s"), method="POST/v1", path="/peer/report?x=1")
    assert shifted.text() != call("s").text()


def test_an_answer_is_good_for_its_call_status_and_body_only() -> None:
    headers = answer_headers(KEY, "n1", 200, b"{}")
    assert is_answer_of(KEY.public, "n1", 200, b"{}", headers)
    assert not is_answer_of(KEY.public, "n2", 200, b"{}", headers)
    assert not is_answer_of(KEY.public, "n1", 401, b"{}", headers)
    assert not is_answer_of(KEY.public, "n1", 200, b"[]", headers)
    assert not is_answer_of(SiteKey.generate().public, "n1", 200, b"{}", headers)
    assert not is_answer_of(KEY.public, "n1", 200, b"{}", {})
    assert not is_answer_of(KEY.public, "n1", 200, b"{}", {"fateflow-answer-signature": "%"})


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(-WINDOW, WINDOW), st.integers(0, 40_000)), max_size=60))
def test_no_call_is_taken_twice_however_small_the_memory(stream: list[tuple[int, int, int]]) -> None:
    """Calls with repeated nonces, dated within the window around a clock that moves on."""
    guard = ReplayGuard(capacity=5)
    now = NOW
    sent: dict[int, int] = {}
    taken: set[int] = set()
    for nonce, offset, step in stream:
        now += step
        time = sent.setdefault(nonce, now + offset)
        if abs(now - time) <= WINDOW and guard.is_first("key", str(nonce), time, now):
            assert nonce not in taken
            taken.add(nonce)


def test_the_memory_of_calls_is_bounded_and_apart_for_each_signer() -> None:
    guard = ReplayGuard(capacity=100)
    for number in range(1000):
        assert guard.is_first("busy", str(number), NOW + number, NOW)
    assert len(guard._signers["busy"].nonces) == 100
    assert not guard.is_first("busy", "late", NOW + 10, NOW)
    assert guard.is_first("quiet", "late", NOW + 10, NOW)
    assert guard.is_first("busy", "fresh", NOW + 3 * WINDOW, NOW + 3 * WINDOW)
    assert len(guard._signers["busy"].nonces) == 1


def test_a_key_file_is_private_and_stays_the_same(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "site.pem"
    key = SiteKey.load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert SiteKey.load_or_create(path).public == key.public
    assert [entry.name for entry in path.parent.iterdir()] == ["site.pem"]
    assert holds(key.public, SiteKey.load(path).sign(b"text"), b"text")
    assert not holds(key.public, key.sign(b"text"), b"other")


def test_processes_that_start_together_get_one_key(tmp_path: Path) -> None:
    path, found = tmp_path / "site.pem", []
    together = threading.Barrier(8)

    def start() -> None:
        together.wait()
        found.append(SiteKey.load_or_create(path).public)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_key_file_that_is_open_to_others_or_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "site.pem"
    SiteKey.load_or_create(path)
    path.chmod(0o644)
    with pytest.raises(DamagedFile, match="readable by other users") as refused:
        SiteKey.load_or_create(path)
    assert refused.value.hint == f"chmod 600 {path}"
    path.chmod(0o600)
    path.write_text("-----BEGIN nothing")
    with pytest.raises(DamagedFile, match="is not a private key"):
        SiteKey.load_or_create(path)


def test_public_keys_have_a_text_form_and_a_short_fingerprint() -> None:
    key = SiteKey.generate()
    assert key.public.startswith("ed25519:")
    assert len(key.public) == 52
    assert fingerprint(key.public) != fingerprint(SiteKey.generate().public)
    assert len(fingerprint(key.public)) == len("SHA256:") + 43
    for text in ("", "ed25519:", key.public[:-4], key.public.replace("ed25519", "rsa"), "ed25519:" + "!" * 44):
        with pytest.raises(BadRequest, match="invalid public key"):
            fingerprint(text)


def test_who_is_turned_away_is_known_here_until_he_is_let_in(caplog: pytest.LogCaptureFixture) -> None:
    site = authenticator()
    for _ in range(3):
        assert reason(site, call(site.session), SiteKey.generate()) == "wrong_signature"
    assert reason(site, call(site.session, source=Party("guest", "1"))) == "unknown_source"
    assert reason(site, call("of an earlier run")) == "stale_session"
    wrong, unknown = site.rejected_calls.checks(NOW + 12_000)
    assert (wrong.name, wrong.ok) == ("calls of guest:9999", False)
    assert wrong.text.startswith("3 were rejected, the last 12 s ago: the call was not signed with the key")
    assert wrong.hint.endswith("fateflow party trust guest:9999")
    assert (unknown.name, unknown.hint) == ("calls of guest:1", "at this site: fateflow party add guest:1 URL")
    assert [record.message.count("rejected") for record in caplog.records] == [1, 1], "each is logged once"

    good = call(site.session)
    site.authenticate("POST", good.path, good.signed_by(KEY))
    assert [one.name for one in site.rejected_calls.checks(NOW)] == ["calls of guest:1"]
    assert site.rejected_calls.checks(NOW + 600_001) == []


def test_a_crowd_of_strangers_fills_neither_memory_nor_log(caplog: pytest.LogCaptureFixture) -> None:
    site = authenticator()
    for number in range(200):
        assert reason(site, call(site.session, source=Party("guest", str(20_000 + number)))) == "unknown_source"
    assert len(site.rejected_calls.checks(NOW)) == len(caplog.records) == 64
