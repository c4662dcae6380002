"""The whole platform on one machine: `interlock dev`, the demo, the benchmark and the tests."""

from .platform import DevOptions, DevPlatform

__all__ = ["DevOptions", "DevPlatform"]
