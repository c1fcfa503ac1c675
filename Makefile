# Everything runs in .venv, which any verb sets up when it is not there.
PYTHON ?= python3
BIN := .venv/bin
# One thread: the tensors are small, and threads that compete for a core wait for each other.
export OMP_NUM_THREADS ?= 1

.PHONY: leaderboard verify reproduce test check lint format type imports fast widths guards fuzz slow settings browser doc figures screenshots tables clean

leaderboard: .venv  ## verify a sample of every entry, print the tables, write the page
	$(BIN)/ntm-gym leaderboard verify --episodes 50
	$(BIN)/ntm-gym leaderboard show
	$(BIN)/ntm-gym leaderboard overall
	$(BIN)/ntm-gym leaderboard page

verify: .venv  ## recompute every number of every entry
	$(BIN)/ntm-gym leaderboard verify

# make reproduce QUICK=1               a part, in under 20 minutes on two cores
# make reproduce ONLY="copy/ntm-ff"    some rows; SEEDS=1 or SEEDS=1-3 chooses training seeds
# make reproduce BOARD=leaderboard     into the shipped board
RUNS ?= runs
BOARD ?= build/reproduction
reproduce: .venv  ## train the paper's rows, evaluate them, draw its figures; goes on if stopped
	@status=0; \
	$(BIN)/ntm-paper train --runs $(RUNS) $(if $(QUICK),--quick) \
		$(foreach row,$(ONLY),--only '$(row)') $(if $(SEEDS),--seeds $(SEEDS)) \
		$(if $(JOBS),--jobs $(JOBS)) || status=$$?; \
	[ $$status -le 1 ] || exit $$status; \
	$(BIN)/ntm-paper collect --runs $(RUNS) --board $(BOARD) \
		--authors ntm-gym --link https://arxiv.org/abs/1410.5401 && \
	$(BIN)/ntm-paper figures --board $(BOARD) --out $(BOARD)/figures && \
	$(BIN)/ntm-paper extrapolate --board $(BOARD) --out $(BOARD)/extrapolation \
		$(if $(QUICK),--episodes 100) && \
	$(BIN)/ntm-paper compare --board $(BOARD) && exit $$status

test: .venv  ## run all checks and all tests
	$(MAKE) check fast widths slow

check: lint type imports

lint: .venv
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/codespell README.md CHANGELOG.md CONTRIBUTING.md docs ntm_gym agents baselines paper benchmarks tests examples
	$(BIN)/validate-pyproject pyproject.toml
	$(BIN)/cffconvert --validate

type: .venv
	$(BIN)/mypy
	$(BIN)/mypy tests docs

imports: .venv
	$(BIN)/lint-imports

fast: .venv
	$(BIN)/pytest -q -n auto

# Each compiles the kernels anew, with guard values around their buffers, on any processor.
KERNEL_TESTS := $(addprefix tests/agents/kernels/, test_backends.py test_guards.py \
	test_not_finite.py \
	$(addprefix lang/, test_machine.py test_functions.py test_products.py test_sums.py))
widths: .venv  ## the kernels' tests with registers of 16, 32 and 64 bytes, and generic code
	NTM_AGENTS_GUARDS=1 NTM_AGENTS_REGISTER_BYTES=16 $(BIN)/pytest -q -n auto $(KERNEL_TESTS)
	NTM_AGENTS_GUARDS=1 NTM_AGENTS_REGISTER_BYTES=32 $(BIN)/pytest -q -n auto $(KERNEL_TESTS)
	NTM_AGENTS_GUARDS=1 NTM_AGENTS_REGISTER_BYTES=64 $(BIN)/pytest -q -n auto $(KERNEL_TESTS)
	NTM_AGENTS_GUARDS=1 NUMBA_CPU_NAME=generic $(BIN)/pytest -q -n auto $(KERNEL_TESTS)

EXAMPLES ?= 10000
fuzz: .venv  ## random entries, files, arguments and command lines; hours
	NTM_GYM_FUZZ=$(EXAMPLES) $(BIN)/pytest -q tests/leaderboard/test_fuzz.py \
		tests/envs/test_any_arguments.py tests/agents/training/test_fuzzed_command_lines.py

CALLS ?= 10000
guards: .venv  ## random calls of the kernels between guard values; a quarter of an hour
	NTM_AGENTS_GUARDS=1 $(BIN)/python tests/agents/kernels/guarded_calls.py --calls $(CALLS)

# What computes only, and compiles for minutes, is left out of the settings in CI.
LEFT_OUT := --ignore=tests/agents/kernels --ignore=tests/agents/ntm
slow: .venv $(if $(filter true,$(CI)),browser)
	$(BIN)/pytest -q -m slow -n auto
	$(if $(filter true,$(CI)),.ci/settings -- $(LEFT_OUT))

settings: .venv  ## the fast tests in other locales, paths, orders, and as an ordinary user
	.ci/settings $(SETTINGS)

browser:  ## Chromium for the tests of the page; Debian's, if there is none
	@for name in chromium chromium-browser google-chrome; do \
		command -v $$name > /dev/null && exit 0; \
	done; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then \
		echo "the tests of the page need chromium or google-chrome: install one" >&2; exit 1; \
	fi; \
	apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium

format: .venv
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

figures: .venv  ## draw the pictures of README and docs from the shipped checkpoints
	$(BIN)/ntm-paper figures --out docs/assets/figures
	$(BIN)/python docs/_scripts/draw_memory.py
	$(BIN)/python docs/_scripts/draw_learning.py

screenshots: .venv browser  ## photograph the page for the docs
	$(BIN)/ntm-gym leaderboard page
	$(BIN)/python docs/_scripts/photograph_page.py

tables: .venv  ## put generated tables into README and docs
	$(BIN)/python docs/_scripts/update_tables.py

doc: .venv
	$(BIN)/mkdocs build --strict

clean:
	rm -rf .venv build dist site

.venv: .venv/installed

.venv/installed: pyproject.toml paper/pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check -q -c constraints.txt torch
	$(BIN)/pip install --disable-pip-version-check -q -c constraints.txt -e ".[dev]" -e paper
	touch $@
