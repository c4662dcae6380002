"""Cases of other tools become ours, and nothing is left out in silence."""

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from contracts.scoring import CostAtMost, Exact, Fuzzy, JsonSchema, Judged, LatencyAtMost, Regex
from services.evaluator.datasets.importing.inspect_samples import take_inspect
from services.evaluator.datasets.importing.openai_evals import take_openai_evals
from services.evaluator.datasets.importing.promptfoo import take_promptfoo
from services.evaluator.errors import ImportRefused

FILES = Path(__file__).parent / "files"


def promptfoo(*assertions, prompt="Say {{word}}", **test):
    tests = [{"vars": {"word": "yes"}, "assert": list(assertions), **test}]
    return take_promptfoo(json.dumps({"prompts": [prompt], "tests": tests}))


def why(imported):
    return "\n".join(f"{one.where}: {one.why}" for one in imported.untaken)


def test_a_promptfoo_configuration_becomes_cases():
    imported = take_promptfoo((FILES / "promptfooconfig.yaml").read_text(), judge="desk")

    case = imported.cases[0]
    assert case.id == "a-lost-parcel"
    assert case.metadata == {"since": "2026", "who": "desk"}
    assert [type(scorer) for scorer in case.scorers] == [
        *(LatencyAtMost, Regex, Regex, Regex, Regex, Exact, Fuzzy, Judged, JsonSchema, CostAtMost)
    ]
    assert case.scorers[0].seconds == 2
    assert case.scorers[1] == Regex(pattern="sorry", ignore_case=True, weight=2)
    assert case.scorers[2] == Regex(pattern=re.escape("refund."), absent=True)
    assert (case.scorers[6].at_least, case.scorers[9].usd) == (0.6, Decimal("0.01"))


def test_what_promptfoo_has_and_a_case_has_not_is_told():
    told = why(take_promptfoo((FILES / "promptfooconfig.yaml").read_text(), judge="desk"))

    for sentence in (
        "providers: the agent that is tried has its own model",
        "tests[0].assert[9]: javascript is not taken",
        "llm-rubric is asked of desk",
        "similar compares meanings there",
        "tests[1]: its template does more than name variables",
        "tests[2]: vars.question: a list makes several tests",
    ):
        assert sentence in told


def test_values_of_variables_may_name_variables():
    imported = take_promptfoo((FILES / "promptfooconfig.yaml").read_text())

    assert imported.cases[0].input == "Answer shortly: Where is my parcel from Beans?"


@pytest.mark.parametrize(
    ("assertion", "answer", "holds"),
    [
        ({"type": "contains-any", "value": ["a.", "b"]}, "a.", True),
        ({"type": "contains-any", "value": ["a.", "b"]}, "ax", False),
        ({"type": "not-contains-any", "value": ["a", "b"]}, "b", False),
        ({"type": "not-equals", "value": "yes"}, "yes", False),
        ({"type": "not-equals", "value": "yes"}, "yes, but", True),
        ({"type": "not-regex", "value": "^y"}, "yes", False),
        ({"type": "icontains", "value": "YES"}, "oh yes", True),
    ],
)
def test_an_assertion_on_text_holds_where_it_held(assertion, answer, holds):
    scorer = promptfoo(assertion).cases[0].scorers[0]

    found = re.search(scorer.pattern, answer, re.IGNORECASE if scorer.ignore_case else 0)
    assert (found is not None) is not (scorer.absent is holds)


@pytest.mark.parametrize(
    "assertion",
    [
        {"type": "not-is-json"},
        {"type": "not-contains-all", "value": ["a"]},
        {"type": "regex", "value": "("},
        {"type": "cost"},
        {"type": "is-json", "value": "file://schema.json"},
        {"type": "contains", "value": "x", "weight": 0},
        {"type": "latency", "threshold": "soon"},
        {"type": "contains-any", "value": 3},
        "contains: x",
    ],
)
def test_an_assertion_that_cannot_be_kept_is_told(assertion):
    imported = promptfoo(assertion)

    assert imported.cases[0].scorers == ()
    assert "tests[0].assert[0]: " in why(imported)


def test_two_prompts_make_two_cases_of_a_test():
    config = {
        "prompts": ["A {{x}}", {"raw": "B {{x}}"}, "file://c.txt"],
        "tests": [{"vars": {"x": 1}}],
    }

    imported = take_promptfoo(json.dumps(config))

    assert [case.input for case in imported.cases] == ["A 1", "B 1"]
    assert "prompts[2]: file://c.txt is no text" in why(imported)


def test_a_test_that_is_another_file_is_told():
    imported = take_promptfoo(json.dumps({"prompts": ["A"], "tests": ["file://more.yaml"]}))

    assert imported.cases == []
    assert "tests[0]: it is no test" in why(imported)


@pytest.mark.parametrize("text", ["[1", "name: x", "tests: file://tests.csv", "- 1"])
def test_what_is_no_promptfoo_file_is_refused(text):
    with pytest.raises(ImportRefused, match="no promptfoo file"):
        take_promptfoo(text)


def test_openai_samples_are_scored_by_their_ideal():
    chat = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "2 + 2?"}]
    lines = [{"input": chat, "ideal": ["4", "four."]}, {"input": "Hi"}]

    imported = take_openai_evals("\n".join(map(json.dumps, lines)))

    first, second = imported.cases
    assert (first.input, first.scorers[0].pattern) == ("2 + 2?", r"4|four\.")
    assert second.scorers == ()
    assert "a system message is left out" in why(imported)
    assert "neither ideal nor grader" in why(imported)


def test_a_conversation_is_no_single_input():
    chat = [{"role": role, "content": "x"} for role in ("user", "assistant", "user")]

    imported = take_openai_evals(json.dumps({"input": chat, "ideal": "x"}))

    assert imported.cases == []
    assert "sample 1: input: a case has one message" in why(imported)


def test_openai_graders_become_scorers():
    answer = "{{ sample.output_text }}"
    about = {"input": answer, "reference": "{{item.wanted}}"}
    graders = [
        {"type": "string_check", "name": "a", "operation": "eq", **about},
        {"type": "string_check", "name": "b", "operation": "ilike", **about},
        {"type": "text_similarity", "name": "c", "evaluation_metric": "bleu", **about},
        {
            "type": "label_model",
            "name": "d",
            "input": [{"role": "user", "content": f"Is {answer} kind to {{{{item.who}}}}?"}],
            "labels": ["kind", "rude"],
            "passing_labels": ["kind"],
        },
        {"type": "python", "name": "e", "source": "def grade(): ..."},
        {"type": "string_check", "name": "f", "operation": "eq", "input": "x", "reference": "y"},
    ]
    sample = {"item": {"input": "Hi", "wanted": "Yes.", "who": "Mei"}}

    imported = take_openai_evals(json.dumps(sample), json.dumps(graders))

    exact, like, near, judged = imported.cases[0].scorers
    assert exact == Exact(value="Yes.")
    assert like == Regex(pattern=r"Yes\.", ignore_case=True)
    assert near == Fuzzy(value="Yes.", at_least=0.8, compare="whole")
    assert judged.question == "Is (the answer) kind to Mei?\n\nIt passes as: kind."
    for sentence in ("grader c: bleu", "grader e: a python is not taken", "grader f: it looks at"):
        assert sentence in why(imported)


@pytest.mark.parametrize("samples", ["{", "[1]", "3"])
def test_what_is_no_sample_is_refused(samples):
    with pytest.raises(ImportRefused):
        take_openai_evals(samples)


SAMPLES = {
    "jsonl": '{"id": 7, "input": "Q?", "target": ["a", "b"], "sandbox": "docker"}\n',
    "json": '[{"id": 7, "input": "Q?", "target": ["a", "b"], "sandbox": "docker"}]',
    "csv": 'id,input,target,sandbox\n7,Q?,"[""a"", ""b""]",docker\n',
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_inspect_samples_are_the_same_in_each_kind_of_file(kind):
    imported = take_inspect(SAMPLES[kind], kind)

    case = imported.cases[0]
    assert (case.id, case.input, case.scorers[0].pattern) == ("7", "Q?", "a|b")
    assert why(imported) == "sample 1: sandbox: a case has nothing like it"


def test_the_choices_of_a_sample_are_part_of_its_question():
    sample = {"input": "Which?", "choices": ["red", "blue"], "target": "B", "metadata": {"n": 1}}

    case = take_inspect(json.dumps(sample)).cases[0]

    assert case.input == "Which?\n\nA) red\nB) blue\n\nAnswer with the letter alone."
    assert case.scorers == (Exact(value="B"),)
    assert case.metadata == {"n": "1"}


def test_two_samples_of_one_id_become_cases_of_two():
    line = json.dumps({"id": "x", "input": "Q?", "target": "a"})

    assert [case.id for case in take_inspect(f"{line}\n{line}").cases] == ["x", "x-2"]


def test_a_sample_without_input_is_told():
    imported = take_inspect('{"target": "a"}')

    assert imported.cases == []
    assert "sample 1: input: " in why(imported)
