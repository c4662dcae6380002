"""The record of a gate, as whoever moves a label reads it: what was tried, and by which rules.

Sides, rules and metrics are what the platform finds the verdict again by. Sentences beside them are
the sender's own.
"""

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from contracts.release import GateProof, GateSide
from contracts.suite import GateRules

NAMED = 20  # cases in quarantine, and judged metrics, in one line


def gate_lines(gate: Any) -> Text:
    """What the gate said, what that stands on, and what the sender says of it."""
    suite = f" of the suite {gate['suite']}" if "suite" in gate else ""
    told = Text(f"\nThe gate said {gate['verdict']}, of {gate['cases']} cases{suite}:", "bold")
    if (proof := gate.get("proof")) is None:
        told.append("\n  It does not say by which trials it can be checked.", "not bold")
    else:
        lines = _stands_on(GateProof.model_validate(proof))
        told.append("".join(f"\n  {one}" for one in lines), "not bold")
    if gate["checks"]:
        told.append("\nThe sender's words, which nothing was held against:")
        told.append("".join(f"\n  - {one}" for one in gate["checks"]), "not bold")
    return told


def _stands_on(proof: GateProof) -> Iterator[str]:
    yield f"baseline:   {_side(proof.baseline)}"
    yield f"candidate:  {_side(proof.candidate)}"
    if proof.candidates > 1:
        yield f"            one of {proof.candidates} candidates"
    yield f"rules:      {'; '.join(_rules(proof.rules))}"
    yield f"quarantine: {_named([f'{case} until {on}' for case, on in _quarantine(proof)])}"
    yield f"judged:     {_named(proof.judged)}"


def _side(side: GateSide) -> str:
    where = f"arm {side.arm} of the experiment {side.experiment}, tenant {side.tenant}"
    return f"{side.passed:g} of {side.cases} cases passed, {where}"


def _rules(rules: GateRules) -> Iterator[str]:
    yield f"{100 * rules.margin:.3g} points less count as equal, alpha {rules.alpha:g}"
    for name, margin in (("cost", rules.cost_margin), ("latency", rules.latency_margin)):
        yield f"{name} any" if margin is None else f"{name} up to +{100 * margin:.3g} %"
    yield f"{100 * rules.critical_pass_k:.3g} % of critical cases in every repeat"
    if rules.pass_k is None:
        yield "no floor of pass^k"
    else:
        yield f"{100 * rules.pass_k:.3g} % of all cases in every repeat"


def _quarantine(proof: GateProof) -> list[tuple[str, str]]:
    return sorted(proof.rules.quarantine.items())


def _named(names: tuple[str, ...] | list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more if names else "none"
