"""The record of a gate: of the versions that were really run, or none, and why."""

import json

import pytest

from contracts.release import GateRecord
from contracts.shape import sha256_hex
from contracts.suite import GateRules
from infra.evals.folder import RESULTS, Folder
from infra.evals.gating import keep_records
from tests.evaluator.comparing.arms import arm, report


@pytest.fixture
def folder(tmp_path):
    (tmp_path / RESULTS).write_bytes(b"{}\n")
    return Folder(tmp_path)


def sides(record):
    return record.proof.baseline, record.proof.candidate


def gated(*arms):
    return report(*arms, gated=True)


def of(version, name):
    return arm(name, [True] * 200, agent_version=version)


def test_a_record_tells_both_versions_the_verdict_and_which_results_it_is_of(folder):
    (told,) = keep_records(gated(of("v1", "before"), of("v2", "after")), folder)

    file = folder.path / "gate.json"
    record = GateRecord.model_validate_json(file.read_bytes())
    assert str(file) in told
    assert (record.agent, record.baseline_version, record.candidate_version) == (
        *("support", "v1", "v2"),
    )
    assert (record.verdict, record.cases) == ("pass", 200)
    assert record.results_sha256 == sha256_hex(b"{}\n")
    assert record.checks[0].startswith("pass rate: It changed by +0.0 points")


def test_each_of_several_candidates_has_a_record(folder):
    told = list(keep_records(gated(of("v1", "a"), of("v2", "b"), of("v3", "c")), folder))

    assert len(told) == 2
    found = sorted(folder.path.glob("gate.*.json"))
    records = [json.loads(one.read_text()) for one in found]
    assert [one["candidate_version"] for one in records] == ["v2", "v3"]
    assert [one["proof"]["candidates"] for one in records] == [2, 2]


@pytest.mark.parametrize("versions", [("v2", "v3"), ("", "")])
def test_of_runs_of_several_versions_or_none_there_is_no_record(folder, versions):
    """Somebody moved a label meanwhile, or the results are from before versions were kept."""
    first, second = versions
    mixed = arm("after", [True] * 100, agent_version=first)
    mixed += [
        one.model_copy(update={"case": f"d-{one.case}"})
        for one in arm("after", [True] * 100, agent_version=second)
    ]
    before = [one.model_copy(update={"arm": "before", "agent_version": "v1"}) for one in mixed]

    (told,) = keep_records(gated(before, mixed), folder)

    assert "No record was kept of after" in told
    assert not (folder.path / "gate.json").exists()


def test_a_record_tells_by_which_trials_it_can_be_checked(folder):
    list(keep_records(gated(of("v1", "earlier:before"), of("v2", "after")), folder))

    record = GateRecord.model_validate_json((folder.path / "gate.json").read_bytes())
    told = [(one.tenant, one.experiment, one.arm, one.cases, one.passed) for one in sides(record)]
    assert told == [
        ("acme", "earlier", "before", 200, 200),
        ("acme", "e-1", "after", 200, 200),
    ]
    assert record.proof.candidates == 1
    assert record.proof.rules == GateRules()


def test_recorded_runs_are_no_trials_and_make_no_record(folder):
    before = [one.model_copy(update={"recorded": True}) for one in of("v1", "recorded")]

    (told,) = keep_records(gated(before, of("v2", "after")), folder)

    assert "recorded runs are no trials" in told
    assert not (folder.path / "gate.json").exists()


def test_runs_of_several_tenants_make_no_record(folder):
    after = of("v2", "after")
    mixed = [after[0].model_copy(update={"tenant": "globex"}), *after[1:]]

    (told,) = keep_records(gated(of("v1", "before"), mixed), folder)

    assert "the runs of after were of several tenants: acme, globex" in told
    assert not (folder.path / "gate.json").exists()


def test_trials_that_were_held_to_nothing_pass_no_gate(folder):
    bare = [
        [one.model_copy(update={"scores": ()}) for one in of(*told)]
        for told in (("v1", "before"), ("v2", "after"))
    ]

    list(keep_records(gated(*bare), folder))

    record = GateRecord.model_validate_json((folder.path / "gate.json").read_bytes())
    assert (record.verdict, record.proof.candidate.cases) == ("inconclusive", 0)
