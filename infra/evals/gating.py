"""The record of a gate: what it said of a version, kept beside the results for who promotes it."""

from collections.abc import Iterator
from datetime import UTC, datetime

from contracts.release import CANDIDATES_LIMIT, CHECKS_LIMIT, GateProof, GateRecord, GateSide
from contracts.shape import sha256_hex
from infra.evals.folder import RESULTS, Folder
from services.console.cli.errors import FAILED, CommandFailed
from services.evaluator.results import GateFinding, Report

SENTENCE_LIMIT = 512
GATE = "gate.json"


def keep_records(report: Report, folder: Folder) -> Iterator[str]:
    """Write a record of each candidate into the folder of the experiment, and tell where it is.

    Raises:
        CommandFailed: it cannot be written.
    """
    several = len(report.gates) > 1
    for finding in report.gates:
        record = record_of(report, finding, folder)
        if isinstance(record, str):
            yield f"\nNo record was kept of {finding.candidate}: {record}."
            continue
        file = folder.path / (f"gate.{finding.candidate}.json" if several else GATE)
        try:
            file.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            what = f"{file} cannot be written: {error.strerror}"
            raise CommandFailed(what, "make room for it", FAILED) from None
        yield f"\nThe record is {file}: interlock agents promote {record.agent} --gate {file}"


def record_of(report: Report, finding: GateFinding, folder: Folder) -> GateRecord | str:
    """What the gate said of the version under which a candidate was really run; or why not."""
    if finding.baseline is None:
        return "there was no baseline"
    versions = {name: _versions(report, name) for name in (finding.candidate, finding.baseline)}
    for name, found in versions.items():
        if len(found) != 1:
            told = ", ".join(sorted(found)) or "none"
            return f"the runs of {name} were of several versions, or none: {told}"
    if (problem := _unproven(report, finding, finding.baseline)) is not None:
        return problem
    arm = next(one for one in report.experiment.arms if one.name == finding.candidate)
    tried = {one.case for one in report.results if one.arm == finding.candidate}
    return GateRecord(
        experiment=report.experiment.name,
        suite=report.experiment.suite,
        agent=arm.agent,
        baseline_version=versions[finding.baseline].pop(),
        candidate_version=versions[finding.candidate].pop(),
        verdict=finding.verdict,
        cases=len(tried),
        checks=tuple(_sentence(one.name, one.sentence) for one in finding.checks[:CHECKS_LIMIT]),
        results_sha256=sha256_hex((folder.path / RESULTS).read_bytes()),
        decided_at=datetime.now(UTC),
        proof=_proof(report, finding, finding.baseline),
    )


def _unproven(report: Report, finding: GateFinding, baseline: str) -> str | None:
    """Why nobody could find the verdict again; None where they could."""
    if any(one.recorded for one in report.results if one.arm == baseline):
        return "recorded runs are no trials; try both versions by a suite"
    for name in (finding.candidate, baseline):
        found = _tenants(report, name)
        if len(found) != 1:
            return f"the runs of {name} were of several tenants: {', '.join(sorted(found))}"
    if len(report.gates) > CANDIDATES_LIMIT:
        return f"of {len(report.gates)} candidates; {CANDIDATES_LIMIT} are the most"
    return None


def _proof(report: Report, finding: GateFinding, baseline: str) -> GateProof:
    counted = finding.counted

    def side(arm: str, passed: float) -> GateSide:
        # An arm of an experiment that was run before is named with it.
        experiment, _, own = arm.rpartition(":")
        (tenant,) = _tenants(report, arm)
        return GateSide(
            tenant=tenant,
            experiment=experiment or report.experiment.name,
            arm=own,
            cases=counted.cases,
            passed=passed,
        )

    return GateProof(
        baseline=side(baseline, counted.baseline_passed),
        candidate=side(finding.candidate, counted.candidate_passed),
        rules=report.experiment.rules,
        judged=counted.judged,
        candidates=len(report.gates),
    )


def _tenants(report: Report, arm: str) -> set[str]:
    # A trial that was refused belongs to none.
    return {one.tenant for one in report.results if one.arm == arm and one.tenant}


def _versions(report: Report, arm: str) -> set[str]:
    return {one.agent_version for one in report.results if one.arm == arm and one.agent_version}


def _sentence(name: str, said: str) -> str:
    whole = f"{name}: {said}"
    return whole if len(whole) <= SENTENCE_LIMIT else f"{whole[: SENTENCE_LIMIT - 3]}..."
