"""`interlock runs fork|proof|diff|export|verify|import`: what they ask for, print and exit with."""

import json
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from contracts.export import Header, signers, write
from contracts.subjects import SERVICES
from services.console.adapters import MemoryHistory
from services.console.cli.errors import CONFLICT, FAILED, USAGE
from shared.signing import Keyring
from tests.bodies import NOON
from tests.console.test_cli import fake, interlock  # noqa: F401 - `fake` is a fixture
from tests.console.test_lineage import KEYRING, SIGNERS, ensemble, forked  # noqa: F401 - fixtures

PROOF = {
    "run_id": "f-1",
    "forked_from": "r-1",
    "step": 2,
    "is_shadow": True,
    "holds": True,
    "verdict": "The shadow f-1 touched nothing",
    "claims": 0,
    "touched": [],
    "replayed": [{"call": "1-1", "tool": "find_order", "outcome_id": "o-1", "problem": None}],
    "withheld": [{"call": "2-1", "tool": "issue_refund", "reason": "a person would be asked"}],
    "reviews_asked": 0,
    "model_calls": 3,
    "cost_micro_usd": 360,
    "comparison": {
        "first": "r-1",
        "second": "f-1",
        "from_step": 2,
        "steps": [2, 2],
        "cost_micro_usd": [240, 360],
        "divergence": {"step": 2, "what": "arguments", "first": "80", "second": "10"},
        "differences": [{"step": 2, "what": "arguments", "first": "80", "second": "10"}],
    },
}
ACCEPTED = {"tenant": "acme", "run_id": "f-1", "status": "submitted", "created": True}


@pytest.fixture
def real(app, monkeypatch):
    """Commands against the real API, in memory."""

    def client(base_url, headers, timeout):
        return TestClient(app, base_url=base_url, headers=headers)

    monkeypatch.setattr(httpx, "Client", client)
    monkeypatch.setenv("INTERLOCK_URL", "http://console")
    monkeypatch.setenv("INTERLOCK_TOKEN", "anna-token")


@pytest.fixture
async def file(forked, ensemble, tmp_path) -> Path:  # noqa: F811
    """The fork as a file, written without any API."""
    own = [one for one in ensemble.bus.facts if one.run_id in ("r-1", "f-1")]
    position = forked.started.body.ancestor.position
    kept = [one for one in own if one.run_id == "f-1" or one.sequence <= position]
    history = MemoryHistory(kept, SIGNERS)
    messages = [
        *await history.messages("acme", "r-1"),
        *await history.messages("acme", "f-1"),
    ]
    header = Header(
        tenant="acme", run_id="f-1", exported_at=NOON, keys=KEYRING.public_hex(signers(messages))
    )
    path = tmp_path / "f-1.jsonl"
    path.write_bytes(b"".join(write(header, messages)))
    return path


def test_a_fork_is_asked_for_with_what_it_tries_out(fake, tmp_path):  # noqa: F811
    fake.answer("POST", "/runs/r-1/fork", ACCEPTED, 201)
    (tmp_path / "words").write_text("Be brief.")

    done = interlock(
        *("runs", "fork", "r-1", "--step", "2", "--model", "small", "--run-id", "f-1"),
        *("--instructions-file", str(tmp_path / "words"), "--policy", "default@1"),
    )

    assert (done.exit_code, done.stdout) == (0, "f-1  submitted\n")
    assert json.loads(fake.asked[-1].content) == {
        "step": 2,
        "model": "small",
        "policy": "default@1",
        "run_id": "f-1",
        "instructions": "Be brief.",
    }


def test_a_task_continues_a_run(fake):  # noqa: F811
    fake.answer("POST", "/tasks", ACCEPTED, 201)

    interlock("submit", "support", "Thanks", "--continues", "r-1")

    assert json.loads(fake.asked[-1].content)["continues"] == "r-1"


@pytest.mark.parametrize(("holds", "code"), [(True, 0), (False, FAILED)])
def test_a_proof_says_what_it_found_and_exits_by_it(fake, holds, code):  # noqa: F811
    fake.answer("GET", "/runs/f-1/proof", {**PROOF, "holds": holds})

    done = interlock("runs", "proof", "f-1")

    assert done.exit_code == code
    for told in ("touched nothing", "forked from r-1, step 2", "replayed from o-1", "$0.000360"):
        assert told in done.stdout
    assert json.loads(interlock("runs", "proof", "f-1", "--json").stdout)["run_id"] == "f-1"


def test_a_difference_is_told_side_by_side(fake):  # noqa: F811
    fake.answer("GET", "/runs/r-1/diff/f-1", PROOF["comparison"])

    done = interlock("runs", "diff", "r-1", "f-1")

    assert done.exit_code == 0
    assert "arguments" in done.stdout


async def test_a_run_goes_out_and_is_verified(forked, real, tmp_path):  # noqa: F811
    path = tmp_path / "out.jsonl"

    done = interlock("runs", "export", "f-1", "-o", str(path))
    checked = interlock("runs", "verify", str(path), "--json")

    assert (done.exit_code, checked.exit_code) == (0, 0)
    found = json.loads(checked.stdout)
    assert (found["run_id"], found["status"]) == ("f-1", "completed")
    assert (found["prompts_rebuilt"], found["prompts_wrong"]) == (3, [])


async def test_a_run_that_is_known_is_not_imported_again(forked, real, tmp_path):  # noqa: F811
    path = tmp_path / "out.jsonl"
    interlock("runs", "export", "r-1", "-o", str(path))

    done = interlock("runs", "import", str(path))

    assert done.exit_code == 0
    assert "the log has it already" in done.stdout


def test_an_import_that_conflicts_exits_so(fake, file):  # noqa: F811
    fake.answer("POST", "/archives", None, 409)

    assert interlock("runs", "import", str(file)).exit_code == CONFLICT


def test_a_file_is_verified_offline_and_its_own_keys_prove_little(file):
    done = interlock("runs", "verify", str(file))

    assert done.exit_code == 0
    assert "acme/f-1  completed" in done.stdout
    assert "it agrees with itself, and nothing more" in done.stdout.replace("\n", " ")


def test_a_file_is_verified_by_given_keys(file, tmp_path):
    ours, theirs = tmp_path / "ours.json", tmp_path / "theirs.json"
    ours.write_text(json.dumps(KEYRING.public_hex(SERVICES)))
    theirs.write_text(json.dumps({owner: ["aa" * 32] for owner in SERVICES}))

    good = interlock("runs", "verify", str(file), "--keyring", str(ours))
    bad = interlock("runs", "verify", str(file), "--keyring", str(theirs))

    assert (good.exit_code, bad.exit_code) == (0, FAILED)
    assert "it agrees with itself" not in good.stdout
    assert "bad_signature" in bad.stderr


def test_a_file_that_was_changed_names_its_line_and_its_fact(file):
    file.write_bytes(file.read_bytes().replace(b"Not so much.", b"As much now.", 1))

    done = interlock("runs", "verify", str(file))

    assert done.exit_code == FAILED
    assert "model.responded" in done.stderr
    assert "line " in done.stderr


def test_a_file_that_is_not_there_is_a_mistake_of_usage():
    assert interlock("runs", "verify", "nowhere.jsonl").exit_code == USAGE


def test_keys_leave_the_keyring_as_they_came():
    assert Keyring(KEYRING.public_hex(SERVICES)).public_hex(SERVICES) == KEYRING.public_hex(
        SERVICES
    )
