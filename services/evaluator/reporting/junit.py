"""A report for build servers: JUnit's XML, a suite for each arm, a test case for each trial."""

from xml.etree import ElementTree as ET

from services.evaluator.reporting import figures
from services.evaluator.results import Report, Result


def junit(report: Report) -> str:
    """The document. A trial that nobody can judge is skipped, one that never ran is an error."""
    root = ET.Element("testsuites", name=report.experiment.name)
    for arm in report.arms:
        own = [one for one in report.results if one.arm == arm]
        root.append(_suite(report, arm, own))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(report: Report, arm: str, own: list[Result]) -> ET.Element:
    kinds = [_kind(one) for one in own]
    suite = ET.Element(
        "testsuite",
        name=f"{report.experiment.suite}.{arm}",
        tests=str(len(own)),
        failures=str(kinds.count("failure")),
        skipped=str(kinds.count("skipped")),
        errors=str(kinds.count("error")),
        time=f"{sum(one.seconds for one in own):.3f}",
        timestamp=report.experiment.started_at.strftime("%Y-%m-%dT%H:%M:%S"),
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(report, arm):
        ET.SubElement(properties, "property", name=name, value=value)
    suite.extend(_case(report, one) for one in own)
    return suite


def _properties(report: Report, arm: str) -> list[tuple[str, str]]:
    rates = [
        (one.metric, f"{figures.value(one.rate)} ({figures.interval(one.rate)})")
        for one in report.metrics
        if one.arm == arm
    ]
    notes = [
        (f"{one.metric}.note", told)
        for one in report.metrics
        if one.arm == arm and (told := figures.note(one))
    ]
    gates = [("gate", one.verdict) for one in report.gates if one.candidate == arm]
    whole = [("note", one) for one in report.notes]
    return [*rates, *notes, ("smallest_drop", figures.seen(report)), *gates, *whole]


def _case(report: Report, one: Result) -> ET.Element:
    again = f" #{one.repeat}" if report.experiment.repeats > 1 else ""
    case = ET.Element(
        "testcase",
        classname=f"{report.experiment.suite}.{one.arm}",
        name=f"{one.case}{again}",
        time=f"{one.seconds:.3f}",
    )
    if (kind := _kind(one)) != "passed":
        told = figures.reasons(one)
        message = ET.SubElement(case, kind, message=figures.plain(told[0], 300))
        message.text = figures.plain("\n".join(told), 4000)
    output = ET.SubElement(case, "system-out")
    output.text = figures.plain(f"run {one.run_id}\n{one.answer}")
    return case


def _kind(one: Result) -> str:
    if one.passed is None:
        return "skipped" if one.scores else "error"
    return "passed" if one.passed else "failure"
