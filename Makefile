# One command for each thing a developer does. `make` alone lists them.
# Everything lives under .venv, build and data; nothing outside the clone is touched.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The first interpreter on this machine that is new enough; `make setup PYTHON=...` chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Tests mostly wait for processes: more of them at a time than there are cores.
WORKERS ?= 3
# Code that is linted and typed: of the folders of the layout those that are there.
CODE := $(wildcard shared services migrations tests benchmarks demo)
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

.PHONY: help setup demo run test screenshots check lint format types layers locks lock bench clean

help:  ## this list
	@echo 'The loyalty ladder. Commands:'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

setup: $(STAMP)  ## make .venv with the locked dependencies (every other command does this first)

$(STAMP): requirements-dev.lock
	@test -n "$(PYTHON)" || { echo 'make setup: Python 3.11 or newer is needed and none was found; name one with PYTHON=/path/to/python3' >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'make setup: $(PYTHON) is older than Python 3.11' >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' || { echo 'make setup: $(PYTHON) has no venv module (on Debian and Ubuntu: apt install python3-venv)' >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	@touch $@

demo: setup  ## load a real shop's purchases and show the ladder (KEEP=1 leaves it serving)
	@$(BIN)/python -m demo

run: setup  ## serve everything on 127.0.0.1:8000, data under ./data
	@$(BIN)/python -m services

test: setup  ## all tests; Kafka from KAFKA_BOOTSTRAP_SERVERS, Java with Maven, or Docker (REQUIRE_KAFKA=1: must be there); the page in Chromium (REQUIRE_BROWSER=1)
	@$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile

screenshots: setup  ## take the pictures of the page in docs/page anew (needs Chromium)
	@$(BIN)/python -m demo.screenshots

check: setup lint types layers locks  ## ruff, mypy, import-linter, lock files

lint: setup
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)

format: setup  ## rewrite the code in the project's format
	@$(BIN)/ruff check --fix $(CODE)
	@$(BIN)/ruff format $(CODE)

types: setup
	@$(BIN)/mypy $(CODE)

layers: setup
	@$(BIN)/lint-imports

# The existing lock is the preference: only a change of pyproject.toml makes a difference, never a release elsewhere.
locks: setup
	@mkdir -p build/locks && cp requirements.lock requirements-dev.lock build/locks/
	@$(LOCK) --output-file build/locks/requirements.lock
	@$(LOCK) --group dev --constraint requirements.lock --output-file build/locks/requirements-dev.lock
	@for lock in requirements.lock requirements-dev.lock; do diff -u $$lock build/locks/$$lock || \
		{ echo "$$lock does not fit pyproject.toml: run 'make lock'" >&2; exit 1; }; done

lock: setup  ## write the lock files again after a change of pyproject.toml (UPGRADE=1: newest releases)
	@$(LOCK) $(if $(UPGRADE),--upgrade) --output-file requirements.lock
	@$(LOCK) $(if $(UPGRADE),--upgrade) --group dev --constraint requirements.lock --output-file requirements-dev.lock

bench: setup  ## measure speed and size
	@$(BIN)/python -m benchmarks

clean:  ## remove what the other commands made, except ./data
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
