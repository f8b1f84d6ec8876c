# One command a task. A command creates the environment that it needs, from its lock: .venv to use the package,
# .venvs/<name> to work on it. "make help" prints the "##" lines.
PYTHON ?= python3
INTO ?= pypi.duckdb
PROJECTS ?=
ARGS ?=

DEV := .venvs/dev/bin
# --no-deps: a lock is complete, and older pips look for newer releases of requirements with extras.
INSTALL = -m pip --disable-pip-version-check --quiet install --no-deps

.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*\#\# .*/\1/p' $(firstword $(MAKEFILE_LIST)))

help: ## List the commands
	@awk -F ':.*## ' '/^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

##@ Use
sync: .venv/ready ## Load PROJECTS="flask requests" into the DuckDB file INTO (pypi.duckdb); more options in ARGS
	@.venv/bin/source-pypi sync $(PROJECTS) --into $(INTO) $(ARGS)

install: .venv/ready ## Create .venv, with the command .venv/bin/source-pypi

clean: ## Remove all environments and build results
	@rm -rf .venv .venvs build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

##@ Develop
JOBS ?= auto
test: .venvs/dev/ready ## Run the tests, JOBS at a time (one a core); ARGS="-x tests/streams" for some of them
	@$(DEV)/python -m pytest --numprocesses $(JOBS) --dist worksteal $(ARGS)

check: .venvs/dev/ready ## Check format, lint, types, imports, locks, licences and generated documentation
	@$(DEV)/ruff format --check
	@$(DEV)/ruff check
	@$(DEV)/mypy
	@$(DEV)/lint-imports --no-logo
	@$(DEV)/python requirements/compile.py --check
	@$(DEV)/python requirements/licences.py
	@$(DEV)/python tools/draw_architecture.py --check
	@$(DEV)/python tools/write_audit_schema.py --check
	@$(DEV)/python tools/write_stubs.py --check
	@$(DEV)/python tools/write_version.py --check
	@PYTHONPATH=. $(DEV)/cog --check $(COGGED)

format: .venvs/dev/ready ## Format the code and sort its imports
	@$(DEV)/ruff check --fix-only
	@$(DEV)/ruff format

COGGED = $(shell grep -l "\[\[\[cog" README.md docs/*.md docs/*/*.md)
docs: .venvs/dev/ready ## Generate the library's types, the picture of the architecture, schemas, tables in the docs, and files for Airbyte
	@$(DEV)/python tools/draw_architecture.py
	@$(DEV)/python tools/write_audit_schema.py
	@$(DEV)/python tools/write_stubs.py
	@$(DEV)/python tools/write_version.py
	@PYTHONPATH=. $(DEV)/cog -r $(COGGED)
	@$(DEV)/python -m tests.connector

site: .venvs/docs/ready ## Build the site of the documentation into build/site, with its links checked
	@.venvs/docs/bin/python tools/build_site.py

lock: .venvs/dev/ready ## Write the locks; ARGS=--upgrade for newer versions
	@$(DEV)/python requirements/compile.py $(ARGS)

# PyAirbyte does not run on Python 3.13 or newer: its environment is then empty, and its benchmark is left out.
bench: .venvs/dev/ready .venvs/cdk/ready .venvs/pyairbyte/ready .venvs/peers/ready ## Compare speed and memory with other tools; writes benchmarks/results.md
	@$(DEV)/python -m benchmarks.run $(ARGS)

PROJECTS_COUNT ?= 750000
whole-index: .venvs/dev/ready ## Load a generated index of PROJECTS_COUNT projects (750000), and measure it; ARGS="--kill-after 600"
	@$(DEV)/python -m benchmarks.full_sync --projects $(PROJECTS_COUNT) $(ARGS)

bench-check: .venvs/dev/ready ## Check on few projects that the benchmarks run
	@$(DEV)/python -m benchmarks.run --quick
	@$(DEV)/python -m benchmarks.full_sync --projects 300

##@ Campaigns
COUNT ?= 5000
histories: .venvs/dev/ready ## Compare incremental syncs with full ones, for COUNT random histories of an index (5000)
	@$(DEV)/python -m tests.model $(COUNT) $(ARGS)

fuzz: COUNT := $(if $(filter file,$(origin COUNT)),100000,$(COUNT))
fuzz: .venvs/dev/ready ## Pass COUNT broken inputs (100000) to every reader of documents and files
	@$(DEV)/python -m tests.fuzz $(COUNT) $(ARGS)

ROUNDS ?= 200
kills: .venvs/dev/ready ## Kill sync and read at random moments, ROUNDS times each (200), and compare the tables
	@$(DEV)/python -m tests.kills --rounds $(ROUNDS) $(ARGS)

LOAD ?= 20000
load: .venvs/dev/ready ## Load LOAD projects (20000) from an index with faults, and compare with one without
	@$(DEV)/python -m tests.load --projects $(LOAD) $(ARGS)

oracle: COUNT := $(if $(filter file,$(origin COUNT)),2000,$(COUNT))
oracle: .venvs/warehouses/ready ## Compare all destinations with an independent oracle, for COUNT histories of an index that fails (2000)
	@.venvs/warehouses/bin/python -m tests.oracle $(COUNT) --known $(ARGS)

wire-fuzz: COUNT := $(if $(filter file,$(origin COUNT)),1000000,$(COUNT))
wire-fuzz: .venvs/dev/ready ## Load projects from COUNT malformed responses (1000000): rows or an error for each
	@$(DEV)/python -m tests.oracle.wire_fuzz $(COUNT) $(ARGS)

mutants: .venvs/mutants/ready ## Change the core in one place at a time; its tests must fail; ARGS="http/client.py --share 0.1"
	@.venvs/mutants/bin/python -m tests.mutants $(ARGS)

##@ Conformance
# $(call system,PROGRAM,PACKAGE): a program that no lock has. RUNLEVEL=1: a service in the package is not started.
system = PATH="$$PATH:/usr/sbin:$$(echo /usr/lib/postgresql/*/bin | tr ' ' ':')"; command -v $(1) >/dev/null || \
	  { echo "installing $(2)" && apt-get -o DPkg::Lock::Timeout=300 update -qq && \
	  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends $(2) >/dev/null; } || \
	  { echo "$(1) is missing, and apt-get did not install it: install $(2), then run make $@ again"; exit 1; }

# Some servers are folders behind nginx, which the tests start.
servers: .venvs/dev/ready .venvs/servers/ready ## Test against index servers that others wrote, started on the loopback
	@$(call system,nginx,nginx)
	@$(DEV)/python -m pytest -m servers $(ARGS)

# Playwright drives the distribution's Chromium: nothing is downloaded from elsewhere.
browser: .venvs/browser/ready ## Test the report in Chromium
	@$(call system,chromium,chromium)
	@.venvs/browser/bin/python -m pytest -m browser tests/browser $(ARGS)

clickhouse: .venvs/clickhouse/ready ## Run the SQL for ClickHouse in chdb, on the playground's tables
	@.venvs/clickhouse/bin/python -m pytest -m clickhouse tests/clickhouse $(ARGS)

cdk: .venvs/dev/ready .venvs/cdk/ready ## Test with Airbyte's standard tests, readers and models
	@$(DEV)/python -m pytest -m cdk $(ARGS)

cdk-lowest: .venvs/dev/ready .venvs/cdk-lowest/ready ## Test the manifest with the lowest version of the CDK that it names
	@CDK_BIN=.venvs/cdk-lowest/bin $(DEV)/python -m pytest -m cdk tests/cdk/test_manifest.py $(ARGS)

pyairbyte: .venvs/dev/ready .venvs/pyairbyte/ready ## Test under PyAirbyte, into DuckDB
	@$(DEV)/python -m pytest -m pyairbyte $(ARGS)

warehouses: .venvs/warehouses/ready ## Test loading into PostgreSQL (started on the loopback), SQLite and Parquet
	@$(call system,initdb,postgresql)
	@.venvs/warehouses/bin/python -m pytest -m warehouses tests/warehouses tests/oracle/test_histories.py $(ARGS)

frames: .venvs/frames/ready ## Test the library with DuckDB, Polars, pandas, pyarrow, DataFusion and Ibis, and with pyright
	@.venvs/frames/bin/python -m pytest -m frames tests/frames $(ARGS)

JRE = default-jre-headless
spark: .venvs/spark/ready ## Test the data source in a cluster of Spark (started on the loopback)
	@.venvs/spark/bin/python -m tests.spark.java || { echo "installing $(JRE)" && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(JRE) >/dev/null && \
	  .venvs/spark/bin/python -m tests.spark.java; } || \
	  { echo "Java 17 or newer is missing, and apt-get did not install it: install it or set JAVA_HOME, then run make spark again"; exit 1; }
	@.venvs/spark/bin/python -m pytest -m spark tests/spark $(ARGS)

environments: .venvs/dev/ready ## Test the wheel on every installed Python, with odd locales, folders and streams
	@$(DEV)/python -m pytest -m environments $(ARGS)

image: .venvs/dev/ready ## Run the Dockerfile's steps in clean environments, without Docker, and test the result
	@$(DEV)/python -m pytest -m image $(ARGS)

live: .venvs/dev/ready ## Read three projects of the public index, and check the rows
	@$(DEV)/python -m pytest -m live

##@ Release
DIST ?= dist
SUPPLY := .venvs/supply/bin
EPOCH = $${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 1577836800)}
# The address of the repository, for the project URLs and the links of the description: that of the remote "origin",
# without credentials. Empty where there is none: the distributions then have no such URLs and links.
REPOSITORY ?= $(shell git remote get-url origin 2>/dev/null | \
  sed -nE 's#^(https://|ssh://|git@)([^@/]*@)?([^:/@]+)[:/](.+)$$#https://\3/\4#p' | sed -E 's#(\.git)?/*$$##')
build: .venvs/supply/ready ## Build wheel, source distribution (reproducible) and an SBOM into DIST (dist)
	@rm -rf $(DIST)
	@SOURCE_DATE_EPOCH=$(EPOCH) REPOSITORY_URL="$(REPOSITORY)" \
	  $(SUPPLY)/python -m build --no-isolation --outdir $(DIST) . >/dev/null
	@SOURCE_DATE_EPOCH=$(EPOCH) $(SUPPLY)/cyclonedx-py requirements --pyproject pyproject.toml \
	  --output-reproducible --short-PURLs -o $(DIST)/source-pypi.cdx.json requirements/runtime.txt
	@ls $(DIST)

release: ## Build what is published, and check it; REPOSITORY=https://... where "origin" is not the address
	@test -n "$(REPOSITORY)" || { echo "the address of the repository is not known: REPOSITORY=https://... make release"; exit 1; }
	@$(MAKE) --no-print-directory build REPOSITORY="$(REPOSITORY)"
	@$(SUPPLY)/twine check --strict $(DIST)/*.whl $(DIST)/*.tar.gz
	@$(SUPPLY)/check-wheel-contents $(DIST)/*.whl

supply: .venvs/dev/ready .venvs/supply/ready ## Build, check the contents, and install in a clean environment
	@$(DEV)/python -m pytest -m supply $(ARGS)

audit: .venvs/supply/ready ## Ask pip-audit's advisory service for known vulnerabilities of all locked packages
	@for lock in requirements/*.txt; do echo "$$lock"; \
	  .venvs/supply/bin/pip-audit --disable-pip --require-hashes --progress-spinner off -r $$lock $(ARGS) || failed=1; \
	done; test -z "$$failed"

# --no-build-isolation: everything comes from the lock.
.venv/ready: requirements/runtime.txt pyproject.toml
	@echo "setting up .venv"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "source-pypi needs Python 3.11 or newer")'
	@$(PYTHON) -m venv --clear .venv
	@.venv/bin/python $(INSTALL) --require-hashes -r requirements/runtime.txt
	@.venv/bin/python $(INSTALL) --no-build-isolation --editable .
	@touch $@

# Environments in which the package itself is installed, editable.
.venvs/dev/ready .venvs/warehouses/ready .venvs/mutants/ready .venvs/browser/ready .venvs/frames/ready .venvs/clickhouse/ready .venvs/spark/ready: .venvs/%/ready: requirements/%.txt pyproject.toml
	@echo "setting up .venvs/$*"
	@$(PYTHON) -m venv --clear .venvs/$*
	@.venvs/$*/bin/python $(INSTALL) --require-hashes -r $<
	@.venvs/$*/bin/python $(INSTALL) --no-build-isolation --editable .
	@touch $@

# Environments of other projects' software only. PyAirbyte's is empty on Python 3.13 or newer, where it does not run:
# every line of its lock says so.
.venvs/supply/ready .venvs/servers/ready .venvs/pyairbyte/ready .venvs/cdk/ready .venvs/cdk-lowest/ready .venvs/peers/ready .venvs/docs/ready: .venvs/%/ready: requirements/%.txt
	@echo "setting up .venvs/$*"
	@$(PYTHON) -m venv --clear .venvs/$*
	@.venvs/$*/bin/python $(INSTALL) --require-hashes -r $<
	@touch $@
