"""What a run may do by its plan, and what of it the runs have that it calls.

A plan that a model could leave by calling another agent would bind nobody. So a run that answers a
call has of its caller's plan what stands below that call, and nothing else of it is planned.
"""

from ..agent import Plan
from .state import Run

BELOW = "/"
"""Between a call of an agent and what its run may call: `ask_clerk/find_order`."""


def plan_of(run: Run) -> Plan | None:
    """How often each tool may be called, as the agent's author and the task have it."""
    asked = run.submitted.body.plan if run.submitted is not None else None
    return run.started.body.agent.plan_for(asked) if run.started is not None else asked


def share(run: Run, tool: str) -> Plan | None:
    """The plan of each run that a call of this agent starts; None where the caller has none.

    It is empty where the caller's plan has nothing below the call.
    """
    plan, below = plan_of(run), f"{tool}{BELOW}"
    if plan is None:
        return None
    return {
        name.removeprefix(below): calls for name, calls in plan.items() if name.startswith(below)
    }
