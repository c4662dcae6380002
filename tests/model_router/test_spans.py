"""The span of a model call, by OpenTelemetry's conventions, and without a word of content."""

from opentelemetry.trace import SpanKind, StatusCode

from services.model_router.adapters import FakeProvider
from services.model_router.errors import RateLimited


async def test_a_call_is_a_client_span_with_model_and_usage(scene, exported_spans):
    await scene.hear(scene.fund(scene.request("my secret question")))

    (span,) = exported_spans()
    assert (span.name, span.kind) == ("chat one", SpanKind.CLIENT)
    assert span.attributes["gen_ai.operation.name"] == "chat"
    assert span.attributes["gen_ai.provider.name"] == "fake"
    assert span.attributes["gen_ai.request.model"] == "one"
    assert span.attributes["gen_ai.request.max_tokens"] == 256
    assert span.attributes["gen_ai.usage.input_tokens"] > 0
    assert span.attributes["gen_ai.usage.output_tokens"] > 0
    assert span.attributes["gen_ai.response.finish_reasons"] == ("fake",)
    assert "secret" not in span.to_json()


async def test_a_failed_call_is_a_failed_span_with_its_kind_and_no_message(
    new_scene, exported_spans
):
    scene = new_scene(first=FakeProvider([RateLimited("the prompt was: my secret question")]))

    await scene.hear(scene.fund(scene.request()))

    (span,) = exported_spans()
    assert span.attributes["error.type"] == "rate_limited"
    assert span.status.status_code is StatusCode.ERROR
    assert "secret" not in span.to_json()


async def test_an_attempt_that_is_not_made_leaves_no_span(scene, exported_spans):
    await scene.hear(scene.fund(scene.request(prompt_sha256="0" * 64)))

    assert exported_spans() == ()
