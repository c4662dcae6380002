"""What can go wrong, how often, and until when. Each seed has its own weather.

Half of the faults are off in any one seed, the others come more or less often: bugs hide from a
mixture in which everything always happens, and show where one thing happens again and again.
"""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from random import Random


class Fault(StrEnum):
    """Every kind of fault. The comment says what the victim sees of it."""

    CRASH = "crash"  # the process is gone, with its caches and everything in flight
    FREEZE = "freeze"  # the process stands still, past its ack_wait and past its claims
    SLOW = "slow"  # one call takes long
    DUPLICATE = "duplicate"  # a heartbeat was lost: the message also goes to somebody else
    LOST_SETTLEMENT = "lost_settlement"  # an ack, nak or term never arrived
    LOST_PUBLISH = "lost_publish"  # nothing was stored, and no answer came
    LOST_ACK = "lost_ack"  # it was stored, and no answer came
    LATE_PUBLISH = "late_publish"  # no answer came, and it is stored later
    OUTAGE = "outage"  # the log answers nobody for a while
    STALE_READ = "stale_read"  # a replica of the log that lags behind answers
    STALE_LEADER = "stale_leader"  # a leader that was just deposed answers
    FAILED_READ = "failed_read"  # no answer
    LOST_NOTICE = "lost_notice"  # of a new order; it is found when they are read again anyway
    LATE_TICK = "late_tick"  # a schedule fires some seconds late
    SECOND_TICK = "second_tick"  # a new leader fires what its predecessor had fired
    STORE_FAILED = "store_failed"  # the ledger's database did nothing, and said so
    STORE_UNSURE = "store_unsure"  # it committed, and the connection broke
    RATE_LIMITED = "rate_limited"
    PROVIDER_DOWN = "provider_down"
    PROVIDER_HANGS = "provider_hangs"  # no answer within the time limit; it may be billed
    MALFORMED_ANSWER = "malformed_answer"
    MALFORMED_ARGUMENTS = "malformed_arguments"  # a tool call whose arguments are no JSON
    UNKNOWN_TOOL = "unknown_tool"  # a call of a tool that the agent does not have
    USAGE_UNKNOWN = "usage_unknown"  # an answer that does not say what it cost
    OVERBILLED = "overbilled"  # an answer that costs more than its bounds allow
    TOOL_REFUSES = "tool_refuses"  # it did nothing, and says so
    TOOL_RAISES = "tool_raises"  # it did something or not, and raised
    TOOL_HANGS = "tool_hangs"  # it was stopped at its time limit, in the middle
    TOOL_VANISHES = "tool_vanishes"  # its worker process died under it
    TOOL_BABBLES = "tool_babbles"  # it returned more than it may
    NO_WORKER = "no_worker"  # there is no place to run it now
    CHECKER_DOWN = "checker_down"
    WRONG_CLEARANCE = "wrong_clearance"  # the gate signs a clearance of something else


RATES: Mapping[Fault, float] = {
    Fault.CRASH: 0.004,
    Fault.FREEZE: 0.002,
    Fault.SLOW: 0.01,
    Fault.DUPLICATE: 0.03,
    Fault.LOST_SETTLEMENT: 0.03,
    Fault.LOST_PUBLISH: 0.02,
    Fault.LOST_ACK: 0.03,
    Fault.LATE_PUBLISH: 0.02,
    Fault.OUTAGE: 0.0005,
    Fault.STALE_READ: 0.15,
    Fault.STALE_LEADER: 0.05,
    Fault.FAILED_READ: 0.02,
    Fault.LOST_NOTICE: 0.2,
    Fault.LATE_TICK: 0.2,
    Fault.SECOND_TICK: 0.2,
    Fault.STORE_FAILED: 0.03,
    Fault.STORE_UNSURE: 0.03,
    Fault.RATE_LIMITED: 0.1,
    Fault.PROVIDER_DOWN: 0.1,
    Fault.PROVIDER_HANGS: 0.1,
    Fault.MALFORMED_ANSWER: 0.05,
    Fault.MALFORMED_ARGUMENTS: 0.1,
    Fault.UNKNOWN_TOOL: 0.1,
    Fault.USAGE_UNKNOWN: 0.1,
    Fault.OVERBILLED: 0.02,
    Fault.TOOL_REFUSES: 0.1,
    Fault.TOOL_RAISES: 0.1,
    Fault.TOOL_HANGS: 0.1,
    Fault.TOOL_VANISHES: 0.1,
    Fault.TOOL_BABBLES: 0.05,
    Fault.NO_WORKER: 0.1,
    Fault.CHECKER_DOWN: 0.02,
    Fault.WRONG_CLEARANCE: 0.3,
}
INTENSITIES = (0.0, 0.0, 0.0, 0.5, 1.0, 3.0)
CALM_AFTER_SECONDS = (20.0, 60.0, 180.0)


class Faults:
    """Decides at every opportunity whether a fault strikes, until the weather is calm."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.rates = {fault: RATES.get(fault, 0.0) * chance.choice(INTENSITIES) for fault in Fault}
        self.calm_after_seconds = chance.choice(CALM_AFTER_SECONDS)
        self.calm = False
        self.counts: Counter[Fault] = Counter()

    def strikes(self, fault: Fault) -> bool:
        rate = self.rates[fault]
        if self.calm or not rate or self._chance.random() >= rate:
            return False
        self.counts[fault] += 1
        return True
