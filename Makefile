# `make demo` and `make test` need nothing but Python 3.11 to 3.13 and this folder.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-$(shell cat constraints.txt pyproject.toml | cksum | cut -d' ' -f1)

# A file that gan_lab reads or writes without naming its encoding is an error in tests. The second
# variable silences what other packages do; pyproject.toml puts gan_lab's own back. Files are taken in
# the order of tests/conftest.py: by their number of tests, the longest would come last.
PYTEST := PYTHONWARNDEFAULTENCODING=1 PYTHONWARNINGS=ignore::EncodingWarning \
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help demo check test test-all torture lint bench-quick

help:           ## show this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## */\t/' | expand -t 12

demo: $(STAMP)  ## install, then train a GAN on the embedded digits (two minutes on two cores)
	$(BIN)/gan-lab model=cdcgan study=demo steps=2000

check: lint test  ## what a pull request must pass: lint, then test

test: $(STAMP)  ## install, then run the tests
	$(PYTEST) -m "not slow"

test-all: $(STAMP)  ## install, then run the tests and the slow proofs
	$(PYTEST)

torture: $(STAMP) ## install, then kill, damage and misuse everything (hours)
	for proof in storm grid links fuzz; do \
		PYTHONPATH=tests $(BIN)/python tests/torture/$$proof.py || exit 1; echo; \
	done

lint: $(STAMP)  ## install, then check style, spelling and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/mypy

bench-quick: $(STAMP)  ## install, then measure speed against the usual loop (a few minutes)
	for table in step pipeline sampling startup memory; do \
		$(BIN)/python benchmarks/$$table.py --quick || exit 1; echo; \
	done

# Reused while constraints.txt and pyproject.toml are unchanged.
$(STAMP):
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "gan_lab needs Python 3.11 to 3.13; choose one with make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	rm -f $(VENV)/.installed-*
	touch $@
