"""What a trial draws by is asked of the model at every step."""

from contracts.model import ModelRequested
from contracts.trial import Trial
from tests.bodies import manifest, run_started, task, task_cleared
from tests.histories import History
from tests.orchestrator.deciding import said


def seed_asked(trial: Trial | None) -> int | None:
    history = History()
    submitted = history.say(task().model_copy(update={"trial": trial}))
    cleared = history.say(task_cleared(), submitted)
    history.say(run_started(manifest()), cleared)
    [asked] = said(history)
    assert isinstance(asked, ModelRequested)
    return asked.seed


def test_a_step_of_a_trial_is_asked_for_by_its_seed():
    assert seed_asked(Trial(experiment="e", case="c", seed=1042)) == 1042


def test_a_run_that_is_no_trial_leaves_the_drawing_to_the_model():
    assert seed_asked(None) is None
    assert seed_asked(Trial(experiment="e", case="c")) is None
