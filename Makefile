# Everything runs on a fresh machine: the first target makes .venv and installs into it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TRAIN := $(VENV)/.installed-train
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt

# Compiled modules are kept even where the environment forbids it: the tests start many processes.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test quick lint docs clean

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "landwright needs Python 3.11 or newer: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(TRAIN): pyproject.toml constraints.txt | $(BIN)/pip
	$(INSTALL) -e ".[train]"
	touch $(TRAIN)

$(STAMP): pyproject.toml constraints.txt | $(BIN)/pip
	$(INSTALL) -e ".[dev]"
	touch $(STAMP) $(TRAIN)

demo: $(TRAIN)  ## train, map and score on the embedded world
	$(BIN)/landwright demo -o landwright-demo --force

test: $(STAMP)  ## the whole suite with coverage
	$(BIN)/pytest -n 4 --dist worksteal --cov --cov-report=term:skip-covered --cov-fail-under=90

quick: $(STAMP)  ## the tests that take a moment each
	$(BIN)/pytest -n 4 --dist worksteal -m "not slow"

lint: $(STAMP)  ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP)  ## the documentation site, in site/
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) site landwright-demo
