"""Which rules a run was started under: a replica that has others leaves it alone."""

from contracts.history import Run
from contracts.run import DECIDE_VERSION, FOLD_VERSION


def rules_named(fold_version: int, decide_version: int) -> str:
    """A name for them, as a token of a subject."""
    return f"rules-{fold_version}-{decide_version}"


OWN_RULES = rules_named(FOLD_VERSION, DECIDE_VERSION)


def foreign_rules(run: Run) -> str | None:
    """The rules that the run waits for; None where this release has them."""
    if run.started is None:
        return None
    named = rules_named(run.started.body.fold_version, run.started.body.decide_version)
    return None if named == OWN_RULES else named
