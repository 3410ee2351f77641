# Studio Billing. `make help` says what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
# What is installed follows from these two files: the stamp is theirs, so a second `make setup` does nothing.
STAMP := .venv/.ready-$(shell cat requirements.lock pyproject.toml | cksum | cut -d' ' -f1)

# The tests start hundreds of processes: each would compile all that it imports, where the environment forbids to keep it.
unexport PYTHONDONTWRITEBYTECODE

UNWATCHED := dashboards e2e pipelines reliability
# Tests that try a sample each time; the long row of their cases is for `make reliability`.
LONG_SAMPLES := $(shell grep -lr 'from samples import' tests --include='test_*.py')

.PHONY: help setup demo up test reliability mutation lint types style format docs bench lock

help:  ## say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / | /' | column -t -s '|'

setup: $(STAMP)  ## create .venv, install the pinned dependencies, and the system's libraries where it may

$(STAMP): requirements.lock pyproject.toml
	@.ci/system-packages
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Studio Billing needs Python 3.11 or later; say which one: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing the pinned dependencies into .venv (a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@rm -f .venv/.ready-* && touch $@

demo: setup  ## bill a believable studio while you watch; ONCE=1: do it once, print what happened, and stop
	@$(BIN)/billing demo $(if $(ONCE),--once)

up: setup  ## run it against the real services, with the settings of .env
	@$(BIN)/billing up

test: setup  ## all tests, in random order, with PostgreSQL where it is installed
	@.ci/with-postgres $(BIN)/python -m slipcover --json --out .coverage.json \
		-m pytest -n 4 --dist worksteal $(addprefix --ignore tests/,$(UNWATCHED)) --durations 12
	@$(BIN)/python -m slipcover --merge .coverage.json --out .coverage.json --skip-covered --fail-under 95
	@# What lives through whole days, or looks at pages, is not watched line by line.
	@.ci/with-postgres $(BIN)/python -m pytest -n 4 --dist worksteal $(addprefix tests/,$(UNWATCHED)) --durations 12

reliability: setup  ## prove the promises for hours, and print one table; QUICK=1: for an hour, WRITE=1: into docs/RELIABILITY.md
	@BILLING_LONG_SAMPLES=1 .ci/with-postgres $(BIN)/python -m pytest -n 4 --dist worksteal $(LONG_SAMPLES) $(addprefix tests/,$(UNWATCHED))
	@.ci/with-postgres $(BIN)/python tests/reliability $(if $(QUICK),--quick) $(if $(WRITE),--write) $(if $(ONLY),--only $(ONLY))

mutation: setup  ## change the code in thousands of places and see whether a test notices; ONLY='billing.domain.*': there
	@PATH="$(CURDIR)/$(BIN):$$PATH" python -m mutmut run --max-children 2 $(if $(ONLY),'$(ONLY)') && $(BIN)/python -m mutmut results

lint: setup  ## ruff, mypy --strict, import-linter, sqlfluff
	@$(MAKE) --no-print-directory --jobs 2 types style

types:
	$(BIN)/mypy

style:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	cd sql && ../$(BIN)/sqlfluff lint .

format: setup  ## let ruff write the code its way
	$(BIN)/ruff format .

docs: setup  ## write the pages that are made from the code
	@$(BIN)/python -m billing.cli.reference

bench: setup  ## measure; figures are ratios taken in one run
	@for bench in tests/benchmarks/bench_*.py; do $(BIN)/python $$bench; done

lock:  ## pin the dependencies anew
	@$(PYTHON) -m venv .venv/lock && .venv/lock/bin/python -m pip install --quiet uv
	@.venv/lock/bin/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --upgrade --quiet \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file requirements.lock
