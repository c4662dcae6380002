"""What is generated from the contracts is fresh, and hangs together."""

import json
import os
import re
import subprocess
import sys

import nkeys
import pytest
import yaml

from contracts.subjects import FACTS, ORCHESTRATOR
from infra.generate.artefacts import GENERATED, PERMISSIONS, ROOT, artefacts, orphans
from infra.generate.permissions import USERS, users
from infra.platform.nats import find_nats_server


@pytest.mark.parametrize("path", artefacts(), ids=lambda path: path.name)
def test_a_generated_file_equals_what_the_contracts_say(path):
    assert path.exists(), "run `python -m infra.generate`"
    assert path.read_text("utf-8") == artefacts()[path], "run `python -m infra.generate`"


def test_no_schema_is_left_of_a_fact_that_is_gone():
    assert orphans() == []


def test_every_reference_of_the_asyncapi_document_leads_somewhere():
    text = (GENERATED / "asyncapi.yaml").read_text("utf-8")
    document = yaml.safe_load(text)

    for reference in set(re.findall(r"\$ref: '?([^'\n]+)", text)):
        file, _, place = reference.partition("#/")
        if file:
            json.loads((GENERATED / file).read_text("utf-8"))
        node = document
        for key in filter(None, place.split("/")):
            node = node[key]


def test_every_fact_has_a_channel_a_message_and_somebody_who_says_it():
    document = yaml.safe_load((GENERATED / "asyncapi.yaml").read_text("utf-8"))

    for kind in FACTS:
        assert kind.type in document["channels"]
        assert kind.type in document["components"]["messages"]
        assert document["operations"][f"{kind.owner}.says.{kind.type}"]["action"] == "send"


def test_nats_server_accepts_the_permissions(tmp_path):
    """With the variables that stand for the keys."""
    variables = {f"NKEY_{user.upper()}": public_nkey() for user in USERS}
    config = tmp_path / "nats.conf"
    config.write_text(f'include "{os.path.relpath(PERMISSIONS, tmp_path)}"\n')

    done = subprocess.run(
        [str(find_nats_server()), "-t", "--config", str(config)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def public_nkey() -> str:
    seed = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)
    return nkeys.from_seed(bytearray(seed)).public_key.decode()


def test_only_infra_may_do_everything():
    assert [user.name for user in users() if ">" in user.publish] == ["infra"]


# To ask how full it is changes nothing.
LOOKS = {"$JS.API.STREAM.INFO.TIMERS"}


def test_only_the_orchestrator_touches_timers():
    touching = {
        user.name
        for user in users()
        for subject in user.publish
        if "timer" in subject.lower() and subject not in LOOKS
    }

    assert touching == {ORCHESTRATOR}


def test_nobody_but_infra_makes_or_deletes_streams_and_consumers():
    for user in users():
        for subject in user.publish:
            assert not re.search(r"(STREAM|CONSUMER)\.(CREATE|UPDATE|DELETE)", subject), user.name


def test_the_generator_says_that_all_is_fresh():
    done = subprocess.run(
        [sys.executable, "-m", "infra.generate", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
