"""A captured case with all left out that its failing does not need: by trying, within a budget.

Parts of the input and stubs are taken away by halves; what still fails without them never needed
them. Each try is a trial on the platform, which touches nothing and costs a model call or more.
"""

from dataclasses import dataclass
from threading import Event

import typer

from contracts.scoring import Judged
from contracts.shape import sha256_hex
from contracts.suite import Case, Suite
from infra.evals.asking import try_case
from infra.evals.forecast import Ceilings, known_agents
from infra.evals.judging import ceilings_of
from infra.evals.plan import ArmSpec, Planned, planned
from infra.evals.purse import Purse
from services.console.cli.client import Client
from services.console.cli.errors import FAILED, CommandFailed
from services.evaluator.datasets.blocks import blocks_of, with_blocks
from services.evaluator.datasets.minimising import Minimiser


@dataclass(frozen=True, slots=True)
class Smaller:
    """How far to go: so many tries, each of so many repeats, and so much money."""

    tries: int
    budget_micro_usd: int
    tenant: str | None
    repeats: int = 1


@dataclass(frozen=True, slots=True)
class _Trying:
    """Tries of one case on the platform."""

    client: Client
    arm: ArmSpec
    ceilings: Ceilings
    purse: Purse
    tenant: str | None
    repeats: int

    def fails(self, case: Case) -> bool | None:
        """Whether most repeats of the case fail; None where there is no money left to see.

        One that fails now and then would else be cut down to what fails by chance.
        """
        suite = Suite(name="smaller", agent=self.arm.agent, cases=(case,))
        experiment = f"smaller-{sha256_hex(case.model_dump_json().encode())[:12]}"
        trials = planned(suite, suite.cases, (self.arm,), experiment, self.repeats)
        failed = 0
        for left, one in zip(range(len(trials) - 1, -1, -1), trials, strict=True):
            said = self._failed(one)
            if said is None:
                return None
            failed += said
            if 2 * failed > len(trials) or 2 * (failed + left) <= len(trials):
                break  # whatever the others say
        return 2 * failed > len(trials)

    def _failed(self, one: Planned) -> bool | None:
        bound = spent = self.ceilings.of(one)
        if not self.purse.take(bound):
            return None
        try:
            found = try_case(self.client, one, self.tenant, Event())
            if found is not None and found.is_over:
                spent = found.spent_micro_usd
            return found is not None and found.passed is False
        finally:
            self.purse.settle(bound, spent)


def made_smaller(client: Client, case: Case, agent: str, how: Smaller) -> Case:
    """The smallest case that was found to fail still.

    Raises:
        CommandFailed: the case as it is does not fail, so there is nothing to go by.
    """
    known = known_agents(client, [agent])
    arm, purse = ArmSpec("now", agent, known[agent].version), Purse(how.budget_micro_usd)
    judged = (one for one in case.scorers if isinstance(one, Judged))
    trying = _Trying(
        client, arm, ceilings_of(client, known, judged), purse, how.tenant, how.repeats
    )
    if not trying.fails(case):
        raise CommandFailed(
            f"the case {case.id} does not fail as it is, or the budget does not reach for a try",
            "capture it without --minimise, or give it more --budget-usd",
            FAILED,
        )
    blocks = blocks_of(case)
    minimiser = Minimiser(blocks, tries=how.tries)
    best = case
    while (candidate := minimiser.next()) is not None:
        smaller = with_blocks(case, candidate)
        failed = smaller is not None and trying.fails(smaller)
        if failed is None:
            break
        minimiser.told(failed)
        if failed and smaller is not None:
            best = smaller
    typer.echo(
        f"{len(blocks)} parts, {len(blocks_of(best))} needed; {minimiser.tried} tries, "
        f"${trying.purse.spent_micro_usd / 1e6:.4f}",
        err=True,
    )
    return best
