# Every command of the project. `make` alone lists them.

VENV := .venv
PYTHON := $(VENV)/bin/python
PEOPLE ?= 2000
SEED ?= 1
PORT ?= 8080
RECORDS ?= 1000000 10000000
export CARECORD_DATA ?= $(CURDIR)/.sandpit

.DEFAULT_GOAL := help
.PHONY: help install demo test check lint types layers bench bench-index bench-fhir lock docs clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# The lock file holds every version with its hash; the mark is older than it when it has changed.
$(VENV)/.demo-installed: requirements.lock pyproject.toml
	@test -x $(PYTHON) || python3 -m venv $(VENV)
	@echo "Installing carecord into $(VENV) …"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test-installed: requirements-dev.lock $(VENV)/.demo-installed
	@echo "Installing what the tests need …"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# One of the FHIR clients that the tests use is Node.js's; where there is no npm, its test says so and is skipped.
KIT := tests/functional/fhir_kit_client
$(KIT)/node_modules: $(KIT)/package-lock.json
	@! command -v npm >/dev/null || npm ci --silent --ignore-scripts --no-audit --no-fund --prefix $(KIT)

install: $(VENV)/.test-installed ## Install carecord and all that tests and benchmarks need into .venv

demo: $(VENV)/.demo-installed ## Start the sandpit, do the main job once, stay up (ONCE=1: end after it)
	@$(VENV)/bin/carecord demo --people $(PEOPLE) --seed $(SEED) --port $(PORT) $(if $(ONCE),--once)

test: $(VENV)/.test-installed $(KIT)/node_modules ## Run every test, and the checks of style, types and layers
	@$(MAKE) --no-print-directory lint types layers
	$(PYTHON) -m pytest -n auto --dist loadfile

check: lint types layers ## Style, types and layers alone

lint: $(VENV)/.test-installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(VENV)/.test-installed
	$(VENV)/bin/mypy

layers: $(VENV)/.test-installed
	$(VENV)/bin/lint-imports

bench: $(VENV)/.test-installed ## Measure against baselines of the same run and print one table
	$(PYTHON) -m benchmarks

bench-index: $(VENV)/.test-installed ## Measure arrivals at an index of 1 and of 10 million (RECORDS="1000000 10000000")
	$(PYTHON) -m benchmarks.index.arrivals --records $(RECORDS)

bench-fhir: $(VENV)/.test-installed ## Measure the FHIR face against bare SQL of the same run
	$(PYTHON) -m benchmarks.fhir

docs: $(VENV)/.test-installed ## Write the generated reference pages anew
	$(PYTHON) -m carecord.portal.markdown docs/reference/generated

lock: ## Resolve the dependencies anew and write the lock files
	$(VENV)/bin/uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header \
	    --python-version 3.11 --extra build --output-file requirements.lock --upgrade
	$(VENV)/bin/uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header \
	    --python-version 3.11 --all-extras --group dev --constraint requirements.lock \
	    --output-file requirements-dev.lock --upgrade

clean: ## Remove the sandpit and everything that was built
	rm -rf .sandpit $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
