# What a person types. `make` alone says what there is.

PYTEST_ARGS ?=
TARGET ?= demo
SUITE ?= bookworm

# One stamp per lock: set up again when a lock or the setup itself changes, otherwise not twice.
RUNTIME := .venv/.runtime-ready
DEV := .venv/.dev-ready

LOCK := .venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --upgrade --group build \
	--generate-hashes --no-emit-index-url --no-annotate --no-header --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench setup lock clean clean-machine

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## Hear a remark that travels the real way (a WAV without a sound card)
	.venv/bin/shuttle-guide demo

test: $(DEV) ## Unit, service and (as root) system tests (PYTEST_ARGS="-k ladder")
	.venv/bin/python -m pytest $(PYTEST_ARGS)

lint: $(DEV) ## ruff and mypy
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

bench: $(DEV) ## The figures, against emulated clouds on loopback
	.venv/bin/python -m tests.bench

setup: $(DEV) ## System packages and .venv for development

lock: $(DEV) ## Resolve the newest versions within pyproject.toml into both locks
	rm -f requirements.lock requirements-dev.lock
	$(LOCK) --output-file requirements.lock
	$(LOCK) --extra dev --constraint requirements.lock --output-file requirements-dev.lock

clean: ## Remove caches and outputs (keeps .venv)
	rm -rf out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find edge tests -name __pycache__ -type d -prune -exec rm -rf {} +

clean-machine: ## Prove a target on a fresh booted machine (TARGET=demo|test SUITE=bookworm|trixie|noble)
	tests/system/clean_machine.sh $(TARGET) $(SUITE)

$(RUNTIME): requirements.lock pyproject.toml scripts/setup.sh
	scripts/setup.sh runtime
	@touch $@

# The development lock holds everything of the runtime lock, so it satisfies the demo too.
$(DEV): requirements-dev.lock pyproject.toml scripts/setup.sh
	scripts/setup.sh dev
	@touch $@ $(RUNTIME)
