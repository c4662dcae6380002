"""Histories whose facts say where they belong, as services would have written it."""

from dataclasses import replace

from shared.tracing.context import following, resuming, run_context, segment_root


def traced(facts, resumed=(), caller=None):
    """The facts with their `traceparent`; those at the indices `resumed` begin a new segment."""
    told = {}
    found = []
    for index, fact in enumerate(facts):
        header = _place(fact, told, index in resumed, caller).header
        placed = replace(fact, traceparent=header)
        told.setdefault(fact.id, placed)
        found.append(placed)
    return found


def _place(fact, told, is_resumed, caller):
    cause = told.get(fact.cause_id)
    if cause is None and fact.type == "task.submitted":
        return caller or run_context(fact.tenant, fact.run_id)
    if is_resumed:
        return resuming(fact.tenant, fact.run_id, fact.cause_id)
    # What is said of the run as a whole is said where its latest fact was.
    if cause is None or cause.type == "task.submitted":
        cause = list(told.values())[-1]
    place = following(cause)
    if fact.type == "model.requested":
        return segment_root(place.trace_id, fact.tenant, fact.run_id)
    return place
