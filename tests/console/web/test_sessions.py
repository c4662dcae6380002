"""Signing in and out: what opens a session, what ends it, and what a cookie is worth."""

from datetime import timedelta

import pytest

from contracts.access import KeyRevoked
from services.console.rules.api_keys import written_key
from services.console.rules.rates import Rate
from services.console.web.doors import COOKIE
from services.console.web.sessions import Sessions, secret_of
from services.console.web.signing_in import within
from shared.signing import Ed25519Signer
from tests.bodies import NOON
from tests.console.acme import SOMEBODY, key


async def test_a_token_opens_a_session_that_scripts_and_other_sites_do_not_get(stranger):
    answer = await stranger.sign_in("anna-token")

    assert (answer.status_code, answer.headers["location"]) == (303, "/runs")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "anna-token" not in cookie
    assert (await stranger.see("/runs")).status_code == 200


async def test_beyond_this_machine_a_cookie_goes_over_tls_alone(stranger):
    stranger.client.base_url = "https://console.example.org"

    cookie = (await stranger.sign_in("anna-token")).headers["set-cookie"]

    assert cookie.startswith("__Host-")
    assert "Secure" in cookie


async def test_nobody_comes_in_with_a_key_that_nobody_has(stranger):
    answer = await stranger.sign_in("a-guess")

    assert answer.status_code == 401
    assert "Nobody has this key" in answer.text
    assert "set-cookie" not in answer.headers


async def test_guesses_are_counted_as_they_are_over_the_api(stranger, desk):
    desk.refused.rate = Rate(0.001, 2)

    said = [(await stranger.sign_in("a-guess")).status_code for _ in range(3)]

    assert said == [401, 401, 429]


async def test_who_is_not_signed_in_is_led_there_and_back(stranger):
    answer = await stranger.see("/runs/r-1?tenant=acme&step=2")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fruns%2Fr-1%3Ftenant%3Dacme%26step%3D2"
    answer = await stranger.sign_in("anna-token", next="/runs/r-1?tenant=acme&step=2")
    assert answer.headers["location"] == "/runs/r-1?tenant=acme&step=2"


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example/", "/\\evil.example", "/a\n/b", "javascript:x"]
)
def test_nobody_is_led_to_another_place(path):
    assert within(path) == "/runs"


async def test_signing_out_ends_the_session_and_a_copy_of_its_cookie(browser):
    copied = browser.client.cookies[COOKIE]

    answer = await browser.send("/sign-out")

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    browser.client.cookies.set(COOKIE, copied)
    assert (await browser.see("/runs")).status_code == 303


async def test_a_revoked_key_ends_its_sessions(stranger, desk, bus):
    bus.clock.advance((NOON - bus.clock.now()).total_seconds())
    whole = written_key("k-1", "s" * 43)
    await desk.keys.give(key(whole, ("acme",)))
    await stranger.sign_in(whole)
    assert (await stranger.see("/runs")).status_code == 200

    await desk.keys.give(KeyRevoked(key_id="k-1", principal=SOMEBODY, at=NOON, nonce="n"))

    assert (await stranger.see("/runs")).status_code == 303


async def test_a_session_ends_by_its_age(browser, bus, settings):
    bus.clock.advance(settings.session_hours * 3600)

    assert (await browser.see("/runs")).status_code == 303


async def test_a_cookie_opens_no_api_and_a_bearer_token_no_page(browser, stranger):
    assert (await browser.see("/api/v1/runs")).status_code == 401
    browser.client.cookies.clear()
    assert (await stranger.see("/runs", authorization="Bearer anna-token")).status_code == 303


def test_a_cookie_of_another_secret_or_changed_by_a_character_is_none_of_ours():
    ours, theirs = Sessions(), Sessions()
    cookie = ours.open(NOON, 1, key_id="k-1", token_sha256=None)

    assert ours.read(cookie, NOON) is not None
    assert theirs.read(cookie, NOON) is None
    assert ours.read(cookie[:-1] + ("0" if cookie[-1] != "0" else "1"), NOON) is None
    assert ours.read(cookie, NOON + timedelta(hours=1)) is None
    assert ours.read("x" * 2000, NOON) is None


def test_replicas_of_one_signing_key_know_each_others_sessions():
    first, second = (Sessions(secret_of(Ed25519Signer(b"k" * 32))) for _ in range(2))

    cookie = first.open(NOON, 1, key_id="k-1", token_sha256=None)

    assert second.read(cookie, NOON) is not None
