"""How every form writes a figure, so that all of them say the same."""

import re

from services.evaluator.results import Difference, Estimate, Exit, MetricSummary, Report, Result

ANSWER_SHOWN = 600
FAILING_SHOWN = 20
WORDS: dict[Exit, str] = {"pass": "PASS", "fail": "FAIL", "inconclusive": "INCONCLUSIVE"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def value(estimate: Estimate) -> str:
    """The figure alone, in its unit."""
    return _in_unit(estimate.value, estimate.unit)


def interval(estimate: Estimate) -> str:
    """Where it lies: both bounds, in its unit."""
    if estimate.low is None or estimate.high is None:
        return "unknown"
    if estimate.unit == "share":
        return f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f} %"
    return f"{_in_unit(estimate.low, estimate.unit)} to {_in_unit(estimate.high, estimate.unit)}"


def change(estimate: Estimate) -> str:
    """A difference, with its sign: shares in points."""
    return _signed(estimate.value, estimate.unit)


def change_interval(estimate: Estimate) -> str:
    """Where a difference lies."""
    if estimate.low is None or estimate.high is None:
        return "unknown"
    return f"{_signed(estimate.low, estimate.unit)} to {_signed(estimate.high, estimate.unit)}"


def p_value(one: Difference) -> str:
    """The p value that allows for all metrics."""
    return "<0.001" if one.adjusted_p < 0.001 else f"{one.adjusted_p:.3f}"


def moved(one: Difference) -> str:
    """How many cases got better and worse, and what is to be said against the interval."""
    doubt = f"; {one.estimate.doubt}" if one.estimate.doubt else ""
    return f"{one.better} better, {one.worse} worse{doubt}"


def seen(report: Report) -> str:
    """What these cases could have shown."""
    trials = report.experiment.cases
    if report.smallest_drop is None:
        return f"These {trials} cases can show no drop of the pass rate at all."
    return (
        f"These {trials} cases can show a drop of {100 * report.smallest_drop:.1f} points or more "
        f"(8 times out of 10)."
    )


def note(one: MetricSummary) -> str:
    """What is to be known about a metric beside its figure."""
    told = [one.rate.doubt] if one.rate.doubt else []
    if one.undecided:
        told.append(f"{one.undecided} undecided")
    if one.not_asked:
        told.append(f"{one.not_asked} not asked, failed already")
    if one.corrected is not None:
        told.append(f"corrected {value(one.corrected)} ({interval(one.corrected)})")
    if one.split is not None and one.alpha is not None:
        told.append(f"juries split in {100 * one.split:.0f} %, alpha {one.alpha:.2f}")
    return "; ".join([*told, *([one.note] if one.note else [])])


def touched(report: Report) -> str:
    """What the proofs of the trials say; nothing where none was asked for."""
    proofs = [one.touched_nothing for one in report.results if one.touched_nothing is not None]
    if not proofs:
        return ""
    if all(proofs):
        return f"Nothing outside was touched: the facts of all {len(proofs)} trials prove it."
    return f"{len(proofs) - sum(proofs)} of {len(proofs)} trials touched something outside."


def money(report: Report) -> str:
    """What all of it cost."""
    spent = sum(one.spent_micro_usd for one in report.results)
    cap = report.experiment.budget_micro_usd
    return f"${spent / 1e6:.4f}" + (f" of ${cap / 1e6:.2f}" if cap is not None else "")


def failing(report: Report) -> list[Result]:
    """The trials that did not pass, the critical ones and then failures first."""
    found = [one for one in report.results if one.passed is not True]
    return sorted(found, key=lambda one: ("critical" not in one.tags, one.passed is None, one.case))


def reasons(result: Result) -> list[str]:
    """Why a trial did not pass: what each scorer that failed says."""
    told = [f"{one.name}: {one.reason}" for one in result.scores if not one.passed]
    told += [f"{name}: not asked, for it had failed already" for name in result.not_asked]
    return told or [result.why or f"it is {result.status}"]


def plain(text: str, limit: int = ANSWER_SHOWN) -> str:
    """Text that others wrote: no control characters, no reversed writing, and not too much."""
    clean = _CONTROL.sub("\ufffd", text)
    if len(clean) <= limit:
        return clean
    return f"{clean[:limit]}… ({len(clean) - limit:,} more characters)"


def _in_unit(number: float, unit: str) -> str:
    match unit:
        case "share":
            return f"{100 * number:.1f} %"
        case "usd":
            return f"${number:.4f}"
        case "seconds":
            return f"{number:.1f} s"
        case _:
            return f"{number:.2f}"


def _signed(number: float, unit: str) -> str:
    match unit:
        case "share":
            return f"{100 * number:+.1f}"
        case "usd":
            return f"{'-' if number < 0 else '+'}${abs(number):.4f}"
        case "seconds":
            return f"{number:+.1f} s"
        case _:
            return f"{number:+.2f}"
