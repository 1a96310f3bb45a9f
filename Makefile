# `make demo` and `make test` need nothing but Python 3.11 to 3.13 and this folder.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-$(shell cat constraints.txt pyproject.toml | cksum | cut -d' ' -f1)

.PHONY: help demo test test-all lint bench-quick

help:           ## show this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## */\t/' | expand -t 12

demo: $(STAMP)  ## install, then train a GAN on the embedded digits (two minutes on two cores)
	$(BIN)/gan-lab model=cdcgan study=demo steps=2000

test: $(STAMP)  ## install, then run the tests
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-all: $(STAMP)  ## install, then run the tests and the slow proofs
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(STAMP)  ## style, types, and this project's own hooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench-quick: $(STAMP)  ## measure speed against the usual loop, in a few minutes
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
