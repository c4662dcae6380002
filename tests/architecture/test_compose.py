"""docker-compose.yml: every service, hardened, with settings that exist."""

import importlib

import pytest
import yaml

from contracts.subjects import SERVICES
from infra.dev.assembly import SIGNING_OWNERS
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
LOOPBACK = "127.0.0.1:"


def compose() -> dict:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]


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


def test_every_file_that_is_built_or_mounted_is_there():
    for container in compose().values():
        if "build" in container:
            assert (ROOT / container["build"]["dockerfile"]).exists()
        for volume in container.get("volumes", ()):
            if volume.startswith("./"):
                assert (ROOT / volume.split(":")[0]).exists(), volume
