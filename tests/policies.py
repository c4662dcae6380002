"""Policies for tests that are about something else."""

from services.guardrail_checker.rules import ToolPolicy

ANY_CALL = '@id("any_call") permit (principal, action, resource);'
LENIENT = ToolPolicy(name="lenient", default_policies=False, cedar=ANY_CALL)
