"""What the API answers of forks, comparisons and imported files."""

from contracts.shape import Sha256
from services.console.api.shapes import Shape
from services.console.rules.comparison import Comparison, Difference
from services.console.rules.proof import Proof


class DifferenceView(Shape):
    """One thing that is not the same in both runs; step 0 is the end."""

    step: int
    what: str
    first: str
    second: str

    @classmethod
    def of(cls, one: Difference) -> "DifferenceView":
        return cls(step=one.step, what=one.what, first=one.first, second=one.second)


class ComparisonView(Shape):
    """Two runs side by side, from `from_step` of the first one."""

    first: str
    second: str
    from_step: int
    steps: tuple[int, int]
    cost_micro_usd: tuple[int, int]
    divergence: DifferenceView | None
    differences: tuple[DifferenceView, ...]

    @classmethod
    def of(cls, found: Comparison) -> "ComparisonView":
        differences = tuple(DifferenceView.of(one) for one in found.differences)
        return cls(
            first=found.first,
            second=found.second,
            from_step=found.from_step,
            steps=found.steps,
            cost_micro_usd=found.cost_micro_usd,
            divergence=differences[0] if differences else None,
            differences=differences,
        )


class ReplayedView(Shape):
    """An outcome that repeats one on record; `problem` says why it does not."""

    call: str
    tool: str
    outcome_id: str
    problem: str | None


class WithheldView(Shape):
    """A call that did not run, and why."""

    call: str
    tool: str
    reason: str


class ProofView(Shape):
    """What a run touched outside. `holds` is whether that can be shown to be nothing."""

    run_id: str
    forked_from: str | None
    step: int | None
    is_shadow: bool
    holds: bool
    verdict: str
    claims: int
    touched: tuple[str, ...]
    replayed: tuple[ReplayedView, ...]
    withheld: tuple[WithheldView, ...]
    reviews_asked: int
    model_calls: int
    cost_micro_usd: int
    comparison: ComparisonView | None

    @classmethod
    def of(cls, found: Proof, comparison: Comparison | None) -> "ProofView":
        return cls(
            run_id=found.run_id,
            forked_from=found.forked_from,
            step=found.step,
            is_shadow=found.is_shadow,
            holds=found.holds,
            verdict=found.verdict,
            claims=found.claims,
            touched=found.touched,
            replayed=tuple(
                ReplayedView(
                    call=one.call, tool=one.tool, outcome_id=one.outcome_id, problem=one.problem
                )
                for one in found.replayed
            ),
            withheld=tuple(
                WithheldView(call=one.call, tool=one.tool, reason=one.reason)
                for one in found.withheld
            ),
            reviews_asked=found.reviews_asked,
            model_calls=found.model_calls,
            cost_micro_usd=found.cost_micro_usd,
            comparison=None if comparison is None else ComparisonView.of(comparison),
        )


class Imported(Shape):
    """A file that was verified. `stored` is False where the same history lies here already."""

    tenant: str
    run_id: str
    digest: Sha256
    facts: int
    status: str
    stored: bool
    reason: str
