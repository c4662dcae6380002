"""The record of a gate, held against the log: nothing is believed for being written down.

Which versions were tried is signed (`run.started`), what became of them is on the log
(`run.evaluated`), and from both the verdict is found again by the rules that the record names.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from contracts.history import Run
from contracts.history.stubs import trial_of
from contracts.release import GateProof, GateRecord, GateSide
from contracts.trial import EVALUATION, trial_prefix
from services.console.api.desk import Desk
from services.console.errors import Conflict, Invalid, TooLarge
from services.console.rules.gates.trials import Tried, tried
from services.console.rules.gates.verdicts import Found, verdict_of
from services.console.store import Cursor, RunQuery
from shared.readmodel import RunRow
from shared.release_book import ReleaseBook

AT_ONCE = 16  # trials that are read from the log at a time
SKEW = timedelta(minutes=5)  # clocks of machines differ
TOLERANCE = 1e-6  # sums of means of repeats, in another order
# All trials under the name of an experiment count, and stay on the log.
AGAIN = "try both under a new name: interlock eval run SUITE --name NEW, interlock eval gate NEW"


async def check_gate(gate: GateRecord, heads: ReleaseBook, desk: Desk) -> None:
    """Refuse a record that is not of now, or that the log does not bear out.

    Raises:
        Conflict: production is another version than the gate compared with.
        Invalid: it is too old, proves nothing, or the log tells otherwise.
        TooLarge: it is of more trials than are read for one request.
    """
    check_baseline(gate, heads, desk)
    _check_age(gate, desk)
    if gate.proof is None:
        what = "it does not say by which trials it can be checked"
        raise Invalid(what, "gate.proof", f"gate it again: interlock eval gate {gate.experiment}")
    found = await _found_again(gate, gate.proof, desk)
    _check_counts(gate.proof, found)
    if found.verdict != gate.verdict:
        what = f"the record says {gate.verdict}, and the trials on the log come to {found.verdict}"
        raise Invalid(what, "gate.verdict", AGAIN)


def check_baseline(gate: GateRecord, heads: ReleaseBook, desk: Desk) -> None:
    """Refuse a record whose baseline is not in production.

    Raises:
        Conflict: another version is.
    """
    now = heads.version(gate.agent, "production") or desk.agents[gate.agent].version
    if gate.baseline_version != now:
        what = f"the gate compared with {gate.baseline_version}, and production is {now}"
        raise Conflict(what, "gate.baseline_version", AGAIN)


def _check_age(gate: GateRecord, desk: Desk) -> None:
    now, days = desk.bus.clock.now(), desk.settings.gate_record_days
    if gate.decided_at > now + SKEW:
        what = f"it is of {gate.decided_at:%Y-%m-%d %H:%M}, which is yet to come"
        raise Invalid(what, "gate.decided_at", "set the clock of the machine that gated it")
    if now - gate.decided_at > timedelta(days=days):
        what = f"it is of {gate.decided_at:%Y-%m-%d}, and a record holds for {days} days"
        raise Invalid(what, "gate.decided_at", AGAIN)


def _check_trial(run: Run, side: GateSide, desk: Desk) -> None:
    """Refuse a trial that is too old: the log tells when it was, whatever the record says."""
    assert run.submitted is not None, "a trial was submitted"
    at, days = run.submitted.stored_at or run.submitted.time, desk.settings.gate_record_days
    if desk.bus.clock.now() - at > timedelta(days=days):
        what = (
            f"the experiment {side.experiment} has trials of {at:%Y-%m-%d}, "
            f"and a record holds for {days} days"
        )
        raise Invalid(what, "gate.proof", AGAIN)


async def _found_again(gate: GateRecord, proof: GateProof, desk: Desk) -> Found:
    candidate = await _trials(gate, gate.candidate_version, proof.candidate, proof, desk)
    baseline = await _trials(gate, gate.baseline_version, proof.baseline, proof, desk)
    try:
        on = gate.decided_at.date()
        return verdict_of(proof.rules, candidate, baseline, on, proof.candidates)
    except ValueError as error:
        raise Invalid(str(error), "gate.proof", AGAIN) from None


def _check_counts(proof: GateProof, found: Found) -> None:
    sides = (
        ("candidate", proof.candidate, found.candidate_passed),
        ("baseline", proof.baseline, found.baseline_passed),
    )
    for name, side, passed in sides:
        if side.cases != found.cases or abs(side.passed - passed) > TOLERANCE:
            what = (
                f"the record says that {side.passed:g} of {side.cases} cases passed, and the "
                f"trials on the log say {passed:g} of {found.cases}"
            )
            raise Invalid(what, f"gate.proof.{name}", AGAIN)


async def _trials(
    gate: GateRecord, version: str, side: GateSide, proof: GateProof, desk: Desk
) -> list[Tried]:
    """The trials of this side that really ran this version.

    Raises:
        Invalid: there is none, or one is too old.
    """
    rows = [row async for row in _rows(gate.agent, version, side, desk)]
    found: list[Tried] = []
    left = iter(rows)
    while some := list(islice(left, AT_ONCE)):
        runs = await asyncio.gather(*(desk.run(one.tenant, one.run_id) for one in some))
        for run in runs:
            if _is_of(run, version, side):
                _check_trial(run, side, desk)
                found.append(tried(run, proof.judged))
    if not found:
        what = (
            f"the log has no trial of version {version} of {gate.agent} "
            f"as arm {side.arm} of the experiment {side.experiment} in the tenant {side.tenant}"
        )
        raise Invalid(what, "gate.proof", AGAIN)
    return found


async def _rows(agent: str, version: str, side: GateSide, desk: Desk) -> AsyncIterator[RunRow]:
    """What may be its trials, by the beginning of their ids."""
    begins, limit = trial_prefix(side.experiment), desk.settings.gate_trials_limit
    query = RunQuery(
        tenant=side.tenant,
        agent=agent,
        agent_version=version,
        feature=EVALUATION,
        search=begins,
        limit=desk.settings.list_limit,
    )
    number = 0
    while True:
        page = await desk.store.runs(query)
        for row in page:
            if not row.run_id.startswith(begins):
                continue
            number += 1
            if number > limit:
                what = f"the experiment {side.experiment} has more than {limit} trials of {version}"
                raise TooLarge(what, "gate_trials_limit", f"raise the limit, or {AGAIN}")
            yield row
        if len(page) < query.limit:
            return
        query = replace(query, after=Cursor.after(page[-1], query.sort))


def _is_of(run: Run, version: str, side: GateSide) -> bool:
    trial = trial_of(run)
    return (
        trial is not None
        and (trial.experiment, trial.arm) == (side.experiment, side.arm)
        and run.started is not None
        and run.started.body.agent_version == version
    )
