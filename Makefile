# Gavel. `make run` starts everything on this machine, `make test` runs every check.
PYTHON ?= python3
GAVEL := .venv/bin/gavel
# Options for `gavel up`, for example: make run UP="--port 9000 --lan"
UP ?=
# Phases of the checks, for example: make test ONLY="lint types"
ONLY ?=

.PHONY: help setup run test lock clean

help:
	@echo "make run     set up this machine if needed, start the whole system, play the demo, stay up"
	@echo "make setup   the set-up alone"
	@echo "make test    set up, then every check (ONLY=\"lint unit\" for some of them)"
	@echo "make lock    write infra/locks/platform.txt from .venv"
	@echo "make clean   remove environments, builds and caches; the data in .gavel stays"

setup:
	@$(PYTHON) infra/setup.py

run: setup
	@exec $(GAVEL) up --demo $(UP)

test: setup
	@.venv/bin/python infra/check.py $(ONLY)

lock:
	@.venv/bin/python infra/lock.py

clean:
	rm -rf .venv .venv-engine build web/dist web/node_modules web/apps/*/node_modules web/packages/*/node_modules
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find arena workers tests infra migrations -name __pycache__ -type d -prune -exec rm -rf {} +
