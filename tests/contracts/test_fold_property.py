"""The fold over random histories: however it is read, it is the same run."""

from copy import deepcopy
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.history import Run, conversation, fold
from contracts.money import ModelUnfunded
from contracts.run import RunCancelled
from contracts.tool import ToolUnknown
from tests.bodies import claimed, manifest, settled, tool_claimed, tool_succeeded
from tests.histories import History

STEPS_LIMIT = 4
CALLS_LIMIT = 3


@st.composite
def histories(draw) -> History:
    """A valid history: steps with parallel calls in any order, late evidence, any end or none."""
    history = History()
    because = history.begin(manifest())
    for _ in range(draw(st.integers(0, STEPS_LIMIT))):
        count = draw(st.integers(1, CALLS_LIMIT))
        responded = history.step(because, calls=[("find_order", "{}")] * count)
        for index in draw(st.permutations(range(1, count + 1))):
            because = _use(draw, history, responded, index)
    match draw(st.sampled_from(["open", "completed", "cancelled"])):
        case "completed":
            history.complete(history.step(because, text="done"))
        case "cancelled":
            history.say(RunCancelled(principal="anna", reason="enough"), history.root)
    return history


def _use(draw, history: History, responded, index: int):
    if draw(st.booleans()):
        return history.use(responded, index, shown=f"result {index}")
    cleared = history.clear(history.call(responded, index))
    reason = "its process is gone"
    unknown = history.say(ToolUnknown(call=cleared.body.call, attempt=1, reason=reason), cleared)
    return (
        history.say(tool_succeeded(cleared.body.call), cleared) if draw(st.booleans()) else unknown
    )


@st.composite
def noisy(draw) -> tuple[History, list[int]]:
    """A history with noise in it that means nothing; and the sequences of the noise."""
    calm, loud, noise = draw(histories()), History(), []
    for fact in calm.facts:
        loud.repeat(fact)
        noise += [_noise(draw, loud).sequence for _ in range(draw(st.integers(0, 2)))]
    return loud, noise


def _noise(draw, history: History):
    """Something that was said before, or that answers what nobody said, or that comes second."""
    match draw(st.sampled_from(["repeated", "orphan", "alternative", "claim"])):
        case "repeated":
            return history.repeat(draw(st.sampled_from(history.facts)))
        case "orphan":
            return history.say(tool_succeeded("1-1"), "acme/r-1:nobody-said-this")
        case "alternative":
            funded = [fact for fact in history.facts if fact.type == "model.funded"]
            if funded:
                late = ModelUnfunded(step=1, attempt=1, rule="no_price", reason="too late")
                return history.say(late, draw(st.sampled_from(funded)).cause_id)
        case "claim":
            claims = [fact for fact in history.facts if fact.type.endswith(".claimed")]
            if claims:
                first = draw(st.sampled_from(claims))
                second = (
                    claimed(first.body.step, nonce="late")
                    if first.type == "model.claimed"
                    else tool_claimed(first.body.call, nonce="late")
                )
                return history.say(second, first.cause_id)
    return history.repeat(history.facts[0])


def meaning(run: Run) -> Run:
    """The run without the bookkeeping of what it has read."""
    plain = deepcopy(run)
    plain.seen, plain.last_sequence = set(), 0
    return plain


@given(histories(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_run_read_in_pieces_is_the_run_read_at_once(history, data):
    cut = data.draw(st.integers(1, len(history.facts)))
    overlap = data.draw(st.integers(0, cut))

    head = fold(history.facts[:cut])
    run = fold(history.facts[cut - overlap :], onto=head)

    assert run == fold(history.facts)


@given(noisy())
@settings(max_examples=60, deadline=None)
def test_noise_between_facts_means_nothing(loud_and_noise):
    loud, noise = loud_and_noise
    calm = [fact for fact in loud.facts if fact.sequence not in set(noise)]

    assert meaning(loud.run) == meaning(fold(calm))


@given(histories())
@settings(max_examples=60, deadline=None)
def test_two_readers_of_one_history_see_one_conversation(history):
    assert conversation(history.run) == conversation(fold(iter(history.facts)))


@given(histories(), st.data())
@settings(max_examples=60, deadline=None)
def test_what_a_model_saw_does_not_change_with_what_comes_later(history, data):
    requested = [fact for fact in history.facts if fact.type == "model.requested"]
    if not requested:
        return
    asked = data.draw(st.sampled_from(requested))

    then = fold(fact for fact in history.facts if fact.sequence <= asked.sequence)

    assert conversation(history.run, asked.body.step) == conversation(then, asked.body.step)


@given(histories(), st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_the_cost_of_a_run_is_the_first_bill_of_each_attempt(history, again):
    bills = [fact for fact in history.facts if fact.type == "money.settled"]
    if not bills:
        return
    history.say(settled(bills[0].body.step, cost_micro_usd=again), bills[0])

    assert history.run.cost_micro_usd == sum(fact.body.cost_micro_usd for fact in bills)


def test_the_clock_of_a_fact_does_not_matter():
    history = History()
    history.begin()
    shifted = [replace(fact, time=fact.time.replace(year=1999)) for fact in history.facts]

    assert fold(shifted).status == fold(history.facts).status
