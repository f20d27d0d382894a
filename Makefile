# One verb per need. Each sets up what it needs; only Python 3.11+ and make are assumed.
.DEFAULT_GOAL := help
.PHONY: help setup lock generate check-generated format lint type test drift-test ray-test coverage contract demo
.PHONY: bench bench-calls bench-lists bench-many bench-storage bench-exports bench-waits bench-files
.PHONY: audit drift drift-cases adopt changelog docs look build packages check clean

PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
PYTHON := python
else
BIN := $(VENV)/bin
endif
RUN := $(BIN)/python
PIP := $(RUN) -m pip --disable-pip-version-check --quiet
DEV := $(VENV)/.dev
DEMO := $(VENV)/.demo
SOURCES := facade scripts tests examples
# Tests against independent servers, which need Node.js (it comes with the development requirements).
CONTRACT := tests/contract tests/oidc tests/storage

# One process for each core; the tests of a file stay together, because they share servers and repositories. In their
# order, the files that take longest come early.
PARALLEL := --numprocesses auto --dist loadfile --no-loadscope-reorder

help: ## use: show the verbs
	@$(PYTHON) scripts/help.py $(MAKEFILE_LIST)

setup: $(DEV) ## develop: create the virtual environment, with all development requirements

$(RUN):
	$(PYTHON) scripts/venv.py $(VENV)

$(DEV): requirements/dev.txt pyproject.toml | $(RUN)
	$(PIP) install -r requirements/dev.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	@$(RUN) -c "open('$(DEV)', 'w'); open('$(DEMO)', 'w')"

$(DEMO): pyproject.toml | $(RUN)
	$(PIP) install -c requirements/dev.txt -e ".[progress,sandbox,storage]"
	@$(RUN) -c "open('$(DEMO)', 'w')"

lock: $(DEV) ## develop: pin the newest allowed versions of the development requirements (online)
	$(PIP) install uv
	$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --no-annotate --no-header \
	  --no-emit-index-url --all-extras pyproject.toml requirements/dev.in -o requirements/dev.txt

generate: $(DEV) ## develop: write generated/, the sync client and everything else that is derived
	$(RUN) scripts/generate.py

check-generated: $(DEV) ## develop: fail if what is checked in is not what `make generate` writes
	$(RUN) scripts/generate.py --check

format: $(DEV) ## develop: format the code
	$(RUN) -m ruff check --fix-only $(SOURCES)
	$(RUN) -m ruff format $(SOURCES)

lint: $(DEV) ## develop: check style, import directions and the validity of the definitions
	$(RUN) -m ruff check $(SOURCES)
	$(RUN) -m ruff format --check $(SOURCES)
	$(BIN)/lint-imports
	$(RUN) -m openapi_spec_validator $(wildcard openapi/*.yaml)

type: $(DEV) ## develop: check types with mypy and pyright, both strict
	$(RUN) -m mypy
	$(RUN) -m pyright

test: $(DEV) ## develop: run the tests of the package (about 4 minutes on two cores)
	@echo Running the tests of the package on all cores. This takes about 4 minutes on two of them.
	$(RUN) -m pytest $(foreach folder,$(CONTRACT) tests/drift,--ignore=$(folder)) $(PARALLEL)

drift-test: $(DEV) ## drift: run the tests of make drift and make adopt (about 2 minutes)
	$(RUN) -m pytest tests/drift $(PARALLEL)

ray-test: $(DEV) ## develop: run the example and the recipe for Ray, if it can be installed (250 MB)
	-$(PIP) install -c requirements/dev.txt ray
	$(RUN) -m pytest tests/docs/test_examples.py tests/docs/test_snippets.py -m slow -rs

coverage: $(DEV) ## develop: run the tests, and show which lines of the package they miss
	$(RUN) -m pytest $(foreach folder,$(CONTRACT),--ignore=$(folder)) $(PARALLEL) --cov --cov-report=term-missing:skip-covered

contract: $(DEV) ## develop: run the tests against independent servers
	$(RUN) -m pytest $(CONTRACT)

demo: $(DEMO) ## use: run the quickstart on the sandbox, or on the platform with your credentials
	@$(RUN) scripts/demo.py

bench: bench-calls bench-lists bench-many bench-storage bench-files bench-waits bench-exports ## measure: all of the following; the results are ratios

bench-calls: $(DEV) ## measure: the cost of a call, of the import and of generation
	$(RUN) scripts/bench_calls.py

bench-lists: $(DEV) ## measure: the cost and the memory of long lists
	$(RUN) scripts/bench_lists.py

bench-many: $(DEV) ## measure: many calls at the allowed rate, and on a cluster (2 minutes)
	$(RUN) scripts/bench_many.py

bench-storage: $(DEV) ## measure: bucket transfers, compared with azure-storage-blob
	$(RUN) scripts/bench_storage.py

bench-exports: $(DEV) ## measure: the cost and the memory of reading exports of 1,000,000 iTwins
	$(RUN) scripts/bench_exports.py

bench-waits: $(DEV) ## measure: the cost of 10,000 waits at once
	$(RUN) scripts/bench_waits.py

bench-files: $(DEV) ## measure: itwin:// addresses, compared with adlfs
	$(PIP) install -c requirements/dev.txt adlfs
	$(RUN) scripts/bench_files.py

audit: $(DEV) ## develop: look for known vulnerabilities in dependencies, locked and lowest (online)
	$(PIP) install pip-audit uv
	$(RUN) -m pip_audit --strict --progress-spinner off --disable-pip --no-deps -r requirements/dev.txt
	$(BIN)/uv pip compile --quiet --python-version 3.11 --resolution lowest-direct --no-annotate --no-header \
	  --all-extras pyproject.toml -o $(VENV)/lowest.txt
	$(RUN) -m pip_audit --strict --progress-spinner off --disable-pip --no-deps -r $(VENV)/lowest.txt

# $(call given,NAME): a clear error if a variable that a verb needs is missing.
given = $(if $($(1)),,$(error $@ needs $(1)=..., for instance: make $@ UPSTREAM=downloaded.json SPEC=openapi/itwins.yaml))

drift: $(DEV) ## drift: what changes of openapi/ mean for users; docs/drift.md has the variables
	$(if $(UPSTREAM),$(call given,SPEC))@$(RUN) scripts/drift.py $(if $(UPSTREAM),upstream "$(UPSTREAM)" "$(SPEC)",revisions --old "$(or $(OLD),HEAD)" --new "$(NEW)") \
	  $(if $(FORMAT),--format $(FORMAT)) $(foreach path,$(REPORT),--report "$(path)") $(if $(FAIL_ON),--fail-on $(FAIL_ON))

drift-cases: $(DEV) ## drift: check the labelled changes with mypy, and with redocly if there is Node.js
	$(RUN) -m pytest tests/drift -m slow -rs

adopt: $(DEV) ## drift: adopt a definition: UPSTREAM=downloaded.json SPEC=openapi/x.yaml
	$(call given,UPSTREAM)$(call given,SPEC)@$(RUN) scripts/drift.py adopt "$(UPSTREAM)" "$(SPEC)" $(if $(PROSE),--prose "$(PROSE)")

changelog: $(DEV) ## drift: draft the entry in CHANGELOG.md from the changes since OLD=HEAD
	@$(RUN) scripts/drift.py changelog --old "$(or $(OLD),HEAD)" --new "$(NEW)" --write CHANGELOG.md

docs: $(DEV) ## use: build the documentation site into site/
	$(RUN) -m zensical build --clean --strict

look: docs ## develop: check the site in a headless Chromium, narrow and wide (needs Chromium)
	$(PIP) install playwright
	$(RUN) scripts/look.py

build: $(DEV) ## use: build the wheel and the source distribution
	$(RUN) -m build --no-isolation

packages: $(DEV) ## develop: build, and try every extra on every Python that is installed (online)
	$(PIP) install twine uv
	$(RUN) scripts/packages.py

check: lint type check-generated test drift-test contract docs ## develop: everything that CI runs

clean: ## develop: remove the virtual environment and everything that was built
	$(PYTHON) scripts/clean.py $(VENV) dist site tests/drift/node/node_modules $(foreach folder,$(CONTRACT),$(folder)/node/node_modules)
