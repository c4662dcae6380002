# Every target installs what it needs, uv included. ARGS are passed on: make demo ARGS=--json

PYTHON ?= python3
UV_VERSION := 0.13.9
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := .venv/bin/python -m
SYNCED := .venv/.synced
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install demo test check dev bench simulate chaos replay-check test-next generate clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

install: $(SYNCED) ## Install everything into .venv

demo: $(SYNCED) ## Watch six agent runs pass every layer (offline, under a minute)
	@$(RUN) infra.demo $(ARGS)

test: $(SYNCED) ## Run every test, on real servers, in two processes
	@INTERLOCK_UV=$(UV) .venv/bin/pytest -n 2 --dist loadfile $(ARGS)

check: $(SYNCED) ## Format, lint, types, layers, generated files
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@$(RUN) infra.generate --check

dev: $(SYNCED) ## Run the platform on this machine until Ctrl-C
	@.venv/bin/interlock dev $(ARGS)

bench: $(SYNCED) ## Measure durable steps a second, and what a step costs
	@$(RUN) infra.bench $(ARGS)

simulate: $(SYNCED) ## Simulate the platform under seeded faults: ARGS="--seeds 2000"
	@$(RUN) tests.simulation $(ARGS)

chaos: $(SYNCED) ## Kill services, log and database around 500 runs; then count what was kept
	@$(RUN) infra.chaos $(ARGS)

replay-check: $(SYNCED) ## Decide recorded histories again: ARGS="FILE..." for your own
	@$(RUN) infra.replay $(ARGS)

test-next: .uv/next ## Run the router's tests on the next major version of the openai SDK
	@.uv/next/bin/pytest tests/model_router $(ARGS)

generate: $(SYNCED) ## Write AsyncAPI, JSON Schemas and NATS permissions from the contracts
	@$(RUN) infra.generate

clean: ## Remove environments, caches and the state of the embedded platform
	@rm -rf .venv .uv .interlock .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(SYNCED): uv.lock pyproject.toml $(wildcard */pyproject.toml services/*/pyproject.toml) | $(UV)
	@$(UV) sync --frozen --quiet >&2
	@touch $@

# Debian refuses a bare `pip install`, so uv gets a small environment of its own.
.uv/bin/uv:
	@$(PYTHON) -m venv .uv >&2
	@.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) >&2

.uv/next: uv.lock | $(UV)
	@UV_PROJECT_ENVIRONMENT=$@ $(UV) sync --frozen --quiet >&2
	@$(UV) pip install --quiet --python $@/bin/python 'openai>=3,<4' >&2
	@touch $@
