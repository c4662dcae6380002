"""Suites from their files, and what is said of those that have mistakes."""

import json
from pathlib import Path

import pytest

from services.evaluator.datasets import files, reading
from services.evaluator.datasets.reading import load_cases, load_suite
from services.evaluator.errors import SHOWN_LIMIT, DatasetError, FileUnusable, SuiteInvalid

FILES = Path(__file__).parent / "files"
CASE = {"id": "lost", "input": "My parcel never came."}


def suite(folder: Path, text: str, name: str = "suite.yaml") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def cases(folder: Path, *lines: object, name: str = "cases.jsonl") -> Path:
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    return suite(folder, "\n".join(texts), name)


def said_of(path: Path, **options: str) -> str:
    with pytest.raises(DatasetError) as refused:
        load_suite(path, **options)
    return str(refused.value)


def test_a_suite_has_its_own_cases_and_those_of_its_files():
    found = load_suite(FILES / "parcels.yaml")

    assert [case.id for case in found.cases] == ["lost", "late", "found"]
    assert found.files == ()


JUDGED = {"kind": "judged", "by": "panel", "question": "Is it true?"}


def test_two_that_ask_somebody_have_names_of_their_own(tmp_path):
    path = cases(tmp_path, {**CASE, "scorers": [JUDGED, {**JUDGED, "question": "Is it kind?"}]})

    assert "two scorers are called 'panel'; give each a name of its own" in said_of(
        path, agent="support"
    )


def test_a_case_asks_nobody_under_a_name_of_its_suite(tmp_path):
    text = json.dumps(
        {
            "name": "s",
            "agent": "support",
            "scorers": [JUDGED],
            "cases": [{**CASE, "scorers": [{**JUDGED, "question": "Is it kind?"}]}],
        }
    )

    assert "case lost: two scorers are called 'panel'" in said_of(suite(tmp_path, text))


def test_a_day_without_quotes_stays_text():
    assert load_suite(FILES / "parcels.yaml").cases[0].metadata == {"since": "2026-01-12"}


def test_cases_alone_are_a_suite_for_the_agent_that_is_named(tmp_path):
    found = load_suite(cases(tmp_path, CASE, name="my cases.jsonl"), agent="support")

    assert (found.name, found.agent, len(found.cases)) == ("my-cases", "support", 1)


def test_cases_alone_need_an_agent(tmp_path):
    assert "names no agent" in said_of(cases(tmp_path, CASE))


def test_a_suite_may_be_json(tmp_path):
    path = suite(
        tmp_path, json.dumps({"name": "s", "agent": "a", "cases": [CASE]}), name="suite.json"
    )

    assert load_suite(path).cases[0].id == "lost"


def test_a_suite_of_another_agent_is_refused():
    assert "it is for support, and not for billing" in said_of(
        FILES / "parcels.yaml", agent="billing"
    )


def test_a_byte_order_mark_and_crlf_change_nothing(tmp_path):
    text = (FILES / "more/parcels.jsonl").read_text().replace("\n", "\r\n")
    path = suite(tmp_path, "\ufeff" + text, "cases.jsonl")

    assert load_cases(path) == load_cases(FILES / "more/parcels.jsonl")


def test_a_line_separator_within_a_text_ends_no_line(tmp_path):
    line = json.dumps({**CASE, "input": "one\u2028two"}, ensure_ascii=False)

    assert load_cases(cases(tmp_path, line))[0].input == "one\u2028two"


def test_every_bad_line_is_told_at_once(tmp_path):
    lines = ("{", CASE, {"id": "b"}, {**CASE, "id": "no name"})
    path = cases(tmp_path, *lines)

    with pytest.raises(SuiteInvalid) as refused:
        load_cases(path)

    told = refused.value.problems
    assert [problem.partition(":")[0] for problem in told] == ["line 1", "line 3", "line 4"]
    assert "line 3: case b: input: it is missing; write it" in told


def test_of_many_bad_lines_the_first_are_shown_and_the_rest_counted(tmp_path):
    said = said_of(cases(tmp_path, *(["{"] * (SHOWN_LIMIT + 5))), agent="support")

    assert said.count("\n") == SHOWN_LIMIT
    assert "and 5 more" in said


def test_an_id_that_comes_twice_in_a_file_is_refused(tmp_path):
    said = said_of(cases(tmp_path, CASE, CASE), agent="support")

    assert "line 2: case lost: line 1 has this id too; give it another" in said


def test_an_id_that_comes_twice_across_files_is_refused(tmp_path):
    cases(tmp_path, CASE)
    cases(tmp_path, {**CASE, "id": "other"}, CASE, name="more.jsonl")
    path = suite(tmp_path, "name: s\nagent: a\nfiles: [cases.jsonl, more.jsonl]")

    assert "more.jsonl: line 2: case lost: cases.jsonl has this id too" in said_of(path)


@pytest.mark.parametrize("name", ["../cases.jsonl", "/etc/cases.jsonl", "cases.txt"])
def test_a_file_of_cases_lies_below_its_suite(tmp_path, name):
    cases(tmp_path, CASE)
    (tmp_path / "deep").mkdir()
    path = suite(tmp_path / "deep", f"name: s\nagent: a\nfiles: ['{name}']")

    assert "no .jsonl file below the folder" in said_of(path)


def test_a_link_does_not_lead_out_of_the_folder(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/link.jsonl").symlink_to(cases(tmp_path, CASE))
    path = suite(tmp_path / "deep", "name: s\nagent: a\nfiles: [link.jsonl]")

    assert "no .jsonl file below the folder" in said_of(path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: s\nagent: a", "there is none; write one"),
        ("", "it says nothing"),
        ("name: s\ncases:\n\t- id: a", "line 3: a tab indents it"),
        ("name: s\nname: t", "line 2: 'name' is written twice"),
        ("name: s\nagents: a", "agents: there is no such field; did you mean agent?"),
        ("name: s\nagent: 7", "agent: 7 is no text"),
        ("name: [", "it is not YAML"),
    ],
)
def test_a_mistake_in_a_suite_is_told_with_its_place_and_remedy(tmp_path, text, sentence):
    assert sentence in said_of(suite(tmp_path, text))


@pytest.mark.parametrize(
    ("scorer", "sentence"),
    [
        ({"kind": "regx"}, "scorers[0]: no scorer is of kind 'regx'; did you mean regex? known: "),
        ({"pattern": "x"}, "scorers[0]: say which scorer it is, as kind"),
        ({"kind": "regex", "patern": "x"}, "scorers[0].patern: there is no such field; did you me"),
        ({"kind": "regex"}, "case lost: scorers[0].pattern: it is missing"),
        (
            {"kind": "forbidden", "calls": [{"tol": "x"}]},
            "scorers[0].calls[0].tol: there is no such field; did you mean tool?",
        ),
        ({"kind": "fuzzy", "value": "x", "at_least": 2}, "scorers[0].at_least: input should be"),
    ],
)
def test_a_mistake_in_a_scorer_is_told_with_its_case(tmp_path, scorer, sentence):
    said = said_of(cases(tmp_path, {**CASE, "scorers": [scorer]}), agent="support")

    assert sentence in said


def test_a_mistake_in_a_case_of_a_suite_names_the_case(tmp_path):
    text = "name: s\nagent: a\ncases: [{id: lost, input: x, scorer: []}]"

    assert "case lost: cases[0].scorer: there is no such field; did you mean scorers?" in said_of(
        suite(tmp_path, text)
    )


@pytest.mark.parametrize("line", ['{"id": "a", "id": "b", "input": "x"}', '{"id": NaN}'])
def test_json_that_others_read_in_another_way_is_refused(tmp_path, line):
    assert "line 1: " in said_of(cases(tmp_path, line), agent="support")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileUnusable, match=r"gone\.yaml: No such file or directory"):
        load_suite(tmp_path / "gone.yaml")


def test_a_file_of_another_kind_is_refused(tmp_path):
    assert "not a suite by its name" in said_of(suite(tmp_path, "x", "suite.txt"))


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "suite.yaml"
    path.write_bytes(b"name: s\n\xff\xfe")

    assert "line 2 is not UTF-8" in said_of(path)


def test_a_file_past_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "FILE_LIMIT_BYTES", 10)

    assert "split it into several files" in said_of(suite(tmp_path, "name: a suite"))


def test_a_line_past_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "LINE_LIMIT_CHARACTERS", 10)

    assert "longer than 10 characters" in said_of(cases(tmp_path, CASE), agent="support")


def test_deep_nesting_is_a_mistake_and_no_crash(tmp_path):
    said = said_of(cases(tmp_path, "[" * 100_000), agent="support")

    assert "line 1: " in said
