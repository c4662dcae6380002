"""Programs as tools: modules of WebAssembly with nothing but their streams, and commands."""

import json
import sys
from contextlib import asynccontextmanager

import pytest
import wasmtime
import yaml

from services.tool_executor.adapters.registry import load_registry
from services.tool_executor.adapters.runner import SandboxRunner
from services.tool_executor.adapters.workers import pooled
from services.tool_executor.errors import ArgumentsInvalid
from services.tool_executor.rules import Expired, Oversized, Raised, Refused, Returned
from services.tool_executor.settings import Settings
from shared.errors import ConfigError
from tests.tool_executor import modules
from tests.tool_executor.calling import CONTEXT

TEXT = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
}
GIVEN = '{"text": "a word"}'
COUNT = "import json, sys; print(json.dumps(len(json.load(sys.stdin)['text'].split())))"


def declare(folder, wat=None, **words):
    """Write a folder with one program, `it`."""
    program = {"description": "It.", "parameters": TEXT, "effect": "read", **words}
    if wat is not None:
        (folder / "it.wasm").write_bytes(wasmtime.wat2wasm(wat))
        program["wasm"] = "it.wasm"
    (folder / "tools.yaml").write_text(yaml.safe_dump({"programs": {"it": program}}))
    return folder


@asynccontextmanager
async def running(folder):
    registry = load_registry(folder)
    async with pooled(registry, Settings()) as pool:
        runner, tool = SandboxRunner(pool), registry.tools["it"]

        async def run(arguments=GIVEN):
            async with runner.place(tool) as place:
                return await place.run(tool, arguments, CONTEXT)

        yield run


async def ending(folder, arguments=GIVEN):
    async with running(folder) as run:
        return await run(arguments)


async def test_a_module_reads_its_arguments_and_its_result_is_text(tmp_path):
    assert await ending(declare(tmp_path, modules.ECHO)) == Returned(json.dumps(GIVEN))


async def test_with_a_schema_its_result_is_json_and_held_to_it(tmp_path):
    async with running(declare(tmp_path, modules.EXITS_WELL, result=TEXT)) as run:
        assert json.loads((await run()).output_json) == json.loads(GIVEN)

    async with running(declare(tmp_path, modules.ECHO, result={"type": "array"})) as run:
        wrong = await run()

    assert isinstance(wrong, Raised)
    assert "the whole: is not of type array" in wrong.reason


@pytest.mark.parametrize(
    ("wat", "told"),
    [
        (modules.FAILS, 'it ended with 3: {"text": "a word"}'),
        (modules.TRAPS, "unreachable"),
        (modules.WANTS_MORE, "unknown import"),
    ],
)
async def test_one_that_fails_is_told_with_what_it_complained_of(tmp_path, wat, told):
    found = await ending(declare(tmp_path, wat))

    assert isinstance(found, Raised)
    assert told in found.reason


async def test_where_an_error_does_nothing_it_has_refused(tmp_path):
    found = await ending(declare(tmp_path, modules.FAILS, errors_do_nothing=True))

    assert isinstance(found, Refused)


async def test_its_instructions_are_counted_and_the_worker_lives_on(tmp_path):
    folder = declare(tmp_path, modules.SPINS, limits={"instructions": 1_000_000})
    async with running(folder) as run:
        for _ in range(2):
            found = await run()
            assert isinstance(found, Raised)
            assert "more instructions than it may" in found.reason


async def test_its_time_is_over_when_it_is_over(tmp_path):
    folder = declare(
        tmp_path, modules.SPINS, timeout="1s", limits={"instructions": 10_000_000_000_000}
    )

    assert await ending(folder) == Expired(1.0)


async def test_what_it_writes_too_much_is_dropped(tmp_path):
    folder = declare(
        tmp_path, modules.FLOODS, limits={"instructions": 20_000}, errors_do_nothing=True
    )
    assert isinstance(await ending(folder), Refused)

    folder = declare(tmp_path, modules.ECHO, output_limit_bytes=10)
    found = await ending(folder)

    assert isinstance(found, Oversized)
    assert found.size_bytes < 20


@pytest.mark.parametrize(
    ("wat", "answer"),
    [(modules.GROWS, "0"), (modules.LOOKS_AROUND, "0"), (modules.OPENS, "8")],
    ids=["memory", "variables", "files"],
)
async def test_it_has_no_more_memory_and_neither_variables_nor_files(tmp_path, wat, answer):
    assert await ending(declare(tmp_path, wat)) == Returned(json.dumps(answer))


async def test_it_has_as_much_memory_as_it_may(tmp_path):
    folder = declare(tmp_path, modules.GROWS, limits={"memory_bytes": 128 << 20})

    assert await ending(folder) == Returned('"1"')


async def test_one_that_was_changed_since_runs_nothing(tmp_path):
    async with running(declare(tmp_path, modules.ECHO)) as run:
        (tmp_path / "it.wasm").write_bytes(wasmtime.wat2wasm(modules.TRAPS))
        found = await run()

    assert isinstance(found, Refused)
    assert "is not what it was" in found.reason


def test_its_content_is_pinned(tmp_path):
    before = load_registry(declare(tmp_path, modules.ECHO)).manifests["it"].sha256
    after = load_registry(declare(tmp_path, modules.TRAPS)).manifests["it"].sha256

    assert before != after


async def test_a_command_counts_words(tmp_path):
    folder = declare(tmp_path, command=[sys.executable, "-c", COUNT], result={"type": "integer"})

    assert await ending(folder) == Returned("2")


async def test_a_command_that_fails_or_hangs_is_told(tmp_path):
    complain = "import sys; sys.exit('no such word')"
    found = await ending(declare(tmp_path, command=[sys.executable, "-c", complain]))
    assert found == Raised("ProgramFailed: it ended with 1: no such word")

    assert await ending(declare(tmp_path, command=["sleep", "60"], timeout="1s")) == Expired(1.0)


async def test_a_shell_reads_none_of_its_words(tmp_path):
    assert await ending(declare(tmp_path, command=["echo", "$HOME; id"])) == Returned(
        json.dumps("$HOME; id\n")
    )


@pytest.mark.parametrize("arguments", ['{"text": 1}', "{}", '{"text": "a", "shell": "b"}', "[]"])
def test_arguments_are_held_to_the_schema(tmp_path, arguments):
    invocation = load_registry(declare(tmp_path, modules.ECHO)).tools["it"].invocation

    with pytest.raises(ArgumentsInvalid):
        invocation.parse(arguments)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({}, "either wasm or command"),
        ({"wasm": "none.wasm"}, "none.wasm"),
        ({"command": ["no-such-command"]}, "no-such-command is not on the PATH"),
        ({"command": ["true"], "limits": {}}, "they are for WebAssembly"),
        ({"command": ["true"], "sinks": {"to": "destination"}}, "to: declared, and no argument"),
        ({"command": ["true"], "parameters": {"$ref": "http://x"}}, "another document"),
        ({"command": ["true"], "sandbox": "jail"}, "sandbox"),
    ],
)
def test_one_that_cannot_be_used_is_told_by_its_place(tmp_path, words, told):
    with pytest.raises(ConfigError, match=r"programs\.it") as error:
        load_registry(declare(tmp_path, **words))

    assert told in str(error.value)


async def test_a_module_that_is_no_command_says_how_to_build_it(tmp_path):
    found = await ending(declare(tmp_path, modules.NO_COMMAND))

    assert isinstance(found, Refused)
    assert "build it as a WASI command" in found.reason
