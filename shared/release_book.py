"""What labels of agents stand for, as far as it is known: now, before, and what is asked for."""

from dataclasses import dataclass, field

from contracts.agent import Agent, ReleaseLabel
from contracts.release import AgentReleased, ReleaseAsked
from contracts.subjects import RELEASE

Either = AgentReleased | ReleaseAsked


@dataclass
class ReleaseBook:
    """What is in force by subject, the last request of each agent, and everything that was."""

    by_subject: dict[str, AgentReleased] = field(default_factory=dict)
    asked: dict[str, ReleaseAsked] = field(default_factory=dict)
    history: list[AgentReleased] = field(default_factory=list)
    definitions: dict[tuple[str, str], Agent] = field(default_factory=dict)
    # Where the last word about each agent lies in the log; whoever judged it says so.
    sequences: dict[str, int] = field(default_factory=dict)

    def keep(self, told: Either) -> None:
        """Put it into force."""
        if isinstance(told, ReleaseAsked):
            self.asked[told.agent] = told
            return
        self.by_subject[told.subject] = told
        self.history.append(told)
        if told.definition is not None:
            self.definitions[told.agent, told.definition.version] = told.definition

    def head(self, agent: str, label: ReleaseLabel) -> AgentReleased | None:
        """What a label stands for; None where there is no such label, or it was taken away."""
        found = self.by_subject.get(RELEASE.format(agent=agent, label=label))
        return None if found is None or found.definition is None else found

    def version(self, agent: str, label: ReleaseLabel) -> str | None:
        """The version of that definition."""
        found = self.head(agent, label)
        return None if found is None or found.definition is None else found.definition.version
