"""The whole platform on one machine: `interlock dev`, the demo, the benchmark and the tests."""
