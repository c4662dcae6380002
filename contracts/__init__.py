"""The facts, shapes and subjects of Interlock, for producers and authors of tools.

A producer needs `TaskSubmitted`, `follow` and `encode`; who reads a run, `believe` and `fold`; an
author of tools, `tool`, `ToolContext` and `Labelled`. The rest is in the modules, one a topic.
"""

from .agent import Agent, AgentLimits
from .envelope import Encoded, Fact, Signer, Stored, Unbelievable, Verifier, believe, encode, follow
from .history import Run, conversation, fold, prompt
from .ids import derive_id, root_id
from .labels import Labelled
from .run import RunCancelled, RunCompleted, RunFailed
from .subjects import FACTS, Subject, parse_subject, run_prefix
from .task import TaskLimits, TaskSubmitted
from .tool import ToolContext, ToolManifest, ToolRefused, manifest_of, tool

__all__ = [
    "FACTS",
    "Agent",
    "AgentLimits",
    "Encoded",
    "Fact",
    "Labelled",
    "Run",
    "RunCancelled",
    "RunCompleted",
    "RunFailed",
    "Signer",
    "Stored",
    "Subject",
    "TaskLimits",
    "TaskSubmitted",
    "ToolContext",
    "ToolManifest",
    "ToolRefused",
    "Unbelievable",
    "Verifier",
    "believe",
    "conversation",
    "derive_id",
    "encode",
    "fold",
    "follow",
    "manifest_of",
    "parse_subject",
    "prompt",
    "root_id",
    "run_prefix",
    "tool",
]
