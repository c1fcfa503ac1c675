# Everything runs in .venv, which any verb sets up when it is not there.
PYTHON ?= python3
BIN := .venv/bin
# One thread: the tensors are small, and threads that compete for a core wait for each other.
export OMP_NUM_THREADS ?= 1

.PHONY: leaderboard test check lint format type imports fast slow doc figures tables clean

leaderboard: .venv  ## play the shipped checkpoints and print the table
	$(BIN)/ntm-gym leaderboard run --suite copy --episodes 100

test: .venv  ## run all checks and all tests
	$(MAKE) check fast slow

check: lint type imports

lint: .venv
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/codespell README.md CHANGELOG.md CONTRIBUTING.md docs ntm_gym agents baselines tests
	$(BIN)/validate-pyproject pyproject.toml
	$(BIN)/cffconvert --validate

type: .venv
	$(BIN)/mypy
	$(BIN)/mypy tests docs

imports: .venv
	$(BIN)/lint-imports

fast: .venv
	$(BIN)/pytest -q

slow: .venv
	$(BIN)/pytest -q -m slow

format: .venv
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

figures: .venv  ## draw the README's picture from the shipped checkpoint
	$(BIN)/python docs/draw_memory.py

tables: .venv  ## put generated tables into README and docs
	$(BIN)/python docs/update_tables.py

doc: .venv
	$(BIN)/mkdocs build --strict

clean:
	rm -rf .venv build dist site

.venv: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check -q -c constraints.txt torch
	$(BIN)/pip install --disable-pip-version-check -q -c constraints.txt -e ".[dev]"
	touch $@
