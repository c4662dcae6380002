"""Evaluation: what was asserted of a finished run."""

from .shape import Body


class AssertionResult(Body):
    """One assertion: 1.0 holds, 0.0 does not, between them it is a matter of degree."""

    name: str
    passed: bool
    score: float
    reason: str


class RunEvaluated(Body):
    """`run.evaluated`: every assertion of the agent's evaluators."""

    passed: bool
    score: float
    assertions: tuple[AssertionResult, ...]
