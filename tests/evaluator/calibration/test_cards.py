"""Calibration cards: what is counted, when one holds, and what it corrects."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.evaluation import AssertionResult
from services.evaluator.calibration.card import card_path, read_card, write_card
from services.evaluator.calibration.making import Judgement, make_card
from services.evaluator.calibration.trust import corrected, standings, why_uncalibrated
from services.evaluator.errors import CardInvalid
from services.evaluator.judges.jury import combine
from tests.bodies import NOON
from tests.evaluator.calibration.cards import BY, PANEL, card, judged, judgements
from tests.evaluator.judges.cases import ASKED, COMPARED, judge, jury, verdict


def test_a_card_counts_what_the_jury_said_against_the_labels():
    found = card(true_pass=18, false_fail=2, true_fail=15, false_pass=5)

    assert (found.n, found.true_pass, found.false_pass) == (40, 18, 5)
    assert (found.sensitivity.value, found.specificity.value) == (0.9, 0.75)
    assert found.kappa.value == pytest.approx(0.65)
    assert found.kappa.low < 0.65 < found.kappa.high
    assert found.versions == {"a": "v-1", "b": "v-1", "c": "v-1"}


def drawn(judgement, chance):
    return replace(judgement, result=judgement.result.model_copy(update={"chance": chance}))


def test_cases_that_were_drawn_seldom_stand_for_those_that_were_not():
    """Of 1,000 runs 500 are risky, and all are labelled; of the others one of ten is."""
    risky = [drawn(judged(False, True), 1.0)] * 250 + [drawn(judged(False, False), 1.0)] * 250
    others = [drawn(judged(False, False), 0.1)] * 45 + [drawn(judged(True, True), 0.1)] * 5

    found = make_card(PANEL, ASKED, [*risky, *others], NOON)

    assert found.specificity.value == pytest.approx(700 / 950, abs=0.01)
    assert found.n == pytest.approx(1000**2 / (500 + 50 * 100), abs=2), "and they are less sure"


def test_cases_that_were_drawn_alike_count_once_each():
    assert card() == make_card(PANEL, ASKED, [drawn(one, 0.2) for one in judgements()], NOON)


def test_an_undecided_case_counts_for_no_figure():
    more = [*judgements(), judged(True, False, undecided=True)]

    found = make_card(PANEL, ASKED, more, NOON)

    assert (found.n, found.undecided, found.sensitivity.value) == (40, 1, 1.0)


def test_an_undecided_jury_was_not_fooled():
    more = [judged(False, False, hostile=True, undecided=True), *judgements(resisted=0)]

    assert make_card(PANEL, ASKED, more, NOON).injection_resistance.value == 1.0


def test_hostile_cases_do_not_make_a_jury_look_better_at_ordinary_ones():
    assert card(resisted=500).specificity == card().specificity
    assert card(resisted=500).kappa == card().kappa


def test_a_hostile_case_that_is_labelled_pass_is_refused():
    with pytest.raises(ValueError, match="hostile case is labelled pass"):
        make_card(PANEL, ASKED, [judged(True, True, hostile=True)], NOON)


def test_judges_who_go_by_the_place_show_on_the_card():
    told = [
        verdict(name, says, order)
        for name, pair in {"a": ("pass", "pass"), "b": ("pass", "fail")}.items()
        for says, order in zip(pair, ("forward", "backward"), strict=True)
    ]
    one = Judgement(True, combine(told, PANEL, COMPARED))

    assert make_card(PANEL, COMPARED, [one], NOON).position_consistency.value == 0.5


def test_a_card_of_nothing_has_no_figures():
    found = make_card(PANEL, ASKED, [], NOON)

    assert (found.n, found.kappa, found.injection_resistance) == (0, None, None)
    assert why_uncalibrated(found, BY, PANEL.versions) is not None


def test_a_whole_card_vouches_for_its_jury():
    assert why_uncalibrated(card(), BY, PANEL.versions) is None


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        ({"resisted": 0}, "no hostile case"),
        ({"resisted": 8, "fooled": 2}, "2 of 10 hostile cases fooled it"),
        ({"true_pass": 10, "true_fail": 19}, "29 labels, and 30 are needed"),
        ({"true_fail": 0, "true_pass": 40}, "all alike"),
        ({"true_pass": 10, "false_fail": 10, "true_fail": 15, "false_pass": 5}, "kappa 0.25"),
    ],
)
def test_a_weak_card_says_why_it_does_not_hold(counts, why):
    assert why in why_uncalibrated(card(**counts), BY, PANEL.versions)


@pytest.mark.parametrize(
    "versions",
    [
        jury("a", "b").versions,
        {**PANEL.versions, "d": "v-1"},
        {**PANEL.versions, judge("b").name: "v-2"},
    ],
)
def test_changing_a_judge_voids_the_card(versions):
    assert "changed since it was made" in why_uncalibrated(card(), BY, versions)


@pytest.mark.parametrize(
    "by",
    [
        PANEL.asked(COMPARED),
        PANEL.asked(ASKED.model_copy(update={"question": "Was it polite?"})),
        jury(quorum=3).asked(ASKED),
        jury(decide="unanimous").asked(ASKED),
    ],
)
def test_another_question_or_way_to_decide_voids_the_card(by):
    assert "the question, or how they decide, changed" in why_uncalibrated(
        card(), by, PANEL.versions
    )


def results(by=BY, version="v-1", metric="truth"):
    told = tuple(verdict(name, "pass", version=version) for name in "abc")
    return AssertionResult(
        name=metric, passed=True, score=1.0, reason="", kind="judged", by=by, verdicts=told
    )


def test_a_metric_stands_as_its_card_does():
    found = standings([results(), results()], lambda *_: card())

    assert found["truth"].card == card()
    assert str(found["truth"]).startswith("calibrated on 40 labels, kappa 1.00 (")


@pytest.mark.parametrize(
    ("scores", "made", "why"),
    [
        ([results()], None, "nobody has calibrated it"),
        ([results(version="v-2")], card(), "a, b, c changed"),
        ([results(), results(by="panel@other")], card(), "not all of its results"),
        ([results(by="")], card(), "nobody was asked"),
    ],
)
def test_a_metric_without_a_card_says_why(scores, made, why):
    found = standings(scores, lambda *_: made)["truth"]

    assert found.card is None
    assert why in str(found)


def test_a_jury_that_nobody_calibrated_is_not():
    assert why_uncalibrated(None, BY, PANEL.versions) == "nobody has calibrated it"


def test_a_judge_without_errors_corrects_nothing():
    assert corrected(card(), 70, 100).value == pytest.approx(0.7)


def test_a_lenient_judge_is_corrected_downwards():
    found = corrected(card(true_fail=15, false_pass=5), 70, 100)

    assert found.value == pytest.approx((0.7 - 0.25) / 0.75)
    assert found.low < found.value < found.high


def test_a_judge_that_tosses_a_coin_corrects_nothing():
    coin = card(true_pass=10, false_fail=10, true_fail=10, false_pass=10)

    with pytest.raises(ValueError, match="coin"):
        corrected(coin, 70, 100)


@given(st.tuples(*[st.integers(0, 40)] * 6))
def test_a_card_that_is_written_is_read_again(counts):
    names = ("true_pass", "false_pass", "true_fail", "false_fail", "resisted", "fooled")
    made = card(**dict(zip(names, counts, strict=True)))

    with tempfile.TemporaryDirectory() as folder:
        write_card(Path(folder), made)

        assert read_card(Path(folder), "panel", "truth") == made


def test_a_jury_without_a_file_has_no_card(tmp_path):
    assert read_card(tmp_path, "panel", "truth") is None


@pytest.mark.parametrize("text", ["", "{}", '{"jury": "panel", "true_pass": -1}'])
def test_a_file_that_is_no_card_is_told(tmp_path, text):
    path = card_path(tmp_path, "panel", "truth")
    path.parent.mkdir()
    path.write_text(text)

    with pytest.raises(CardInvalid, match=r"cards/panel\.truth\.json: .*eval calibrate"):
        read_card(tmp_path, "panel", "truth")


def test_the_card_of_another_jury_is_not_taken(tmp_path):
    write_card(tmp_path, card()).rename(card_path(tmp_path, "other", "truth"))

    with pytest.raises(CardInvalid, match="the card of panel"):
        read_card(tmp_path, "other", "truth")
