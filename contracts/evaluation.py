"""Evaluation: what a finished run was scored by, and what it got."""

from typing import Literal

from .control import AskedByPerson
from .shape import Body, Token


class JudgeVerdict(Body):
    """What one judge said. Without a usable verdict, `says` is `nothing` and `reason` tells why.

    `version` is that of the whole judge: its agent, and the words it is asked in. `evidence` holds
    the quotes that were found in the transcript; how many were not is `unfounded`.
    """

    judge: Token
    version: str
    run_id: Token
    order: Literal["forward", "backward"] = "forward"
    says: Literal["pass", "fail", "nothing"]
    reason: str
    evidence: tuple[str, ...] = ()
    unfounded: int = 0


class AssertionResult(Body):
    """What one scorer gave: 1.0 holds, 0.0 does not, between them it is a matter of degree.

    `undecided`: the judges are split, or too few of them said anything; it counts for no rate.
    `doubt` is why, without what each of them said: people who are asked instead are not told that.
    `by` is the jury that was asked, and a digest of who sits in it, how they decide and what they
    were asked: `panel@0f3a...`. `chance` is how likely a run like this was to be scored so: rates
    over runs weigh each by 1 / chance.
    """

    name: str
    passed: bool
    score: float
    reason: str
    kind: str = "assertion"
    weight: float = 1.0
    undecided: bool = False
    doubt: str = ""
    by: str = ""
    chance: float = 1.0
    verdicts: tuple[JudgeVerdict, ...] = ()

    @property
    def outcome(self) -> Literal["passed", "failed", "undecided"]:
        if self.undecided:
            return "undecided"
        return "passed" if self.passed else "failed"


class RunLabelled(AskedByPerson):
    """`run.labelled`: whether a person passes a run that is over, by one metric of its scores.

    Who says it again of the same metric has changed their mind.
    """

    metric: str
    passed: bool

    @property
    def told(self) -> str:
        """It in a few words."""
        words = f"{self.principal} {'passes' if self.passed else 'fails'} it by {self.metric}"
        return f"{words}: {self.reason}" if self.reason else words


class RunEvaluated(Body):
    """`run.evaluated`: every scorer of the agent and, in a trial, of its case.

    What a run is scored by because it is watched in production is among them, and counts neither
    for `passed` nor for `score`: not every run has it. `not_asked` are the judged metrics of an
    answer that a cheaper scorer failed, where its suite spares judges that.
    """

    passed: bool
    score: float
    assertions: tuple[AssertionResult, ...]
    not_asked: tuple[str, ...] = ()
