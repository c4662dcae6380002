"""A run as bars: in order, within the width, and long waits drawn short."""

from datetime import timedelta

from contracts.history import fold
from services.console.rules.waterfall import BREAK_WIDTH, WIDTH, Scale, waterfall
from tests.bodies import NOON
from tests.console.stories import asked_run, decided_run
from tests.histories import whole_run

HOUR = timedelta(hours=1)


def drawn(history, now=NOON + HOUR):
    run = fold(history.facts)
    return waterfall(run, now, run.steps)


def working(since, until):
    return ("model", NOON + since, NOON + until, "")


def test_every_bar_lies_within_the_width():
    for story in (whole_run(), asked_run()[0], decided_run()):
        for row in drawn(story).rows:
            for bar in row.bars:
                assert 0 <= bar.x <= WIDTH
                assert bar.x + bar.width <= WIDTH + 0.01


def test_a_model_call_comes_before_the_calls_that_it_asked_for():
    rows = drawn(asked_run()[0]).rows

    assert [(row.of, row.label) for row in rows] == [("model", "model"), ("tool", "issue_refund")]
    assert (rows[1].note, rows[1].went) == ("waits for a person", "unsure")


def test_a_question_that_is_open_lasts_until_now():
    row = drawn(asked_run()[0]).rows[-1]

    assert [bar.kind for bar in row.bars] == ["gate", "person"]
    assert row.bars[-1].ms == 3_589_000


def test_an_hour_of_waiting_takes_no_room_from_the_work():
    work = [
        ("model", NOON, NOON + timedelta(seconds=1), ""),
        ("tool", NOON + HOUR, NOON + HOUR, ""),
    ]

    scale = Scale(NOON, NOON + HOUR, work)

    assert scale.x(NOON + timedelta(seconds=1)) == WIDTH - BREAK_WIDTH
    assert scale.x(NOON + HOUR) == WIDTH
    assert scale.breaks == ((WIDTH - BREAK_WIDTH / 2, 3_599_000),)


def test_a_scale_never_goes_back():
    work = [
        ("model", NOON + HOUR * at, NOON + HOUR * at + timedelta(minutes=1), "") for at in (0, 1, 5)
    ]
    scale = Scale(NOON, NOON + HOUR * 6, work)

    drawn_at = [scale.x(NOON + timedelta(minutes=at)) for at in range(0, 361, 5)]

    assert drawn_at == sorted(drawn_at)
    assert drawn_at[-1] == WIDTH


def test_a_run_without_steps_has_no_bars():
    history, _ = asked_run()
    run = fold(history.facts[:2])

    assert waterfall(run, NOON, run.steps).rows == ()
