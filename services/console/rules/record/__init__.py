"""The decision record: what a step saw, what it decided and why, from the facts of its run."""

from services.console.rules.record.content import without_content
from services.console.rules.record.step import RunRecord, StepRecord, record_of, whole_record
from services.console.rules.record.why import Why, why

__all__ = [
    "RunRecord",
    "StepRecord",
    "Why",
    "record_of",
    "whole_record",
    "why",
    "without_content",
]
