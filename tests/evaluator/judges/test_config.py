"""`judges.yaml`: who judges, and what is refused."""

import shutil
from pathlib import Path

import pytest

from services.evaluator.judges.config import judge_version, load_juries
from shared.catalogue import load_models
from shared.config import load_agents
from shared.errors import ConfigError

SHIPPED = Path(__file__).resolve().parents[3] / "infra" / "config"
ONE_MORE = "      - {provider: openai, api: openai.responses, model: gpt-5}\n"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(SHIPPED, tmp_path / "config"))


def load(folder):
    return load_juries(folder, load_agents(folder), load_models(folder).aliases)


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_shipped_panel_has_three_judges_of_three_families():
    panel = load(SHIPPED)["panel"]

    assert len({judge.family for judge in panel.judges}) == 3
    assert (panel.quorum, panel.decide, panel.is_single) == (2, "majority", False)


def test_each_judge_can_be_asked_alone():
    assert load(SHIPPED)["judge-a"].is_single


def test_without_the_file_there_are_no_juries(folder):
    (folder / "judges.yaml").unlink()

    assert load(folder) == {}


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("judges.yaml", "judge-c: {family: google}", "judge-c: {family: openai}", "min_families"),
        ("judges.yaml", "judge-b, judge-c]", "judge-b, judge-d]", "'judge-d' is not under judges"),
        ("judges.yaml", "judge-b, judge-c]", "judge-b, judge-b]", "named twice"),
        (
            "judges.yaml",
            "judge-b, judge-c]",
            "judge-b]",
            "2 judges are no jury; name 3 of 3 families",
        ),
        ("judges.yaml", "min_families: 3", "min_families: 1", "juries.panel.min_families"),
        (
            "judges.yaml",
            "judge-b: {family: anthropic}",
            "judge-b: {family: mistral}",
            "of anthropic",
        ),
        ("judges.yaml", "quorum: 2", "quorum: 4", "never reached by 3"),
        ("judges.yaml", "decide: majority", "decide: loudest", "juries.panel.decide"),
        ("judges.yaml", "  panel:", "  judge-a:", "rename the jury"),
        ("judges.yaml", "quorum:", "qorum:", "juries.panel.qorum"),
        ("agents/judge-a.yaml", "name: judge-a", "name: judge-x", "write agents/judge-a.yaml"),
        ("agents/judge-a.yaml", "steps: 1", "steps: 2", "no tools and one step"),
        ("agents/judge-a.yaml", "model: judge-a", "model: nobody", "no alias 'nobody'"),
        ("agents/judge-a.yaml", "model: judge-a", "model: default", "may both be anthropic/"),
    ],
)
def test_a_mistake_is_told_with_file_place_and_remedy(folder, file, old, new, told):
    edit(folder / file, old, new)

    with pytest.raises(ConfigError, match=r"judges\.yaml: ") as refused:
        load(folder)

    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("agents/judge-a.yaml", "Answer the question by", "Answer the question kindly by"),
        ("models.yaml", "  judge-a:\n    routes:\n", f"  judge-a:\n    routes:\n{ONE_MORE}"),
    ],
)
def test_a_judge_of_other_words_or_models_has_another_version(folder, file, old, new):
    before = load(folder)["panel"].versions

    edit(folder / file, old, new)
    after = load(folder)["panel"].versions

    assert before["judge-a"] != after["judge-a"]
    assert before["judge-b"] == after["judge-b"]


def test_another_template_makes_another_judge():
    assert judge_version("a-1", "t-1") != judge_version("a-1", "t-2")
    assert len(judge_version("a-1", "t-1")) == 12


def test_a_jury_of_one_is_a_single_judge(folder):
    edit(folder / "judges.yaml", "judge-a, judge-b, judge-c]", "judge-a]")
    edit(folder / "judges.yaml", "quorum: 2", "quorum: 1")

    assert load(folder)["panel"].is_single


def test_of_whom_a_gateway_serves_the_family_is_believed(folder):
    edit(folder / "models.yaml", "{provider: google, api", "{provider: fake, api")

    assert load(folder)["panel"].judges[2].family == "google"
