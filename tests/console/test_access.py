"""Roles: every route declares one, and holds everybody to it."""

import pytest
from fastapi import APIRouter, FastAPI

from services.console.api.access import PUBLIC, check_declared, routes_of
from services.console.api.app import make_api
from services.console.api.people import Person
from services.console.rules.rates import Rate
from tests.console.conftest import as_
from tests.console.routes import calls

ROLES = ("viewer", "approver", "operator", "admin")
# Whom a route is open to, by the role that it declares.
OPEN_TO = {
    "own": {"viewer", "approver", "operator", "admin"},
    "viewer": {"viewer", "approver", "operator", "admin"},
    "approver": {"approver", "operator", "admin"},
    "operator": {"operator", "admin"},
    "admin": {"admin"},
}
CALLS = calls()


@pytest.fixture
def roles(desk):
    """One person for each role, and nothing else."""
    desk.people = {f"{role}-token": Person(principal=role, roles=(role,)) for role in ROLES}


def test_every_route_declares_the_role_it_needs(settings):
    undeclared = {one.path for one in routes_of(make_api(settings)) if one.access is None}

    assert undeclared == PUBLIC


def test_an_api_with_a_route_that_declares_no_role_is_not_made():
    app, router = FastAPI(openapi_url=None, docs_url=None, redoc_url=None), APIRouter()

    @router.post("/open")
    async def undeclared() -> None: ...

    app.include_router(router, prefix="/api/v1")

    with pytest.raises(LookupError, match="POST /api/v1/open declares no role"):
        check_declared(app)


async def test_nobody_comes_in_without_a_key(api, desk):
    desk.refused.rate = Rate(1, 10_000)
    api.headers.pop("authorization")

    entered = {}
    for call in CALLS:
        for headers in ({}, as_("a-guess"), as_("ilk_0123_guess")):
            answer = await api.request(call.method, call.at, headers=headers, **call.asked)
            if answer.status_code != 401:
                entered[call.name] = answer.text

    assert not entered


@pytest.mark.usefixtures("roles")
@pytest.mark.parametrize("role", ROLES)
async def test_a_route_is_open_to_its_role_and_to_no_lesser_one(api, role):
    wrong = {}
    for call in CALLS:
        answer = await api.request(call.method, call.at, headers=as_(f"{role}-token"), **call.asked)
        is_refused = answer.status_code == 403 and "ask somebody with the role" in answer.text
        if is_refused != (role not in OPEN_TO[call.route.access]):
            wrong[call.name] = answer.text

    assert not wrong


@pytest.mark.parametrize(
    ("call", "access"),
    [
        ("GET /runs", "viewer"),
        ("POST /tasks", "operator"),
        ("POST /runs/{run_id}/delete", "operator"),
        ("POST /reviews/{name}/approve", "approver"),
        ("POST /agents/{name}/releases/approve", "approver"),
        ("POST /keys", "admin"),
        ("POST /keys/invitations", "admin"),
        ("POST /keys/own", "own"),
    ],
)
def test_routes_ask_for_the_roles_that_are_documented(call, access):
    (found,) = (one for one in CALLS if one.name == call)

    assert found.route.access == access


def test_what_a_question_asks_for_makes_somebody_an_approver():
    assert Person(principal="a", roles=("support-lead",)).may("approver")
    assert not Person(principal="a", roles=("viewer",)).may("approver")
    assert not Person(principal="a", roles=("support-lead",)).may("operator")
