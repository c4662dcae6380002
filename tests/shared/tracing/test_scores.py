"""What an assessment is in a trace."""

from contracts.evaluation import AssertionResult, RunEvaluated
from shared.tracing.capture import Capture
from shared.tracing.trace import trace_of
from tests.histories import whole_run
from tests.shared.tracing.traced import traced


def events(history, *capture):
    return next(
        one for one in trace_of(traced(history.facts), *capture) if one.name == "evaluate"
    ).events


def test_every_score_is_an_event_of_the_conventions_and_its_reason_is_content():
    history = whole_run()
    score = AssertionResult(name="truthful", passed=False, score=0.0, reason="It said 4111.")
    history.say(RunEvaluated(passed=False, score=0.0, assertions=(score,)), history.facts[-1])

    plain = events(history)
    captured = events(history, Capture(lambda text: text.replace("4111", "***")))

    assert [(one.name, one.attributes) for one in plain] == [
        (
            "gen_ai.evaluation.result",
            {
                "gen_ai.evaluation.name": "truthful",
                "gen_ai.evaluation.score.value": 0.0,
                "gen_ai.evaluation.score.label": "failed",
            },
        )
    ]
    (event,) = captured
    assert event.attributes["gen_ai.evaluation.explanation"] == "It said ***."
