# Every target works on a fresh machine with Python >= 3.11 and make; VENV and PYTHON can be overridden.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
TESTS ?= tests
# One worker per core, each with a run of neighbouring tests, so that they share what a folder starts once.
SPREAD ?= --numprocesses logical --maxprocesses 4 --dist worksteal

# Some hosts forbid Python to keep what it compiled; each of the many processes of the tests then compiles torch and Gradio anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: app test test-ui test-ray check audit bench docs lock space-check clean

app: $(VENV)/.app
	$(BIN)/python app.py

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(SPREAD) --cov --cov-report=term $(TESTS)

test-ui: $(VENV)/.dev
	$(BIN)/python -m pytest $(SPREAD) -m ui tests/ui

test-ray: $(VENV)/.dev
	$(BIN)/python -m pytest -m ray tests/femo/corpora/test_ray.py

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: $(VENV)/bin/uv
	$(BIN)/uv tool run pip-audit --disable-pip --no-deps --requirement requirements.txt

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

docs: $(VENV)/.dev
	$(BIN)/uv pip install --quiet --python $(BIN)/python -e ".[docs]"
	$(BIN)/mkdocs build

lock: $(VENV)/bin/uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt

# The check makes its own environment of PYTHON, so `make space-check PYTHON=python3.12` checks that one.
space-check:
	$(PYTHON) -m tests.space_check

$(VENV)/bin/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.app: requirements.txt pyproject.toml | $(VENV)/bin/uv
	$(BIN)/uv pip install --python $(BIN)/python -r requirements.txt
	$(BIN)/uv pip install --python $(BIN)/python --no-deps -e .
	touch $@

$(VENV)/.dev: requirements-dev.txt pyproject.toml | $(VENV)/bin/uv
	$(BIN)/uv pip install --python $(BIN)/python -r requirements-dev.txt
	$(BIN)/uv pip install --python $(BIN)/python --no-deps -e .
	touch $@ $(VENV)/.app

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage
