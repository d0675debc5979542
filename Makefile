# Gnomon's tasks. Each makes what it needs: Python 3.11 or newer and git are enough.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO ?=
TESTS ?= tests

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Gnomon needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)

# One stamp for each set of extras, so that the demo does not wait for the developers' tools.
$(VENV)/.analysis: pyproject.toml | $(BIN)/python
	@echo "installing Gnomon into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[analysis]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "installing Gnomon and its developers' tools into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.analysis $(VENV)/.stack

$(VENV)/.stack: pyproject.toml | $(BIN)/python
	@echo "installing Gnomon into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[analysis,generators,postgres]'
	@touch $@

.PHONY: demo
demo: $(VENV)/.analysis ## Replay the example skills: accuracy per commit, cost, flaky tests, a report
	@$(BIN)/gnomon demo $(DEMO)

.PHONY: test
test: $(VENV)/.dev ## Run the tests (TESTS=tests/plugin for some of them)
	@$(BIN)/python -m pytest -n 2 --dist worksteal -q $(TESTS)

.PHONY: check
check: $(VENV)/.dev ## Check format, lint, types, generated files and what they say
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@# Each folder of definitions is a module path of its own: two of them hold a routing.py.
	@for folder in dashboards rules alerts collector stack; do \
	  echo "mypy $$folder"; \
	  MYPYPATH=$$folder:instrumentation:generators:generators/typings $(BIN)/mypy $$folder/*.py || exit 1; \
	done
	$(BIN)/gnomon generate --check
	$(BIN)/gnomon check

.PHONY: format
format: $(VENV)/.dev ## Format the code and sort its imports
	$(BIN)/ruff check --fix --select I .
	$(BIN)/ruff format .

.PHONY: generate
generate: $(VENV)/.dev ## Write all that is generated: dashboards, rules, alerts, collector, docs
	$(BIN)/gnomon generate

.PHONY: up down status
up: $(VENV)/.stack ## Start the stack in containers; LOCAL=1 as processes of this machine
	@$(BIN)/gnomon stack up $(if $(LOCAL),--local --detach)

down: $(VENV)/.stack ## Stop the stack; its data stay
	@$(BIN)/gnomon stack down

status: $(VENV)/.stack ## Show what of the stack runs, and how it is
	@$(BIN)/gnomon stack status

.PHONY: dashboards rules alerts collector stack docs
dashboards: $(VENV)/.dev ## Write the dashboards from dashboards/*.py
	$(BIN)/gnomon generate dashboards

rules: $(VENV)/.dev ## Write the recording rules from rules/*.py
	$(BIN)/gnomon generate rules

alerts: $(VENV)/.dev ## Write the alerts and Alertmanager's configuration from alerts/*.py
	$(BIN)/gnomon generate alerts

collector: $(VENV)/.dev ## Write the Collector's configuration from collector/*.py
	$(BIN)/gnomon generate collector

stack: $(VENV)/.dev ## Write docker-compose.yml and the configurations of the stack from stack/*.py
	$(BIN)/gnomon generate stack

docs: $(VENV)/.dev ## Write the generated pages: telemetry, registry export, settings
	$(BIN)/gnomon generate docs

.PHONY: snapshots
snapshots: $(VENV)/.dev ## Write the texts anew by which reviewers see what is generated
	$(BIN)/python -m tests.artefacts.snapshots

.PHONY: benchmarks
benchmarks: $(VENV)/.dev ## Measure Gnomon beside its peers (an hour; QUICK=--quick for a look)
	$(BIN)/python -m benchmarks.plugin_overhead $(QUICK)
	$(BIN)/python -m benchmarks.plugin_blocks $(QUICK)
	$(BIN)/python -m benchmarks.span_cost $(QUICK)
	$(BIN)/python -m benchmarks.dead_collector $(QUICK)

.PHONY: statistics
statistics: $(VENV)/.dev ## Hold the statistics of changes against causes that are known (QUICK=--quick)
	@$(BIN)/python -m benchmarks.changes --all --seeds 1 2 $(QUICK)

.PHONY: wheel
wheel: $(VENV)/.dev ## Build the distribution
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check build
	@$(BIN)/python -m build --wheel

.PHONY: clean
clean: ## Remove the virtual environment and what was built
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
