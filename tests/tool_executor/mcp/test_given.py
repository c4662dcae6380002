"""What a server is given comes from where `credentials` says, and a session has it as it is."""

import json

from tests.tool_executor.mcp.serving import by_pipes, declaring, on_loopback, talking


def credentials(place):
    return {"HOSTILE_TOKEN": {"file": str(place)}}


def with_credentials(file, place):
    return type(file).model_validate(
        {**file.model_dump(exclude_none=True), "credentials": credentials(place)}
    )


async def test_a_session_with_an_older_value_serves_no_call(tmp_path):
    place = tmp_path / "token"
    place.write_text("older")
    file = with_credentials(by_pipes("environment", ["HOSTILE_TOKEN"]), place)
    async with talking(file) as talk:
        before = json.loads((await talk.call()).output_json)
        again = json.loads((await talk.call()).output_json)
        place.write_text("newer")
        after = json.loads((await talk.call()).output_json)

    seen = [one["HOSTILE_TOKEN"] for one in (before, again, after)]
    assert seen == ["older", "older", "newer"]
    assert before["HOME"] == again["HOME"] != after["HOME"]


async def test_a_header_is_taken_from_a_file(tmp_path):
    (tmp_path / "token").write_text("open sesame\n")
    with on_loopback("guarded") as way:
        way["http"]["headers"] = {"X-Token": "HOSTILE_TOKEN"}
        async with talking(with_credentials(declaring(way), tmp_path / "token")) as talk:
            found = talk.look.failures

    assert found == ()


async def test_a_server_whose_value_is_not_there_is_unusable_and_says_why(tmp_path):
    file = with_credentials(by_pipes("environment", ["HOSTILE_TOKEN"]), tmp_path / "none")
    async with talking(file) as talk:
        (failure,) = talk.look.failures

    assert "HOSTILE_TOKEN cannot be given" in failure
