# What a person types in a checkout. Everything runs from the .venv beside this file, which the first target makes
# with nothing but python3; another Python is chosen with, for example, `make test PYTHON=python3.12`.

PYTHON ?= python3
ARGS =
PYTEST_ARGS =
WORKERS = 6
LOCK_ARGS =

# Python is run from the folder above: the .python-version of this one is for the platform, but version managers such as
# pyenv read it too, and end when that very Python is not installed.
ABOVE := cd "$(CURDIR)/.." && "$(if $(findstring /,$(PYTHON)),$(if $(filter /%,$(PYTHON)),,$(CURDIR)/))$(PYTHON)"

RUN := .venv/bin/python -m
READY := .venv/.ready
# Most of a test is waiting: more of them run side by side than there are processors. 0 runs one after another.
SIDE_BY_SIDE = --numprocesses $(WORKERS) --dist worksteal
COMPILE := $(RUN) uv pip compile --no-config --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock' $(LOCK_ARGS) pyproject.toml

# The .venv is made anew when requirements-dev.txt is newer, and when REMAKE is not empty: its Python is gone, or the
# caller asks for another one than it was made with ($(READY) holds the name of that one). $(READY) is removed first and
# written last, so a set-up that was interrupted counts as none.
ifeq ($(origin PYTHON),file)
REMAKE := $(shell test -x .venv/bin/python || echo remake)
else
REMAKE := $(shell test -x .venv/bin/python && test "$$(cat $(READY) 2>&1)" = "$(PYTHON)" || echo remake)
endif

.DEFAULT_GOAL := help
.PHONY: help sandbox serve test test-all storm simulate bench browser check format lock clean remake

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s  %s\n", $$1, $$2 }' Makefile

sandbox: $(READY) ## run the whole product against stand-ins until Ctrl-C (ARGS=--once: end after the first note)
	@exec $(RUN) sandbox $(ARGS)

serve: $(READY) ## run web, worker and an embedded Valkey for real accounts, with the settings of .env
	@exec $(RUN) integration serve $(ARGS)

test: check ## everything that check does, then the tests that need no minutes (PYTEST_ARGS='-k note')
	@exec $(RUN) pytest $(SIDE_BY_SIDE) -m 'not slow' $(PYTEST_ARGS)

test-all: check ## everything that check does, then all tests, with a short storm and the pages in a browser
	@exec $(RUN) pytest $(SIDE_BY_SIDE) $(PYTEST_ARGS)

browser: $(READY) ## the pages in a real browser (Debian's chromium, or CHROMIUM=/path/to/another)
	@exec $(RUN) pytest tests/browser $(PYTEST_ARGS)

storm: $(READY) ## 2,000 tickets and 600 other cases, every fault, repeated kills: is anything lost or doubled? (15 minutes; ARGS='--tickets 200 --minutes 1')
	@exec $(RUN) tests.storm $(ARGS)

simulate: $(READY) ## 200,000 schedules in virtual time, every fault at every moment; prints the shortest one that breaks a promise (ARGS='--seed 1')
	@exec $(RUN) tests.simulator $(ARGS)

bench: $(READY) ## what it costs, side by side with references (40 minutes; ARGS=--quick: a first look in eight)
	@exec $(RUN) benchmarks $(ARGS)

check: $(READY) ## linter, formatting, types, and who may import whom
	@$(RUN) ruff check --quiet
	@$(RUN) ruff format --check --quiet || { echo "Not formatted as ruff does: run 'make format'." >&2; exit 1; }
	@$(RUN) mypy
	@.venv/bin/lint-imports --no-cache --no-logo

format: $(READY) ## format the code and mend what the linter can mend
	@$(RUN) ruff format
	@$(RUN) ruff check --fix

lock: $(READY) ## write requirements*.txt anew from pyproject.toml (LOCK_ARGS=--upgrade: to the newest versions)
	@$(COMPILE) --output-file requirements.txt
	@$(COMPILE) --all-extras --group dev --constraints requirements.txt --output-file requirements-dev.txt

clean: ## remove the .venv, caches and builds; data and .env stay
	@rm -rf .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements-dev.txt $(REMAKE)
	@$(ABOVE) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null || { \
		found=$$($(ABOVE) --version 2>&1) || found='no Python that runs'; \
		echo "Python 3.11 to 3.14 is needed, and '$(PYTHON)' is $$found." >&2; \
		echo "Choose another one, for example: make $(or $(MAKECMDGOALS),test) PYTHON=python3.12" >&2; \
		exit 1; }
	@$(ABOVE) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' lacks the module venv or ensurepip, which make the .venv." >&2; \
		echo "On Debian and Ubuntu: apt install python3-venv" >&2; \
		exit 1; }
	@echo "Setting up .venv (a minute, once) ..."
	@rm -f $(READY)
	@rm -rf .venv
	@$(ABOVE) -m venv "$(CURDIR)/.venv"
	@$(RUN) pip install --disable-pip-version-check --quiet --require-hashes -r requirements-dev.txt
	@echo "$(PYTHON)" >$(READY)

remake:
