"""The streams and every durable consumer, made from the table of subjects."""

from .configs import REPLICAS, RETIRED_CONSUMERS, Bounds, consumer_configs, stream_configs
from .ensure import StreamIncompatible, StreamsError, UnknownDurability, ensure_streams

__all__ = [
    "REPLICAS",
    "RETIRED_CONSUMERS",
    "Bounds",
    "StreamIncompatible",
    "StreamsError",
    "UnknownDurability",
    "consumer_configs",
    "ensure_streams",
    "stream_configs",
]
