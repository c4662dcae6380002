"""The span of a tool run, by OpenTelemetry's conventions, and without a word of content."""

from opentelemetry.trace import StatusCode

from services.tool_executor.rules import Raised
from tests.tool_executor.test_handlers import Bench


async def test_a_run_of_a_tool_is_a_span_with_its_name_and_call(exported_spans):
    bench = Bench(arguments='{"x": 987654321987}')

    await bench.hear()

    (span,) = exported_spans()
    assert span.name == "execute_tool double"
    assert span.attributes["gen_ai.operation.name"] == "execute_tool"
    assert span.attributes["gen_ai.tool.name"] == "double"
    assert span.attributes["gen_ai.tool.call.id"]
    assert "987654321987" not in span.to_json()


async def test_a_failed_run_is_a_failed_span_without_what_the_tool_said(exported_spans):
    bench = Bench()
    bench.runner.endings = [Raised("my secret reason")]

    await bench.hear()

    (span,) = exported_spans()
    assert span.attributes["error.type"] == "error"
    assert span.status.status_code is StatusCode.ERROR
    assert "secret" not in span.to_json()
