# One command a task. The environments set themselves up from the locks: .venv to use, .venvs/dev to develop.
PYTHON ?= python3
INTO ?= pypi.duckdb
PROJECTS ?=
ARGS ?=

DEV := .venvs/dev/bin
# --no-deps: a lock is whole, and older pips look for newer releases of what is asked for with extras.
INSTALL = -m pip --disable-pip-version-check --quiet install --no-deps

.PHONY: help sync test check format docs lock bench bench-check histories fuzz kills mutants load live servers pyairbyte cdk image warehouses environments supply build audit clean

help: ## What there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

sync: .venv/ready ## Load PROJECTS="flask requests" into a DuckDB file (INTO, pypi.duckdb); further options in ARGS
	@.venv/bin/source-pypi sync $(PROJECTS) --into $(INTO) $(ARGS)

test: .venvs/dev/ready ## Run the tests
	@$(DEV)/python -m pytest $(ARGS)

check: .venvs/dev/ready ## Check format, lint, types, import rules, lock, docs
	@$(DEV)/ruff format --check
	@$(DEV)/ruff check
	@$(DEV)/mypy
	@$(DEV)/lint-imports --no-logo
	@$(DEV)/python requirements/compile.py --check
	@$(DEV)/python requirements/licences.py
	@PYTHONPATH=. $(DEV)/cog --check $(COGGED)

format: .venvs/dev/ready ## Format the code and sort its imports
	@$(DEV)/ruff check --fix-only
	@$(DEV)/ruff format

COGGED = README.md docs/builder.md docs/streams.md docs/settings.md docs/reliability.md
docs: .venvs/dev/ready ## Write what is generated in the docs
	@PYTHONPATH=. $(DEV)/cog -r $(COGGED)

lock: .venvs/dev/ready ## Write the locks anew; ARGS=--upgrade for newer versions
	@$(DEV)/python requirements/compile.py $(ARGS)

# PyAirbyte's environment is empty where it does not run (Python 3.13): what is measured against it is then left out.
bench: .venvs/dev/ready .venvs/cdk/ready .venvs/pyairbyte/ready .venvs/peers/ready ## Measure beside the peers; writes benchmarks/results.md
	@$(DEV)/python -m benchmarks.run $(ARGS)

bench-check: .venvs/dev/ready ## See that the benchmarks work, on few projects, beside the peers that are set up
	@$(DEV)/python -m benchmarks.run --quick

COUNT ?= 5000
histories: .venvs/dev/ready ## Compare incremental syncs with full ones over COUNT random histories of an index
	@$(DEV)/python -m tests.model $(COUNT) $(ARGS)

fuzz: COUNT := $(if $(filter file,$(origin COUNT)),100000,$(COUNT))
fuzz: .venvs/dev/ready ## Put COUNT broken inputs (100000) into every reader of documents and files
	@$(DEV)/python -m tests.fuzz $(COUNT) $(ARGS)

ROUNDS ?= 200
kills: .venvs/dev/ready ## Kill sync and read at random moments, ROUNDS times each, and compare what is left
	@$(DEV)/python -m tests.kills --rounds $(ROUNDS) $(ARGS)

mutants: .venvs/mutants/ready ## Change the core in one place at a time, and see if its tests notice; ARGS="client.py --share 0.1" for less
	@.venvs/mutants/bin/python -m tests.mutants $(ARGS)

LOAD ?= 20000
load: .venvs/dev/ready ## Load LOAD projects from an index that fails now and then, and compare with a good day
	@$(DEV)/python -m tests.load --projects $(LOAD) $(ARGS)

live: .venvs/dev/ready ## Ask the live index for a handful of projects, and check what comes
	@$(DEV)/python -m pytest -m live

# Some servers are folders behind nginx. RUNLEVEL=1: the package's service is not started; the tests start nginx.
servers: .venvs/dev/ready .venvs/servers/ready ## Run against index servers that others wrote, started on the loopback
	@PATH="$$PATH:/usr/sbin"; command -v nginx >/dev/null || { echo "installing nginx" && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends nginx >/dev/null; } || \
	  { echo "nginx is missing, and apt-get did not install it: install nginx, then run make servers again"; exit 1; }
	@$(DEV)/python -m pytest -m servers $(ARGS)

pyairbyte: .venvs/dev/ready .venvs/pyairbyte/ready ## Run under PyAirbyte, into DuckDB, from an index on the loopback
	@$(DEV)/python -m pytest -m pyairbyte $(ARGS)

cdk: .venvs/dev/ready .venvs/cdk/ready ## Run under Airbyte's own tests, readers and models, which the CDK has
	@$(DEV)/python -m pytest -m cdk $(ARGS)

image: .venvs/dev/ready ## Replay the Dockerfile's steps in clean environments, and run what comes out of them
	@$(DEV)/python -m pytest -m image $(ARGS)

warehouses: .venvs/warehouses/ready ## Load PostgreSQL (one is started on the loopback), SQLite and Parquet through dlt
	@.venvs/warehouses/bin/python -m pytest -m warehouses tests/warehouses $(ARGS)

DIST ?= dist
EPOCH = $${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 1577836800)}
build: .venvs/supply/ready ## Build wheel and sdist, the same bytes each time, and an SBOM of the runtime lock, into DIST
	@rm -rf $(DIST)
	@SOURCE_DATE_EPOCH=$(EPOCH) .venvs/supply/bin/python -m build --no-isolation --outdir $(DIST) . >/dev/null
	@SOURCE_DATE_EPOCH=$(EPOCH) .venvs/supply/bin/cyclonedx-py requirements --pyproject pyproject.toml \
	  --output-reproducible --short-PURLs -o $(DIST)/source-pypi.cdx.json requirements/runtime.txt
	@ls $(DIST)

supply: .venvs/dev/ready .venvs/supply/ready ## Build, look at what is in the distributions, and install them in a clean environment
	@$(DEV)/python -m pytest -m supply $(ARGS)

audit: .venvs/supply/ready ## Ask an advisory service of pip-audit's for known vulnerabilities of everything that is locked
	@for lock in requirements/*.txt; do echo "$$lock"; \
	  .venvs/supply/bin/pip-audit --disable-pip --require-hashes --progress-spinner off -r $$lock $(ARGS) || failed=1; \
	done; test -z "$$failed"

environments: .venvs/dev/ready ## Install the wheel for each Python that there is, and compare what comes
	@$(DEV)/python -m pytest -m environments $(ARGS)

clean: ## Remove the environments and everything that was made
	@rm -rf .venv .venvs build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# --no-build-isolation: everything comes from the lock, nothing besides.
.venv/ready: requirements/runtime.txt pyproject.toml
	@echo "setting up .venv"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "source-pypi needs Python 3.11 or newer")'
	@$(PYTHON) -m venv --clear .venv
	@.venv/bin/python $(INSTALL) --require-hashes -r requirements/runtime.txt
	@.venv/bin/python $(INSTALL) --no-build-isolation --editable .
	@touch $@

# Those in which the package is, too, and is worked on.
.venvs/dev/ready .venvs/warehouses/ready .venvs/mutants/ready: .venvs/%/ready: requirements/%.txt pyproject.toml
	@echo "setting up .venvs/$*"
	@$(PYTHON) -m venv --clear .venvs/$*
	@.venvs/$*/bin/python $(INSTALL) --require-hashes -r $<
	@.venvs/$*/bin/python $(INSTALL) --no-build-isolation --editable .
	@touch $@

# Those of what others wrote. Nothing is installed for PyAirbyte on Python 3.13 or newer, where it does not run: every
# line of its lock says so.
.venvs/supply/ready .venvs/servers/ready .venvs/pyairbyte/ready .venvs/cdk/ready .venvs/peers/ready: .venvs/%/ready: requirements/%.txt
	@echo "setting up .venvs/$*"
	@$(PYTHON) -m venv --clear .venvs/$*
	@.venvs/$*/bin/python $(INSTALL) --require-hashes -r $<
	@touch $@
