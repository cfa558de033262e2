# SPDX-License-Identifier: Apache-2.0
# Two commands: `make run` and `make test`. Both do all the set-up they need.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PY := .venv/bin/python
HOST ?= 127.0.0.1
PORT ?= 8000
# Two test processes by default: every machine that runs a browser and an office suite has two cores.
JOBS ?= 2

.PHONY: help run setup worker demo check test test-setup fast corpus bench fix messages lock docs clean

help: ## list the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: setup ## set everything up and start on http://127.0.0.1:8000
	@scripts/system-packages run
	@.venv/bin/sealroom serve --host $(HOST) --port $(PORT)

setup: .venv/.installed messages ## make .venv/bin/sealroom
	@true

worker: setup ## run a worker only
	@.venv/bin/sealroom worker

demo: setup ## make a team to try things with
	@.venv/bin/sealroom demo

.venv/.base:
	@scripts/make-venv
	@touch $@

.venv/.installed: .venv/.base requirements.lock pyproject.toml
	@scripts/install requirements.lock
	@touch $@

.venv/.tested: .venv/.base requirements-dev.lock pyproject.toml
	@UV_COMPILE_BYTECODE=1 scripts/install requirements-dev.lock
	@touch $@ .venv/.installed

.venv/.peer: .venv/.base requirements-peer.lock
	@if scripts/install-peer; then touch $@; fi

# npm leaves this file behind when everything is there.
NODE_TOOLS := tests/addins/node_modules/.package-lock.json
$(NODE_TOOLS): tests/addins/package-lock.json
	@if scripts/install-node-tools; then touch $@; fi

messages: .venv/.installed ## compile the translations
	@$(PY) scripts/compile-messages

# Tests start hundreds of processes: compiled beforehand, also where the environment keeps Python from writing byte code.
test-setup: .venv/.tested .venv/.peer messages ## all that tests need
	@$(PY) -m compileall -q -x node_modules src tests
	@scripts/system-packages test
	@$(MAKE) --no-print-directory $(NODE_TOOLS)

check: .venv/.tested messages ## format, lint, types, layers, migrations, deployment, docs
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/lint-imports --config .importlinter
	@.venv/bin/mypy
	@scripts/check-django
	@$(PY) -m pytest -q -p no:cacheprovider tests/architecture

test: test-setup ## run every test
	@$(PY) -m pytest -n $(JOBS) --dist worksteal || { \
	  echo "These failed beside the others. Once more, alone: what fails again is broken, what passes is worth a look too."; \
	  $(PY) -m pytest -n0 --last-failed --last-failed-no-failures none; }

fast: .venv/.tested messages ## tests without browsers and office suites
	@$(PY) -m pytest -n $(JOBS) -m "not browser and not slow"

corpus: test-setup ## run the documents of $$SEALROOM_CORPUS through upload, conversion and view
	@$(PY) -m benchmarks.corpus docs/corpus.md

bench: test-setup ## measure, beside a comparison in the same run; writes docs/performance.md
	@scripts/bench

fix: .venv/.tested ## format and mend what can be mended
	@.venv/bin/ruff check --fix . || true
	@.venv/bin/ruff format .

lock: .venv/.base ## resolve the dependencies anew
	@scripts/lock

clean: ## remove what set-up made, never data
	@rm -rf .venv .peer .mypy_cache .ruff_cache .pytest_cache .hypothesis node_modules benchmarks/node_modules tests/addins/node_modules
