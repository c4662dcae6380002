"""Recorded runs under a proposed policy: which calls would be decided otherwise."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from contracts.history import Run
from infra.evals.policies import Decision, judged_again
from services.guardrail_checker.rules import ToolPolicy

FLIPS_SHOWN = 200


def replayed(runs: Iterable[tuple[Run, Sequence[Run]]], policy: ToolPolicy) -> dict[str, Any]:
    """Every judged call of these runs judged once more; those that flip, and what people save.

    Each comes with the runs that called it, the nearest first.

    What follows from a decision that is another nobody knows: the run would have gone another way.
    """
    looked_at, calls = 0, 0
    moves: Counter[tuple[str, str]] = Counter()
    flips: list[dict[str, str]] = []
    for run, above in runs:
        looked_at += 1
        decisions = judged_again(run, policy, above)
        calls += len(decisions)
        moves.update((one.before, one.after) for one in decisions)
        flips += [_told(run, one) for one in decisions if one.is_other]
    return {
        "policy_version": policy.version,
        "runs": looked_at,
        "calls": calls,
        "flips": flips[:FLIPS_SHOWN],
        "flipped": len(flips),
        "moves": {f"{before} to {after}": n for (before, after), n in sorted(moves.items())},
        "approvals_saved": _at(moves, 0, "escalated") - _at(moves, 1, "escalated"),
    }


def _at(moves: Counter[tuple[str, str]], side: int, word: str) -> int:
    return sum(number for move, number in moves.items() if move[side] == word)


def _told(run: Run, one: Decision) -> dict[str, str]:
    return {
        "run_id": run.run_id,
        "call": one.call,
        "tool": one.tool,
        "before": one.before,
        "after": one.after,
        "reason": one.reason,
    }
