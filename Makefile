# Everything runs on a fresh machine: the first target makes .venv and installs into it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test quick lint docs clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $(STAMP)

demo: $(STAMP)  ## train, map and score on the embedded world
	$(BIN)/landwright demo -o landwright-demo --force

test: $(STAMP)  ## the whole suite with coverage
	$(BIN)/pytest -n 2 --dist worksteal --cov --cov-report=term:skip-covered --cov-fail-under=90

quick: $(STAMP)  ## the tests that take a moment each
	$(BIN)/pytest -n 2 --dist worksteal -m "not slow"

lint: $(STAMP)  ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP)  ## the documentation site, in site/
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) site landwright-demo
