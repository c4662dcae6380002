"""Every metric of every service on one /metrics, in a process of its own: each grows when scraped.

In tests' own process it would stay on the registry, and others would see what nobody counted.
"""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module

from prometheus_client import Counter, Gauge, Histogram, generate_latest

from contracts.subjects import SERVICES
from shared.telemetry.levels import Levels
from tests.architecture.sources import ROOT

MODULES = ("shared.metrics", "services.observer.gauges")
OBSERVED = 0.5
SAMPLE = "sample"


def instruments():
    """What the services tell, by the modules that declare it."""
    rooms = [name for name in SERVICES if (ROOT / "services" / name / "metrics.py").exists()]
    names = (*MODULES, *(f"services.{name}.metrics" for name in rooms))
    modules = [import_module(name) for name in names]
    kinds = (Counter, Gauge, Histogram, Levels)
    declared = (one for module in modules for one in vars(module).values())
    return list({id(one): one for one in declared if isinstance(one, kinds)}.values())


def grow(instrument):
    """One more of it, under one value for each of its labels."""
    if isinstance(instrument, Levels):
        instrument.set_all({tuple(SAMPLE for _ in instrument._labels): 1})
        return
    labels = [SAMPLE for _ in instrument._labelnames]
    series = instrument.labels(*labels) if labels else instrument
    match series:
        case Histogram():
            series.observe(OBSERVED)
        case Gauge():
            series.set(1)
        case Counter():
            series.inc()


def main():
    told = instruments()

    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self):
            for one in told:
                grow(one)
            body = generate_latest()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Standard output has the port alone."""

    server = HTTPServer(("127.0.0.1", 0), Metrics)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
