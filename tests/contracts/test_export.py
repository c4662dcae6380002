"""A run as a file: what was written is read again, and nothing else is."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import Stored
from contracts.export import Header, Tampered, read, read_header, signers, write
from contracts.history import digest, prompt
from contracts.shape import sha256_hex
from tests.bodies import NOON
from tests.ensemble import Ensemble
from tests.histories import Marks, stored, whole_run
from tests.lineage.test_forks import FIND, scripted

HEADER = Header(tenant="acme", run_id="r-1", exported_at=NOON, keys={})


def lying(facts) -> list[Stored]:
    """The facts as they lie in the log."""
    return [replace(stored(one), stored_at=one.stored_at) for one in facts]


def written(facts, header=HEADER) -> bytes:
    return b"".join(write(header, lying(facts)))


FILE = written(whole_run().facts)


def test_what_was_written_is_read_again():
    exported = read(FILE, Marks())

    assert exported.header == HEADER
    assert list(exported.facts) == [
        replace(fact, stored_at=fact.stored_at) for fact in whole_run().facts
    ]
    assert exported.run().status == "completed"


def test_the_digest_names_the_history_and_not_the_moment_of_its_export():
    later = HEADER.model_copy(update={"exported_at": NOON + timedelta(days=1)})

    again = written(whole_run().facts, later)

    assert again != FILE
    assert read(again, Marks()).digest == read(FILE, Marks()).digest


def test_a_body_is_kept_to_the_byte():
    message = lying(whole_run().facts)[0]
    odd = replace(message, body=b'{"agent":"support",  "input":"caf\xc3\xa9 \\u00e9"}')

    exported = read(b"".join(write(HEADER, [odd])), Marks())

    assert exported.messages == (odd,)


@given(place=st.integers(0, len(FILE) - 1), flip=st.integers(1, 255))
def test_a_changed_byte_is_found_and_its_line_is_named(place, flip):
    changed = bytearray(FILE)
    changed[place] ^= flip
    line = FILE[:place].count(b"\n") + 1

    with pytest.raises(Tampered) as found:
        read(bytes(changed), Marks())

    assert found.value.line == line


@given(start=st.integers(0, len(FILE) - 1), length=st.integers(1, 5000))
def test_what_is_cut_out_is_missed(start, length):
    changed = FILE[:start] + FILE[start + length :]

    with pytest.raises(Tampered):
        read(changed, Marks())


def test_a_changed_fact_is_named():
    changed = FILE.replace(b"It was shipped.", b"It was stolen!!", 1)

    with pytest.raises(Tampered, match=r"fact \d+, run.acme.r-1.model.responded, id "):
        read(changed, Marks())


def test_lines_cannot_change_places():
    lines = FILE.splitlines(keepends=True)
    lines[3], lines[4] = lines[4], lines[3]

    with pytest.raises(Tampered, match="line 4"):
        read(b"".join(lines), Marks())


def rechained(change) -> bytes:
    """A file whose chain was made anew over changed messages."""
    return b"".join(write(HEADER, change(lying(whole_run().facts))))


def test_a_new_chain_does_not_make_a_signature():
    def forged(messages):
        place = next(n for n, one in enumerate(messages) if "run.completed" in one.subject)
        body = json.loads(messages[place].body) | {"answer": "You get a million."}
        messages[place] = replace(messages[place], body=json.dumps(body).encode())
        return messages

    with pytest.raises(Tampered, match=r"run.completed.*bad_signature"):
        read(rechained(forged), Marks())


def test_a_new_chain_does_not_reorder_the_log():
    with pytest.raises(Tampered, match="not in the order of the log"):
        read(rechained(lambda messages: [messages[0], messages[0], *messages[1:]]), Marks())


def test_facts_of_others_have_no_place_in_it():
    def smuggled(messages):
        return [
            *messages,
            replace(stored(replace(whole_run().facts[0], run_id="r-2", id="acme/r-2"))),
        ]

    with pytest.raises(Tampered, match="lineage"):
        read(rechained(smuggled), Marks())


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"[]\n[]\n[]\n", b"\xff\n" * 5])
def test_what_is_no_such_file_is_refused_at_its_first_line(content):
    with pytest.raises(Tampered, match=r"^line 1 "):
        read(content, Marks())


def test_a_newer_format_is_refused_by_its_name():
    shown = json.loads(FILE.splitlines()[0]) | {"version": 2}
    del shown["chain"]
    canonical = json.dumps(shown, sort_keys=True, separators=(",", ":")).encode()
    shown["chain"] = sha256_hex(b"\n" + canonical)
    line = json.dumps(shown, sort_keys=True, separators=(",", ":")).encode()

    with pytest.raises(Tampered, match="version"):
        read_header(line)


def test_the_owners_that_signed_are_named():
    assert signers(lying(whole_run().facts)) == (
        "cost_ledger",
        "guardrail_checker",
        "orchestrator",
    )


async def test_a_fork_brings_the_runs_that_it_grew_from():
    ensemble = Ensemble(scripted([FIND], [FIND], "Done."))
    await ensemble.play("r-1")
    first = await ensemble.fork("f-1", "r-1", 2)
    second = await ensemble.fork("f-2", "f-1", 2)
    facts = ensemble.bus.facts
    kept = [
        *(one for one in facts if one.run_id == "r-1" and one.sequence <= _position(first)),
        *(one for one in facts if one.run_id == "f-1" and one.sequence <= _position(second)),
        *(one for one in facts if one.run_id == "f-2"),
    ]

    run = read(written(kept, HEADER.model_copy(update={"run_id": "f-2"})), Marks()).run()

    assert run.ancestor.ancestor.run_id == "r-1"
    for step in run.steps:
        assert digest(prompt(run, step.number)) == step.requested.body.prompt_sha256


async def test_a_fork_without_its_ancestor_is_refused():
    ensemble = Ensemble(scripted("Done."))
    await ensemble.play("r-1")
    await ensemble.fork("f-1", "r-1")
    own = [one for one in ensemble.bus.facts if one.run_id == "f-1"]

    with pytest.raises(Tampered, match="no facts of run r-1"):
        read(written(own, HEADER.model_copy(update={"run_id": "f-1"})), Marks())


def _position(run):
    return run.started.body.ancestor.position
