# Two commands do all the set-up: `make install` and `make test`. `make help` lists the rest.
#
# .venv is yours: the TensorFlow environment. The tool lives apart from it, in .tool/.
SHELL := /bin/sh
.DEFAULT_GOAL := help
TOOL := .tool
ARGS ?=
# The conda backend needs more than the plain tool: py-rattler and conda-lock. It has an environment of its own, which
# only ARGS="--backend conda" (or a conda lock among them) asks for.
ENV := $(TOOL)/$(if $(findstring conda,$(ARGS)),conda,env)
RUN := $(ENV)/bin
DEV := $(TOOL)/dev/bin

# Variables that would send uv or Python to another environment than the one named here, or start it otherwise.
unexport VIRTUAL_ENV CONDA_PREFIX UV_PYTHON UV_PROJECT UV_PROJECT_ENVIRONMENT UV_SYSTEM_PYTHON
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONINSPECT PYTHONOPTIMIZE PYTHONPLATLIBDIR PYTHONEXECUTABLE

.PHONY: help
help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: $(ENV)/ready ## put a verified TensorFlow into .venv (ARGS="--accelerator cpu" and so on)
	@$(RUN)/tfsetup install $(ARGS)

.PHONY: lock
lock: $(ENV)/ready ## write the lock files of every row and Python anew (environments/locks)
	@$(RUN)/tfsetup lock $(if $(findstring conda,$(ARGS)),,--format portable --python all) $(ARGS)

.PHONY: lock-check
lock-check: $(ENV)/ready ## say which lock files are stale; offline
	@$(RUN)/tfsetup lock --check $(ARGS)

.PHONY: verify
verify: $(ENV)/ready ## load TensorFlow from .venv and time a matmul on each device
	@$(RUN)/tfsetup verify $(ARGS)

.PHONY: doctor
doctor: $(ENV)/ready ## say what is wrong with .venv and what fixes it
	@$(RUN)/tfsetup doctor $(ARGS)

.PHONY: test
test: check e2e ## everything CI runs: the checks, then real installs of a real TensorFlow

.PHONY: check
check: $(TOOL)/dev/ready ## lint, types, architecture, unit and contract tests, side by side; offline
	@$(MAKE) --no-print-directory -j 4 lint types architecture unit

.PHONY: lint
lint: $(TOOL)/dev/ready ## ruff: rules and format
	@$(DEV)/ruff check --quiet .
	@$(DEV)/ruff format --check --quiet .

.PHONY: types
types: $(TOOL)/dev/ready ## mypy, strict, tests too
	@$(DEV)/mypy --no-error-summary

.PHONY: architecture
architecture: $(TOOL)/dev/ready ## import-linter: which room may import which
	@cd installer && ../$(DEV)/lint-imports --config ../pyproject.toml --no-cache >../$(TOOL)/architecture.log || \
	  { cat ../$(TOOL)/architecture.log; exit 1; }

# The contract tests first: they wait for the most child processes.
.PHONY: unit
unit: $(TOOL)/dev/ready ## unit and contract tests, several pytests side by side
	@cd tests && ../$(DEV)/python -m support.spread tests/contract tests/unit tests/architecture -- -m "not heavy and not exhaustive" $(ARGS)

# What takes longest comes first, so that nothing waits for it in the end. Three, also on two processors: downloads and
# children are waited for; not more, for each may hold a TensorFlow and gigabytes of disk.
.PHONY: e2e
e2e: $(TOOL)/dev/ready ## real index, real TensorFlow, real interpreters, emulated machines (minutes)
	@cd tests && ../$(DEV)/python -m support.spread --workers 3 --each e2e,heavy,network --first mutants,conda,doctor,kill,verify,preflight,install tests -- -m "(e2e or heavy or network) and not exhaustive" --durations=40 --durations-min=5 $(ARGS)

.PHONY: exhaustive
exhaustive: $(TOOL)/dev/ready ## the whole of what e2e runs a part of: every macOS wheel, all damaged files (an hour, 60 GB)
	@$(DEV)/python -m pytest -q --hypothesis-profile=thorough tests $(ARGS)

.PHONY: mutants
mutants: $(TOOL)/dev/ready ## break each rule of tests/mutants in a copy; its tests must notice (ARGS="--quick": those that take seconds)
	@cd tests && ../$(DEV)/python -m support.mutation $(ARGS)

.PHONY: digests
digests: $(TOOL)/dev/ready ## write digests of released pairs into a folder, their hashes into environments/digests.json (ARGS="DIR [ROW...]")
	@$(DEV)/python scripts/record-digests $(ARGS)

.PHONY: reference
reference: $(TOOL)/dev/ready ## write docs/reference anew from the commands, codes, variables and types it describes
	@cd tests && ../$(DEV)/python -m support.reference

.PHONY: bench
bench: $(TOOL)/dev/ready ## the benchmarks, side by side with the peers, as ratios
	@$(DEV)/python -m benchmarks $(ARGS)

.PHONY: requirements
requirements: $(TOOL)/dev/ready ## lock the tool's own dependencies anew (names, versions and hashes; no addresses)
	@scripts/lock-own-requirements $(DEV)/uv

.PHONY: clean
clean: ## remove the tool's environments and caches; .venv stays
	@rm -rf $(TOOL) .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
	@find installer tests benchmarks scripts -name __pycache__ -type d -prune -exec rm -rf {} +

# The tool's own environments. Hash-pinned, wheels only; tfsetup itself is editable.
BOOTSTRAP := pyproject.toml scripts/uv scripts/first-python scripts/tool-environment $(wildcard scripts/bootstrap/*.py)

$(TOOL)/env/ready: $(BOOTSTRAP) requirements/tool.txt
	@scripts/tool-environment $(TOOL)/env requirements/tool.txt

$(TOOL)/conda/ready: $(BOOTSTRAP) requirements/conda.txt
	@scripts/tool-environment $(TOOL)/conda requirements/conda.txt

$(TOOL)/dev/ready: $(BOOTSTRAP) requirements/dev.txt
	@scripts/tool-environment $(TOOL)/dev requirements/dev.txt

# One whose Python has gone (another was installed in its place, or the folder came from another machine) is made again.
GONE := $(shell for name in env conda dev; do \
  [ ! -e $(TOOL)/$$name/ready ] || [ -x $(TOOL)/$$name/bin/python ] || echo $(TOOL)/$$name/ready; done)
ifneq ($(strip $(GONE)),)
$(GONE): again
again:
endif
