# Two commands for newcomers: `make demo` and `make test`. All that they need is installed into .venv, from hash-locked
# requirements, by the pip that comes with Python and from the index that this machine's pip is set up with.

PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# The project itself comes last, without dependencies: they are what the locks say. Mode `compat` puts this folder on the
# path; the default mode's finder makes a folder without Python (contracts/) unreadable for importlib.resources.
INSTALL_PROJECT := $(PIP_INSTALL) --no-deps --no-build-isolation --config-settings editable_mode=compat --editable .

.PHONY: help demo test slow lint format bench clean
.NOTPARALLEL:
.DELETE_ON_ERROR:

help:
	@echo 'make demo    a whole election night in one command: urns, agents, server, chain, observer (into demo-out/)'
	@echo 'make test    every test but the slow ones'
	@echo 'make slow    the slow ones'
	@echo 'make lint    style, types and import directions'
	@echo 'make format  rewrite the code in the one style that lint accepts'
	@echo 'make bench   measure against the budgets in benchmarks/'
	@echo 'make clean   remove everything that was generated, .venv too'

demo: $(VENV)/.installed-demo
	rm -rf demo-out
	$(BIN)/simulator demo --out demo-out

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope

slow: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-dev
	$(BIN)/python -m pytest benchmarks --benchmark-enable --benchmark-only

clean:
	rm -rf $(VENV) demo-out build dist tunuk.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis \
	    .import_linter_cache .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is newer than what it was installed from, so that a second call does nothing.
$(VENV)/.installed-demo: requirements-server.lock requirements-agent.lock requirements-observer.lock requirements-build.lock \
    pyproject.toml | $(BIN)/pip
	@echo 'Installing what the demonstration needs (about half a minute, once) ...'
	$(PIP_INSTALL) --require-hashes -r requirements-server.lock -r requirements-agent.lock \
	    -r requirements-observer.lock -r requirements-build.lock
	$(INSTALL_PROJECT)
	@touch $@

# The developers' set holds the demonstration's: the same versions, and more.
$(VENV)/.installed-dev: requirements-dev.lock pyproject.toml | $(BIN)/pip
	@echo 'Installing what the tests need (about half a minute, once) ...'
	$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	$(INSTALL_PROJECT)
	@touch $@ $(VENV)/.installed-demo

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo 'Python 3.11 or newer is needed. If it has another name: make PYTHON=/path/to/python3.11' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        apt-get update -q && apt-get install -q -y python3-venv; \
	    else \
	        echo 'This Python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv' >&2; exit 1; \
	    fi
	$(PYTHON) -m venv $(VENV)
