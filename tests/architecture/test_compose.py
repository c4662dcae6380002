"""docker-compose.yml: every service, hardened, with settings that exist."""

import importlib

import pytest
import yaml

from contracts.subjects import EXECUTOR, SERVICES
from contracts.tenancy import user_of
from infra.deployment.handing_out import holders, secrets_of
from infra.dev.assembly import SIGNING_OWNERS
from infra.migrations.grants import SERVICE_ROLES
from infra.platform.postgres_cluster import TOOLS_ROLE
from shared.settings import ServiceSettings
from tests.architecture.sources import ROOT

HARDENED = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
}
BOUNDED = ("mem_limit", "pids_limit", "stop_grace_period")
# They prepare what the others find, and then they are gone.
ONCE = {"keys", "setup"}
# Every service is given it; only those that pin or check manifests read it.
SHARED_WITH_OTHERS = {"INTERLOCK_TOOL_MANIFESTS"}
TENANT = "default"
EXECUTOR_TENANT = "${INTERLOCK_EXECUTOR_TENANT:-default}"
LOOPBACK = "127.0.0.1:"
ARCHIVISTS = {"observer", "console"}
# Each secret of `.env`, and the containers that are told it.
SECRETS = {
    "POSTGRES_PASSWORD": {"postgres", "setup"},
    "TOOLS_PASSWORD": {"setup", "tool-executor"},
    "OPENAI_API_KEY": {"model-router"},
    "ANTHROPIC_API_KEY": {"model-router"},
    "GEMINI_API_KEY": {"model-router"},
}


def compose() -> dict:
    """Its services, where one tenant is named: what stands there if nothing is set."""
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    return yaml.safe_load(text.replace(EXECUTOR_TENANT, TENANT))["services"]


def handed_as(service: str) -> str:
    """Under which name a service is handed its keys."""
    return user_of(service, TENANT) if service == EXECUTOR else service


def container_of(service: str) -> dict:
    return compose()[service.replace("_", "-")]


def settings_of(service: str) -> type[ServiceSettings]:
    return importlib.import_module(f"services.{service}.settings").Settings


def variables_of(settings: type[ServiceSettings]) -> set[str]:
    """Every environment variable that a service reads as a setting."""
    prefix = settings.model_config["env_prefix"]
    return {
        field.validation_alias
        if isinstance(field.validation_alias, str)
        else f"{prefix}{name}".upper()
        for name, field in settings.model_fields.items()
    }


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_a_container_that_runs_it(service):
    container = container_of(service)

    assert container["build"]["args"]["MODULE"] == f"services.{service}"
    assert container["healthcheck"]["test"]
    assert container["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}


@pytest.mark.parametrize("name", [name for name in compose() if name not in ONCE])
def test_every_container_that_stays_is_hardened_and_bounded(name):
    container = compose()[name]

    assert {key: container.get(key) for key in HARDENED} == HARDENED
    assert all(key in container for key in BOUNDED)


@pytest.mark.parametrize("name", sorted(ONCE))
def test_what_prepares_gains_no_privileges_either(name):
    container = compose()[name]

    assert container["cap_drop"] == HARDENED["cap_drop"]
    assert container["security_opt"] == HARDENED["security_opt"]


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_of_ours_is_a_setting_that_somebody_reads(service):
    given = {name for name in container_of(service)["environment"] if name.startswith("INTERLOCK_")}

    strange = given - variables_of(settings_of(service)) - SHARED_WITH_OTHERS

    assert not strange, f"nothing reads {sorted(strange)}"


@pytest.mark.parametrize("service", SERVICES)
def test_only_who_signs_is_given_a_key_to_sign_with(service):
    variable = f"INTERLOCK_{service.upper()}_SIGNING_KEY_FILE"

    assert (variable in container_of(service)["environment"]) == (service in SIGNING_OWNERS)


def test_only_the_console_is_published_and_on_this_machine_alone():
    published = {name: one["ports"] for name, one in compose().items() if "ports" in one}

    assert list(published) == ["console"]
    assert all(port.startswith(LOOPBACK) for port in published["console"])


def mounts_of(name: str) -> dict[str, str]:
    """Where each volume is mounted in a container."""
    return {one.split(":")[0]: one.split(":")[1] for one in compose()[name].get("volumes", ())}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_mounts_its_own_keys_read_only_and_no_others(service):
    name = service.replace("_", "-")
    others = {"archive"} if service in ARCHIVISTS else set()

    assert set(mounts_of(name)) == {f"{name}-keys", "public", *others}
    assert mounts_of(name)[f"{name}-keys"] == "/keys"
    handed = [one for one in compose()[name]["volumes"] if not one.startswith("archive:")]
    assert all(one.endswith(":ro") for one in handed)


@pytest.mark.parametrize("service", SERVICES)
def test_every_key_that_a_service_is_told_of_is_handed_to_it(service):
    given = container_of(service)["environment"].values()
    told = {value.removeprefix("/keys/") for value in given if str(value).startswith("/keys/")}

    assert told == set(secrets_of(handed_as(service)))


def test_only_who_makes_keys_mounts_all_of_them():
    mounting = [name for name in compose() if "state" in mounts_of(name)]
    handing = {at for volume, at in mounts_of("keys").items() if volume != "state"}
    handed = (*holders([TENANT]), "nats", "postgres", "infra", "public")

    assert mounting == ["keys"]
    assert handing == {f"/handed/{one}" for one in handed}


def test_whoever_makes_copies_hears_them_or_lets_them_go_is_told_the_same_tenants():
    told = {
        name: one["environment"]["INTERLOCK_TENANTS"]
        for name, one in compose().items()
        if "INTERLOCK_TENANTS" in one.get("environment", {})
    }

    assert set(told) == {"keys", "setup", "observer"}
    assert set(told.values()) == {"${INTERLOCK_TENANTS:-default}"}
    executor = container_of(EXECUTOR)["environment"]
    assert executor["INTERLOCK_TOOL_EXECUTOR_TENANT"] == TENANT


def test_a_volume_of_keys_is_of_one_container():
    for volume in (one for one in mounts_of("keys") if one.endswith("-keys")):
        users = [name for name in compose() if volume in mounts_of(name)]
        assert len(users) == 2, f"{volume} is mounted by {users}"
        assert users[0] == "keys"


def test_a_secret_of_the_environment_goes_to_whom_it_is_of():
    """Whoever is told the name of a variable of `.env` is told its value."""
    told = {secret: set() for secret in SECRETS}
    for name, container in compose().items():
        given = str(container.get("environment", {}))
        for secret in SECRETS:
            if f"${{{secret}" in given:
                told[secret].add(name)

    assert told == SECRETS


def test_tools_have_a_role_of_their_own():
    dsn = container_of("tool_executor")["environment"]["SHOP_DATABASE_DSN"]

    assert dsn.startswith(f"postgresql://{TOOLS_ROLE}:")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_comes_to_the_database_by_its_own_role_and_password_or_not_at_all(service):
    given = container_of(service)["environment"]

    dsn, password = given.get("INTERLOCK_POSTGRES_DSN"), given.get("PGPASSFILE")

    if service in SERVICE_ROLES:
        assert dsn.startswith(f"postgresql://{SERVICE_ROLES[service]}@postgres:")
        assert password == f"/keys/{service}.pgpass"
    else:
        assert (dsn, password) == (None, None)


def test_nats_is_reached_by_tls_alone():
    conf = (ROOT / "infra" / "nats" / "compose.conf").read_text("utf-8")
    urls = {
        one["environment"]["INTERLOCK_NATS_URL"]
        for one in compose().values()
        if "INTERLOCK_NATS_URL" in one.get("environment", {})
    }

    assert "tls {" in conf
    assert "allow_non_tls" not in conf
    assert urls == {"tls://nats:4222"}
    assert all(
        container_of(service)["environment"]["INTERLOCK_NATS_CA_FILE"] == "/public/ca.pem"
        for service in SERVICES
    )


def test_postgres_is_reached_by_tls_alone_and_known_by_its_authority():
    hba = (ROOT / "infra" / "deployment" / "pg_hba.conf").read_text("utf-8")
    ways = [line.split()[0] for line in hba.splitlines() if line and not line.startswith("#")]
    dsns = [
        value
        for one in compose().values()
        for value in one.get("environment", {}).values()
        if str(value).startswith("postgresql://")
    ]

    assert "--ssl=on" in compose()["postgres"]["command"]
    assert ways == ["local", "hostssl"]
    assert len(dsns) == 1 + len(SERVICE_ROLES) + 1, "setup, services that keep something, tools"
    verified = "@postgres:5432/interlock?sslmode=verify-full&sslrootcert=/public/ca.pem"
    assert all(dsn.endswith(verified) for dsn in dsns)


def test_every_file_that_is_built_or_mounted_is_there():
    for container in compose().values():
        if "build" in container:
            assert (ROOT / container["build"]["dockerfile"]).exists()
        for volume in container.get("volumes", ()):
            if volume.startswith("./"):
                assert (ROOT / volume.split(":")[0]).exists(), volume
