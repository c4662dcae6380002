"""Forms are taken from our own pages alone, and every page asks for a role."""

import pytest
from fastapi.routing import iter_route_contexts

from contracts.control import RunCancelRequested
from services.console.api.access import routes_of
from services.console.web.app import PUBLIC, make_web
from services.console.web.doors import form
from tests.console.stories import asked_run
from tests.console.web.conftest import HERE

CANCEL = "/runs/r-1/cancel?tenant=acme"
OPEN = {"/sign-in"}  # it is who one becomes, and checks where it comes from by itself


def needs_form(dependant):
    return dependant.call is form or any(map(needs_form, dependant.dependencies))


def test_every_page_declares_the_role_that_it_needs(settings):
    undeclared = {one.path for one in routes_of(make_web(settings)) if one.access is None}

    assert undeclared == PUBLIC


def test_everything_that_acts_takes_forms_of_our_own_pages_alone(settings):
    routes = [
        one
        for one in iter_route_contexts(make_web(settings).routes)
        if set(one.methods or ()) - {"GET", "HEAD"}
    ]

    unguarded = {one.path for one in routes if not needs_form(one.dependant)}

    assert len(routes) > 5
    assert unguarded == OPEN


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "http://evil.example"},
        {},
    ],
)
async def test_a_form_of_another_place_does_nothing(browser, bus, take, headers):
    take(asked_run()[0])

    answer = await browser.send(CANCEL, headers=headers)

    assert answer.status_code == 403
    assert not bus.bodies(RunCancelRequested)


async def test_a_browser_that_says_only_its_origin_is_believed(browser, bus, take):
    take(asked_run()[0])

    answer = await browser.send(CANCEL, headers={"origin": "http://localhost"})

    assert answer.status_code == 303
    assert bus.bodies(RunCancelRequested)


async def test_a_form_without_the_token_of_its_session_does_nothing(browser, bus, take):
    take(asked_run()[0])

    answer = await browser.client.post(CANCEL, data={"form_token": "0" * 64}, headers=HERE)

    assert answer.status_code == 403
    assert "another session" in answer.text
    assert not bus.bodies(RunCancelRequested)


async def test_another_site_cannot_sign_anybody_in(stranger):
    answer = await stranger.client.post(
        "/sign-in", data={"key": "anna-token"}, headers={"sec-fetch-site": "cross-site"}
    )

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_who_may_only_look_does_nothing(stranger, bus, take):
    take(asked_run()[0])
    await stranger.sign_in("vera-token")

    answer = await stranger.send(CANCEL)

    assert answer.status_code == 403
    assert not bus.bodies(RunCancelRequested)


async def test_a_run_of_another_tenant_is_refused(stranger, take):
    take(asked_run()[0])
    await stranger.sign_in("tom-token")

    for path in ("/runs/r-1?tenant=acme", "/runs?tenant=acme", "/live/runs?tenant=acme"):
        assert (await stranger.see(path)).status_code == 403, path
    assert (await stranger.see("/runs/r-1")).status_code == 404
