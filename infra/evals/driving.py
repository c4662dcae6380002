"""Many trials at once, within a budget, with a bar; what is over is kept as it comes."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

from infra.evals.folder import Folder
from infra.evals.plan import Planned
from infra.evals.purse import Purse
from services.evaluator.results import Result

Try = Callable[[Planned, Event], Result | None]


@dataclass
class Progress:
    """How far an experiment is. `unpaid` trials did not fit the budget."""

    total: int
    results: list[Result] = field(default_factory=list)
    unpaid: int = 0

    @property
    def counts(self) -> Counter[str]:
        """Passed, failed, and what says nothing."""
        words = {True: "passed", False: "failed", None: "undecided"}
        return Counter(words[one.passed] for one in self.results)


Watch = Callable[[Progress, Purse], None]


def drive(
    trials: Sequence[Planned],
    try_one: Try,
    folder: Folder,
    purse: Purse,
    bound_of: Callable[[Planned], int],
    at_once: int,
    watch: Watch,
) -> Progress:
    """Try what has no result yet, so many at once. Results are kept also if it is broken off.

    Raises:
        Unreachable: the platform does not answer; what is over is kept.
        KeyboardInterrupt: a person broke it off; likewise.
    """
    # What the platform could not run is tried again.
    known = {one.run_id: one for one in folder.results() if one.is_told}
    done = [known[one.run_id] for one in trials if one.run_id in known]
    progress = Progress(len(trials), done)
    watch(progress, purse)
    left = iter([one for one in trials if one.run_id not in known])
    stopping = Event()
    with _pool(at_once, stopping) as pool:
        open_trials: set[Future[Result | None]] = set()
        while True:
            while len(open_trials) < at_once and (one := next(left, None)) is not None:
                open_trials.add(pool.submit(_tried, one, try_one, purse, bound_of(one), stopping))
            if not open_trials:
                return progress
            over, open_trials = wait(open_trials, return_when=FIRST_COMPLETED)
            for future in over:
                _take(future.result(), folder, progress)
            watch(progress, purse)


def _tried(
    one: Planned, try_one: Try, purse: Purse, bound_micro_usd: int, stopping: Event
) -> Result | None:
    """The result of a trial; None where there is no money for it, or it is broken off.

    What is given up while it goes on may still spend all that it may: so much counts as spent.
    """
    if stopping.is_set() or not purse.take(bound_micro_usd):
        return None
    spent = bound_micro_usd
    try:
        # It may have waited for its money until nobody wanted it any more.
        found = None if stopping.is_set() else try_one(one, stopping)
        if found is not None and found.is_over:
            spent = found.spent_micro_usd
        return found
    finally:
        purse.settle(bound_micro_usd, spent)


def _take(found: Result | None, folder: Folder, progress: Progress) -> None:
    if found is None:
        progress.unpaid += 1
        return
    folder.add(found)
    progress.results.append(found)


@contextmanager
def _pool(at_once: int, stopping: Event) -> Iterator[ThreadPoolExecutor]:
    """A pool whose waiting work is dropped when its block is left early."""
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="trial")
    try:
        yield pool
    finally:
        stopping.set()
        pool.shutdown(wait=False, cancel_futures=True)
