# Every target sets up what it needs, in .venv-dev/ and var/ and nowhere else. Needed: make, and Python 3.11 or newer.
# A .venv/ is somebody's own, perhaps with a worker that runs from it: nothing here touches it.
# Another Python than python3: make test PYTHON=python3.13

PYTHON ?= python3
VENV := .venv-dev
RUN := $(VENV)/bin/python -m
READY := $(VENV)/ready

# Whatever a shell has set for another project's Python must not reach this one.
unexport PYTHONPATH PYTHONHOME PYTHONSAFEPATH

# Six at once, whatever the machine: tests wait for clocks three quarters of their time, so two cores are busy with six, and with 64
# at once they would all be late.
PYTEST := $(RUN) pytest -n 6 --dist worksteal

# A command whose output matters only when it fails.
quietly = $(1) >$(VENV)/last.log 2>&1 || { cat $(VENV)/last.log >&2; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help demo test proof lint check pictures bench bench-faults fuzz lock

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

demo: $(READY)  ## watch a campaign of 25,000 calls: no account, no server, nobody is called
	@$(RUN) docs.demo

test: $(READY)  ## the whole suite, with the tests that start and kill real processes
	@$(PYTEST)

# One round again, or a short run: make proof PROOF="--rounds 1 --seed 20261125", make proof PROOF="--minutes 4"
proof: $(READY)  ## all that can be done to it, by the hundred, and each protection switched off; takes half an hour
	@$(RUN) tests.crash
	@$(RUN) tests.scheduler
	@$(RUN) pytest -n 0 --hypothesis-profile many tests/jobs/campaigns/test_any_order.py -o timeout=1200
	@$(RUN) tests.mutations
	@$(RUN) tests.proof $(PROOF)

lint: $(READY)  ## format, lint, types and imports
	@$(RUN) ruff format --check --quiet .
	@$(RUN) ruff check --quiet .
	@$(RUN) mypy --no-error-summary
	@$(call quietly,$(VENV)/bin/lint-imports --no-cache)

check: lint  ## format, lint, types, imports and the fast tests
	@$(PYTEST) -m "not processes and not thorough"

pictures: $(READY)  ## the pictures of the page in docs/page/, by the browser that this machine has
	@SCREENSHOTS=docs/page $(RUN) pytest -n 0 tests/web/test_browser.py

bench: $(READY)  ## measure what Dropline costs on this machine
	@$(RUN) benchmarks.planning
	@$(RUN) benchmarks.memory
	@$(RUN) benchmarks.durable_send
	@$(RUN) benchmarks.do_not_dial
	@$(RUN) benchmarks.reconciliation
	@$(RUN) benchmarks.postbacks
	@$(RUN) benchmarks.pages
	@$(RUN) benchmarks.live_sessions
	@$(RUN) benchmarks.stop
	@$(RUN) benchmarks.scrape

# atheris is there for Linux on x86-64 only, so it is no part of what everybody installs.
fuzz: $(READY)  ## a minute of texts that look for a way to mislead the parsers
	@$(call quietly,$(RUN) pip install --disable-pip-version-check --no-input --require-hashes -r requirements-fuzz.txt)
	@$(RUN) tests.fuzz

bench-faults: $(READY) .venv-faults/ready  ## compare with RQ, Celery and Dramatiq on a gateway that breaks
	@$(RUN) benchmarks.faults --write

# Pins stay where they are unless a range in pyproject.toml asks for more; all anew: make lock UPGRADE=--upgrade
# No address is written down: where packages come from is for each machine to say.
COMPILE = $(RUN) uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate $(UPGRADE)

lock: $(READY)  ## write all requirements.txt anew from pyproject.toml and benchmarks/faults/requirements.in
	@$(COMPILE) pyproject.toml --extra dev --output-file requirements-dev.txt
	@$(COMPILE) pyproject.toml --constraint requirements-dev.txt --output-file requirements.txt
	@$(COMPILE) benchmarks/faults/requirements.in --output-file benchmarks/faults/requirements.txt
	@echo "requirements.txt, requirements-dev.txt and benchmarks/faults/requirements.txt are up to date"

# Made anew after each change of the lock and after an install that was cut short, so that what is there is the lock.
# From / because pyenv would obey .python-version, which is for Heroku, and refuse where it has no such Python.
FROM_ROOT = cd / && $(if $(findstring /,$(PYTHON)),$(abspath $(PYTHON)),$(PYTHON))

$(READY): requirements-dev.txt
	@($(FROM_ROOT) -c 'import sys; sys.exit(sys.version_info < (3, 11))') >/dev/null 2>&1 || { \
		echo "Dropline needs Python 3.11 or newer. Found as $(PYTHON): $$($(FROM_ROOT) --version 2>&1)"; \
		echo "Name another one like this: make $(MAKECMDGOALS) PYTHON=python3.13"; exit 1; } >&2
	@echo "Setting up $(VENV) (once; a minute at most) ..."
	@$(FROM_ROOT) -m venv --clear "$(CURDIR)/$(VENV)"
	@$(call quietly,$(RUN) pip install --disable-pip-version-check --no-input --require-hashes -r requirements-dev.txt)
	@touch $@

# The libraries that Dropline is compared with are no dependencies of it, and have an environment of their own.
.venv-faults/ready: benchmarks/faults/requirements.txt | $(READY)
	@echo "Setting up .venv-faults (once) ..."
	@$(FROM_ROOT) -m venv --clear "$(CURDIR)/.venv-faults"
	@$(call quietly,.venv-faults/bin/python -m pip install --disable-pip-version-check --no-input --require-hashes -r $<)
	@touch $@
