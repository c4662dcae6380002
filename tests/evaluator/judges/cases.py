"""Juries and verdicts for tests."""

import json

from contracts.evaluation import JudgeVerdict
from contracts.scoring import Judged
from services.evaluator.judges.config import Judge, Jury

QUESTION = "Was the customer told the truth?"
ASKED = Judged(by="panel", question=QUESTION, name="truth")
COMPARED = Judged(by="panel", question=QUESTION, name="truth", reference="It is on its way.")


def judge(name, version="v-1"):
    return Judge(name=name, family=f"of-{name}", version=version, agent_version="a-1")


def jury(*names, quorum=2, decide="majority"):
    return Jury("panel", tuple(map(judge, names or ("a", "b", "c"))), quorum, decide)


def verdict(name, says, order="forward", version="v-1"):
    return JudgeVerdict(
        judge=name, version=version, run_id=f"j-{name}", order=order, says=says, reason="so it is"
    )


def answered(verdict="pass", reason="it was shown", evidence=()):
    """What a judge writes."""
    return json.dumps({"verdict": verdict, "reason": reason, "evidence": list(evidence)})
