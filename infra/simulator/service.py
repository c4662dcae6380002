"""One model request from its bytes to its delivery: read, perform, meet the fault, record."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from infra.simulator.bill import Bill, RecordedRequest
from infra.simulator.conversation import Conversation
from infra.simulator.delivery import Delivery
from infra.simulator.errors import RequestRefused
from infra.simulator.faults import Fault, FaultBoard
from infra.simulator.player import Performance, Player
from infra.simulator.provider_errors import ErrorReply, fault_reply, id_header, refusal
from infra.simulator.reply import Reply, derived_key
from infra.simulator.scenario import Scenario
from infra.simulator.settings import SimulatorSettings
from infra.simulator.tokens import TokenUsage
from infra.simulator.wire import WireFormat, encoded

REFUSED_KEY = "invalid"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came: the wire format, an id for it, its headers and its bytes."""

    wire: WireFormat
    request_id: str
    headers: Mapping[str, str]
    body: bytes


class SimulatorService:
    """The simulated providers of one process."""

    def __init__(self, scenarios: Sequence[Scenario], settings: SimulatorSettings) -> None:
        self.settings = settings
        self.faults = FaultBoard(settings)
        self.bill = Bill(settings.max_recorded_requests)
        self._player = Player(scenarios, settings.seed)
        self._numbers = count(1)

    def answer(self, wire: WireFormat, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Answer one request; whatever is wrong with it becomes the provider's own error."""
        request_id = f"req_{derived_key(self.settings.seed, 'request', next(self._numbers))}"
        incoming = Incoming(wire, request_id, headers, body)
        if not has_key(headers):
            message = f"no API key: send one (any will do, except {REFUSED_KEY!r})"
            return self._failed(incoming, refusal(wire.provider, message, request_id, "auth"))
        try:
            conversation = read_conversation(wire, body)
            performance = self._player.perform(conversation)
        except RequestRefused as error:
            return self._failed(incoming, refusal(wire.provider, str(error), request_id))
        return self._delivered(incoming, conversation, performance)

    def _delivered(
        self, incoming: Incoming, conversation: Conversation, performance: Performance
    ) -> Delivery:
        wire, fault = incoming.wire, self._fault(conversation, performance)
        if fault is not None and fault.refuses:
            error = fault_reply(wire.provider, fault, incoming.request_id)
            self._record(incoming, conversation, performance, fault, error.status)
            return self._refused(incoming, error, performance.delay_seconds)
        if performance.reply is None:
            raise AssertionError("only a refusing fault comes without a reply")
        status = 0 if fault is not None and fault.kind == "hang" else 200
        self._record(incoming, conversation, performance, fault, status)
        return Delivery(
            status=200,
            headers=id_header(wire.provider, incoming.request_id),
            pieces=_pieces(wire, conversation, performance.reply),
            streamed=conversation.stream,
            delay_seconds=performance.delay_seconds,
            fault=fault,
            settings=self.settings,
        )

    def _fault(self, conversation: Conversation, performance: Performance) -> Fault | None:
        armed = self.faults.take_armed(conversation.provider, conversation.model)
        if armed is not None or performance.fault is None:
            return armed
        origin = f"{performance.turn}:{conversation.opening}"
        key = (performance.scenario, conversation.now.step, origin)
        return self.faults.take_scripted(performance.fault, key)

    def _failed(self, incoming: Incoming, error: ErrorReply) -> Delivery:
        wire = incoming.wire
        request = RecordedRequest(incoming.request_id, wire.provider, wire.api, "", error.status)
        self.bill.record(request)
        return self._refused(incoming, error)

    def _refused(
        self, incoming: Incoming, error: ErrorReply, delay_seconds: float = 0.0
    ) -> Delivery:
        return Delivery(
            status=error.status,
            headers=id_header(incoming.wire.provider, incoming.request_id) | error.headers,
            pieces=[encoded(error.body)],
            settings=self.settings,
            delay_seconds=delay_seconds,
        )

    def _record(
        self,
        incoming: Incoming,
        conversation: Conversation,
        performance: Performance,
        fault: Fault | None,
        status: int,
    ) -> None:
        reply = performance.reply
        self.bill.record(
            RecordedRequest(
                request_id=incoming.request_id,
                provider=conversation.provider,
                api=conversation.api,
                model=conversation.model,
                status=status,
                scenario=performance.scenario,
                turn=performance.turn,
                step=conversation.now.step,
                stream=conversation.stream,
                fault=fault.kind if fault else None,
                billed=reply is not None and (fault is None or fault.is_billed),
                usage=reply.usage if reply else TokenUsage(),
            )
        )


def has_key(headers: Mapping[str, str]) -> bool:
    """Whether the request brings an API key, in the header of either provider."""
    bearer = headers.get("authorization", "").removeprefix("Bearer ").strip()
    key = headers.get("x-api-key") or bearer
    return bool(key) and key != REFUSED_KEY


def read_conversation(wire: WireFormat, body: bytes) -> Conversation:
    try:
        request = json.loads(body)
    except ValueError as error:
        raise RequestRefused(f"the body is not JSON: {error}") from error
    if not isinstance(request, dict):
        raise RequestRefused("the body must be a JSON object")
    return wire.read(request)


def _pieces(wire: WireFormat, conversation: Conversation, reply: Reply) -> list[bytes]:
    if conversation.stream:
        return list(wire.frames(reply, conversation.stream_usage))
    return [encoded(wire.whole(reply))]
