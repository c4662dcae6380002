"""The AsyncAPI 3.0 document: every channel, who says what on it, and who hears it."""

from contracts.envelope import SCHEMA_VERSION
from contracts.hearings import HEARINGS
from contracts.subjects import (
    CONSOLE,
    CRASH_SUBJECT,
    DEAD_NOTE,
    DEAD_SUBJECT,
    EXECUTOR,
    FACTS,
    LIVE_PROGRESS,
    LIVE_TOKENS,
    ORCHESTRATOR,
    PRODUCER,
    REDRIVEN,
    ROUTER,
    SERVICES,
    TIMER_FIRED,
    TIMER_SET,
    FactKind,
)

Json = dict[str, object]

_PARAMETERS = {
    "tenant": "Whose run it is: 1 to 64 of A-Z a-z 0-9 _ -",
    "run_id": "The producer's own key of the run: 1 to 64 of A-Z a-z 0-9 _ -",
    "key": "What a claim is for, so that it can be created only once",
    "name": "The timer's name within its run",
    "service": "Who set the message aside",
    "rule": "Which rule the message broke",
    "number": "The sequence of a dead letter in its stream",
    "durable": "The durable consumer that heard the message",
    "sequence": "Where the message lies in its stream",
}
# Channels that carry no facts: who says, who hears, and what.
_BESIDE = (
    (TIMER_SET, (ORCHESTRATOR,), (), "A message schedule: when to fire for a run."),
    (TIMER_FIRED, (), (ORCHESTRATOR,), "The engine says that a timer of the run is due."),
    (DEAD_SUBJECT, SERVICES, (CONSOLE,), "A message that could not be used, with the reason."),
    (DEAD_NOTE, (CONSOLE,), (CONSOLE,), "What a person decided about a dead letter, and why."),
    (CRASH_SUBJECT, SERVICES, SERVICES, "How often a message ended its worker, for an hour."),
    (LIVE_TOKENS, (ROUTER,), (CONSOLE,), "Tokens as they come, on core NATS; never stored."),
    (LIVE_PROGRESS, (EXECUTOR,), (CONSOLE,), "How far a tool is, on core NATS; never stored."),
)


def asyncapi() -> Json:
    """The whole document, in the order in which a run lives through it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Interlock",
            "version": SCHEMA_VERSION,
            "description": "Every fact of a run is one message on one JetStream stream, RUNS.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            **{kind.type: _fact_channel(kind) for kind in FACTS},
            **{_name(each[0]): _channel(each[0], each[3]) for each in _BESIDE},
        },
        "operations": {
            **{key: value for kind in FACTS for key, value in _fact_operations(kind)},
            **{key: value for each in _BESIDE for key, value in _operations(*each[:3])},
        },
        "components": {
            "messages": {kind.type: _message(kind) for kind in FACTS},
            "messageTraits": {"fact": {"headers": _headers()}},
        },
    }


def _fact_channel(kind: FactKind) -> Json:
    address = f"run.{{tenant}}.{{run_id}}.{kind.type}" + (".{key}" if kind.keyed else "")
    reference = {kind.type: {"$ref": f"#/components/messages/{kind.type}"}}
    return {**_channel(address, _summary(kind)), "messages": reference}


def _channel(address: str, description: str) -> Json:
    parameters = {
        name: {"description": text}
        for name, text in _PARAMETERS.items()
        if f"{{{name}}}" in address
    }
    return {"address": address, "description": description, "parameters": parameters}


def _fact_operations(kind: FactKind) -> list[tuple[str, Json]]:
    hearers = tuple(each.service for each in HEARINGS if kind.type in (*each.types, REDRIVEN))
    # A producer listens on the prefix of its run, with no consumer of its own.
    return _operations(kind.type, (kind.owner, *kind.also), (*hearers, PRODUCER))


def _operations(
    address: str, says: tuple[str, ...], hears: tuple[str, ...]
) -> list[tuple[str, Json]]:
    name = _name(address)
    sends = ((f"{who}.says.{name}", _operation("send", name)) for who in says)
    receives = ((f"{who}.hears.{name}", _operation("receive", name)) for who in hears)
    return [*sends, *receives]


def _operation(action: str, channel: str) -> Json:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}


def _message(kind: FactKind) -> Json:
    return {
        "name": kind.type,
        "title": kind.body.__name__,
        "summary": _summary(kind),
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/fact"}],
        "payload": {"$ref": f"schemas/{kind.type}.json"},
        "x-owner": kind.owner,
        "x-signed": kind.starred,
    }


def _headers() -> Json:
    """CloudEvents 1.0 in binary mode. Of a submission alone, all of them may be left out."""
    text = {"type": "string"}
    return {
        "type": "object",
        "required": ["Nats-Msg-Id", "ce-id", "ce-source", "ce-specversion", "ce-type"],
        "properties": {
            "Nats-Msg-Id": {**text, "description": "The id again, for the engine's own window"},
            "ce-id": {**text, "description": "Derived from the cause, so that it can be checked"},
            "ce-source": {**text, "description": "The owner, such as /cost_ledger"},
            "ce-specversion": {"const": "1.0"},
            "ce-type": {**text, "description": "Noun and past-tense verb, as in the subject"},
            "ce-time": {**text, "format": "date-time"},
            "ce-schemaversion": {"const": SCHEMA_VERSION},
            "ce-causeid": {**text, "description": "The id of the fact that this one answers"},
            "ce-runsequence": {**text, "description": "Where in the stream the run begins"},
            "ce-signature": {**text, "description": "Ed25519 of the owner, where x-signed is true"},
            "traceparent": {**text, "description": "W3C trace context"},
        },
    }


def _summary(kind: FactKind) -> str:
    return (kind.body.__doc__ or kind.type).split("\n", maxsplit=1)[0]


def _name(address: str) -> str:
    return ".".join(token for token in address.split(".") if not token.startswith("{"))
