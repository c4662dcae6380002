"""Many trials at once: a budget that holds, results that stay, a run that is gone on with."""

import time
from datetime import UTC, datetime
from threading import Lock

import pytest

from contracts.suite import Case, GateRules, Suite
from infra.evals.driving import drive
from infra.evals.folder import RESULTS, Folder, FolderUnusable
from infra.evals.plan import ArmSpec, planned
from infra.evals.purse import Purse
from services.console.cli.errors import Unreachable
from services.evaluator.results import Arm, Experiment, Result

SUITE = Suite(
    name="orders",
    agent="support",
    cases=tuple(Case(id=f"c-{at}", input="Where is it?") for at in range(20)),
)
TRIALS = planned(SUITE, SUITE.cases, (ArmSpec("now", "support"),), "e", repeats=1)
BOUND = 100
TRIAL_SECONDS = 0.01


def result(one, cost=10, **more):
    given = {
        "arm": one.arm,
        "case": one.case.id,
        "run_id": one.run_id,
        "tenant": "acme",
        "status": "completed",
        "passed": True,
        "cost_micro_usd": cost,
    }
    return Result(**{**given, **more})


def experiment(sha="0" * 64):
    return Experiment(
        name="e",
        suite="orders",
        suite_sha256=sha,
        arms=(Arm(name="now", agent="support"),),
        repeats=1,
        cases=20,
        started_at=datetime(2026, 3, 2, tzinfo=UTC),
    )


@pytest.fixture
def folder(tmp_path):
    found = Folder(tmp_path / "e")
    found.begin(experiment())
    return found


class Platform:
    """Answers trials, and counts how many were open and what they might have spent."""

    def __init__(self, cost=10, fails_after=None):
        self.cost, self.fails_after = cost, fails_after
        self.tried, self.open, self.most_open = [], 0, 0
        self._lock = Lock()

    def __call__(self, one, _stopping):
        with self._lock:
            if self.fails_after is not None and len(self.tried) >= self.fails_after:
                raise Unreachable("nobody answers", "start it")
            self.tried.append(one.run_id)
            self.open += 1
            self.most_open = max(self.most_open, self.open)
        time.sleep(TRIAL_SECONDS)  # so that trials are open beside one another
        found = result(one, self.cost)
        with self._lock:
            self.open -= 1
        return found


def driven(folder, platform, cap=None, at_once=4, spent=0):
    purse = Purse(cap, spent)
    seen = []
    done = drive(
        TRIALS, platform, folder, purse, lambda _: BOUND, at_once, lambda *_: seen.append(1)
    )
    assert seen
    return done, purse


def test_every_trial_is_tried_once_and_kept(folder):
    platform = Platform()

    done, purse = driven(folder, platform)

    assert len(platform.tried) == len(set(platform.tried)) == 20
    assert len(folder.results()) == 20
    assert (done.counts["passed"], purse.spent_micro_usd) == (20, 200)
    assert platform.most_open <= 4


def test_what_has_a_result_is_not_tried_again(folder):
    with pytest.raises(Unreachable):
        driven(folder, Platform(fails_after=7))
    kept = {one.run_id for one in folder.results()}
    again = Platform()

    done, _ = driven(folder, again)

    assert 1 <= len(kept) <= 7
    assert not kept & set(again.tried)
    assert len(done.results) == 20


def test_what_the_platform_could_not_run_is_tried_again(folder):
    folder.add(result(TRIALS[0], passed=None))
    platform = Platform()

    done, _ = driven(folder, platform)

    assert TRIALS[0].run_id in platform.tried
    assert done.counts == {"passed": 20}


@pytest.mark.parametrize("at_once", [1, 8])
def test_a_budget_holds_whatever_is_open(folder, at_once):
    platform = Platform(cost=BOUND)

    done, purse = driven(folder, platform, cap=550, at_once=at_once)

    assert purse.spent_micro_usd <= 550
    assert len(platform.tried) == 5
    assert done.unpaid == 15


def test_cheap_trials_go_further_than_their_ceilings_say(folder):
    platform = Platform(cost=1)

    done, _ = driven(folder, platform, cap=2 * BOUND)

    assert len(platform.tried) == 20
    assert done.unpaid == 0


def test_what_is_given_up_while_it_goes_on_counts_as_all_that_it_may_spend(folder):
    tried = []

    def gives_up(one, _stopping):
        tried.append(one)
        return result(one, cost=0, passed=None, is_over=False)

    done, purse = driven(folder, gives_up, cap=3 * BOUND)

    assert len(tried) == 3
    assert (done.unpaid, purse.spent_micro_usd) == (17, 3 * BOUND)


def test_nothing_more_is_submitted_once_it_is_broken_off(folder):
    tried = []

    def broken_off(one, stopping):
        tried.append(one)
        stopping.wait(TRIAL_SECONDS)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        driven(folder, broken_off, cap=BOUND, at_once=8)
    time.sleep(10 * TRIAL_SECONDS)

    assert len(tried) == 1


def test_another_budget_or_gate_is_kept_and_is_no_other_experiment(folder):
    rules = GateRules(margin=0.1)

    folder.begin(experiment().model_copy(update={"budget_micro_usd": 7, "rules": rules}))

    assert folder.experiment().budget_micro_usd == 7
    assert folder.experiment().rules == rules


def test_a_folder_that_cannot_be_written_says_so(folder):
    (folder.path / RESULTS).mkdir()

    with pytest.raises(FolderUnusable, match="cannot be written"):
        folder.add(result(TRIALS[0]))
    with pytest.raises(FolderUnusable, match="cannot be read"):
        folder.results()


def test_what_was_spent_before_counts(folder):
    done, _ = driven(folder, Platform(cost=BOUND), cap=500, spent=450)

    assert done.unpaid == 20


def test_a_line_that_was_broken_off_is_tried_again_and_loses_no_other(folder):
    for one in TRIALS[:2]:
        folder.add(result(one))
    file = folder.path / RESULTS
    file.write_bytes(file.read_bytes()[:-30])

    assert [one.run_id for one in folder.results()] == [TRIALS[0].run_id]
    folder.add(result(TRIALS[2]))

    assert {one.run_id for one in folder.results()} == {TRIALS[0].run_id, TRIALS[2].run_id}


def test_a_line_that_is_no_result_is_named(folder):
    (folder.path / RESULTS).write_text('{"a": 1}\n')

    with pytest.raises(FolderUnusable, match="line 1 is no result"):
        folder.results()


def test_another_suite_does_not_go_into_the_same_folder(folder):
    folder.begin(experiment())

    with pytest.raises(FolderUnusable, match="another version of the suite"):
        folder.begin(experiment("1" * 64))


def test_a_folder_that_holds_no_experiment_says_so(tmp_path):
    with pytest.raises(FolderUnusable, match="No such file"):
        Folder(tmp_path).experiment()
    (tmp_path / "experiment.json").write_text("{}")
    with pytest.raises(FolderUnusable, match="is no experiment"):
        Folder(tmp_path).experiment()
