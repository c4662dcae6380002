"""Our names of attributes are those of the installed conventions."""

from opentelemetry.semconv._incubating.attributes import gen_ai_attributes as installed
from opentelemetry.semconv.attributes import error_attributes, service_attributes

from shared.telemetry import semconv

THEIRS = {
    value
    for module in (installed, error_attributes, service_attributes)
    for name, value in vars(module).items()
    if name.isupper() and isinstance(value, str)
}
# The package has no names of events; this one is in the document of the conventions.
EVENTS = {"gen_ai.evaluation.result"}
OURS = {name: value for name, value in vars(semconv).items() if name.isupper()}


def test_every_name_that_is_not_ours_is_one_of_the_conventions():
    strange = {
        name: value
        for name, value in OURS.items()
        if value.startswith(("gen_ai.", "error.", "service.")) and value not in THEIRS | EVENTS
    }

    assert not strange, f"look them up in the conventions: {strange}"


def test_operations_are_those_of_the_conventions():
    known = {one.value for one in installed.GenAiOperationNameValues}

    assert {semconv.INVOKE_AGENT, semconv.CHAT, semconv.EXECUTE_TOOL} <= known


def test_whatever_is_ours_is_below_our_name():
    prefixes = ("gen_ai.", "error.", "service.", "interlock.", "https://")
    values = {semconv.INVOKE_AGENT, semconv.CHAT, semconv.EXECUTE_TOOL}

    assert all(value.startswith(prefixes) for value in OURS.values() if value not in values)
