"""Every fact carries a trace, exported or not."""

import re

from shared.telemetry import run_traceparent, start_tracing, traceparent_for


def test_the_trace_of_a_run_follows_from_the_run_alone():
    assert run_traceparent("acme", "r-1") == run_traceparent("acme", "r-1")
    assert run_traceparent("acme", "r-1") != run_traceparent("acme", "r-2")
    assert run_traceparent("a", "b/c") != run_traceparent("a", "b-c")


def test_it_has_the_form_that_w3c_gives_it():
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", run_traceparent("acme", "r-1"))


def test_without_an_open_span_a_fact_gets_the_trace_of_its_run():
    assert traceparent_for("acme", "r-1") == run_traceparent("acme", "r-1")


def test_without_an_endpoint_nothing_is_exported():
    assert start_tracing("evaluator", None) is None
    assert start_tracing("evaluator", "") is None
