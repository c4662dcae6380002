"""Storing: what passes is waited for, what stays is told."""

import pytest
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import PubAck
from nats.js.errors import APIError, NoStreamResponseError

from contracts.envelope import Encoded
from shared.connection import servers_of
from shared.errors import LogRefused, LogUnavailable
from shared.storing import TRANSIENT_CODES, WRONG_LAST_SEQUENCE, store

MESSAGE = Encoded("run.acme.r-1.task.submitted", {}, b"{}")


class Stream:
    """Answers with what it was given, one after the other; the last for ever."""

    def __init__(self, *answers: Exception | PubAck) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def publish(self, *_: object, **__: object) -> PubAck:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if isinstance(answer, Exception):
            raise answer
        return answer


def refusal(code: int) -> APIError:
    return APIError(code=503, err_code=code, description="not now")


async def stored(stream: Stream, patience_seconds: float = 5.0) -> int:
    return (await store(stream, MESSAGE, timeout_seconds=1, patience_seconds=patience_seconds)).seq


@pytest.mark.parametrize(
    "passing",
    [NatsTimeoutError(), NoStreamResponseError(), *map(refusal, sorted(TRANSIENT_CODES))],
    ids=repr,
)
async def test_what_passes_is_tried_again(passing):
    stream = Stream(passing, passing, PubAck(stream="RUNS", seq=7))

    assert await stored(stream) == 7
    assert stream.asked == 3


async def test_a_race_that_is_not_decided_yet_is_lost_when_it_is():
    stream = Stream(refusal(10164), refusal(WRONG_LAST_SEQUENCE))

    with pytest.raises(LogRefused) as refused:
        await stored(stream)

    assert refused.value.code == WRONG_LAST_SEQUENCE


async def test_what_will_not_change_is_not_tried_again():
    stream = Stream(refusal(10077))

    with pytest.raises(LogRefused):
        await stored(stream)

    assert stream.asked == 1


async def test_patience_ends():
    with pytest.raises(LogUnavailable):
        await stored(Stream(NoStreamResponseError()), patience_seconds=0.0)


def test_several_servers_are_named_with_commas_between():
    assert servers_of("nats://a:1") == ["nats://a:1"]
    assert servers_of("nats://a:1, nats://b:2,") == ["nats://a:1", "nats://b:2"]
