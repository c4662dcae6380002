"""The streams and every durable consumer, made from the table of subjects."""

from .configs import REPLICAS, RETIRED_CONSUMERS, Bounds, consumer_configs, stream_configs
from .differences import differences_of, plural
from .ensure import StreamIncompatible, StreamsError, UnknownDurability, ensure_streams

__all__ = [
    "REPLICAS",
    "RETIRED_CONSUMERS",
    "Bounds",
    "StreamIncompatible",
    "StreamsError",
    "UnknownDurability",
    "consumer_configs",
    "differences_of",
    "ensure_streams",
    "plural",
    "stream_configs",
]
