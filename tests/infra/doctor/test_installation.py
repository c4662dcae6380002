"""What is examined: the environment wins over what runs in the home."""

import os

import pytest

from infra.doctor.errors import Unexaminable
from infra.doctor.installation import Installation
from infra.platform.home import Endpoints

SECRET = "Xk39-quiet-otter"


def endpoints(**changes):
    told = {
        "pid": os.getpid(),
        "durability": "durable",
        "nats_url": "nats://127.0.0.1:4222,nats://127.0.0.1:4223",
        "nats_monitoring_url": "http://127.0.0.1:8222,http://127.0.0.1:8223",
        "postgres_dsn": "postgresql://interlock@/interlock?host=/run",
        "console_url": "http://127.0.0.1:8300",
        "services": {"console": "http://127.0.0.1:8300"},
    }
    return Endpoints(**{**told, **changes})


def test_the_platform_of_the_home_is_found(home):
    home.publish(endpoints())

    found = Installation.found(home, {})

    assert found.kind == "platform"
    assert len(found.nats_urls) == len(found.monitoring_urls) == 2
    assert found.durability == "durable"


def test_a_deployment_that_is_named_wins(home):
    home.publish(endpoints())

    found = Installation.found(home, {"INTERLOCK_NATS_URL": "nats://log.example:4222"})

    assert (found.kind, found.nats_urls) == ("deployment", ("nats://log.example:4222",))
    assert found.services == {}
    with pytest.raises(Unexaminable, match="INTERLOCK_POSTGRES_DSN is not set"):
        found.required_postgres()


def test_the_tenants_of_a_deployment_are_told_and_the_platform_of_a_home_has_none(home):
    named = {"INTERLOCK_NATS_URL": "nats://log.example:4222", "INTERLOCK_TENANTS": "acme, beta"}
    found = Installation.found(home, named)

    assert found.tenants == ("acme", "beta")
    assert {"tool_executor-acme", "tool_executor-beta"} <= set(found.users)
    assert "tool_executor" not in found.users
    with pytest.raises(Unexaminable, match="INTERLOCK_TENANTS: the tenant"):
        _ = Installation.found(home, {**named, "INTERLOCK_TENANTS": "a.b"}).tenants

    home.publish(endpoints())
    assert Installation.found(home, {"INTERLOCK_TENANTS": "acme"}).tenants == ()


def test_a_platform_that_has_ended_is_not_there(home):
    home.publish(endpoints(pid=2**22 + 1))

    assert Installation.found(home, {}).kind == "nothing"


def test_the_title_holds_no_credentials(home):
    environment = {
        "INTERLOCK_NATS_URL": f"nats://user:{SECRET}@log.example:4222",
        "INTERLOCK_POSTGRES_DSN": f"postgresql://user:{SECRET}@tables.example/interlock",
    }

    title = Installation.found(home, environment).title

    assert "log.example:4222" in title
    assert SECRET not in title
