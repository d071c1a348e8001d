# Everything sets itself up: only Python 3.11 or newer, make and a package index are needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help

.PHONY: help demo test test-all lint bench bench-tables clean

help:  ## Show what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Descend needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.installed: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $@ $(VENV)/.installed

$(VENV)/.bench: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	@touch $@ $(VENV)/.installed

demo: $(VENV)/.installed  ## Train on examples/penguins.csv, test, predict, show
	$(BIN)/descend train examples/penguins.csv --target species --out penguins.descend
	$(BIN)/descend test penguins.descend examples/penguins.csv
	$(BIN)/descend predict penguins.descend examples/penguins.csv | head -4
	$(BIN)/descend show penguins.descend

test: $(VENV)/.test lint  ## Run every check but the slow ones
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile

test-all: $(VENV)/.test lint  ## Run every check
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.test  ## Format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

bench: $(VENV)/.bench  ## Compare the speed with peers, interleaved in one run
	$(BIN)/python -m benchmarks

bench-tables: $(VENV)/.bench  ## Compare scores on tables with trees and networks (long)
	$(BIN)/python -m benchmarks.tables

clean:  ## Remove the environment and what was made
	rm -rf $(VENV) penguins.descend .pytest_cache .ruff_cache
