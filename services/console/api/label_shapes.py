"""What the API answers of labels: what people said of runs, and what juries leave to them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class LabelView(BaseModel):
    """What one person said of a run by one metric. Of one person the last counts."""

    model_config = ConfigDict(frozen=True)

    metric: str
    passed: bool
    reason: str
    principal: str
    at: datetime


class SplitJury(BaseModel):
    """One metric that a jury could not agree on, and why not."""

    model_config = ConfigDict(frozen=True)

    metric: str
    why: str


class SplitLine(BaseModel):
    """A run that juries leave to people."""

    model_config = ConfigDict(frozen=True)

    tenant: str
    run_id: str
    agent: str
    ended_at: datetime | None
    juries: tuple[SplitJury, ...]
