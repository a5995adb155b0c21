# Everything Limelight does from a terminal: `make help`.
# Needs make, a POSIX shell and any Python from 3.11 on; the rest it installs into a virtual environment of its own.

VENV   ?= .venv
PYTHON ?=
PORT   ?= 8501
JOBS   ?= 2
# Unit tests wait for the disk and for apps now and then: one worker more than cores uses that time. Each worker costs
# ten seconds of a core before its first test.
UNITS  ?= 3
PY     := $(VENV)/bin/python
SHELL  := /bin/sh
# Where containers forbid it, each of the hundred Pythons that tests start would compile all of Limelight anew.
unexport PYTHONDONTWRITEBYTECODE

# What a Python must be able to say to be used.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))

# One line that changes when the requirements or the Python change, whatever git does to file times.
DIGEST := import hashlib, pathlib, sys; \
	print(sys.version_info[:2], hashlib.sha256(b''.join(pathlib.Path(f).read_bytes() for f in sys.argv[1:])).hexdigest())

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check lint types format collect unit browser-tests shots bench prove sample clean venv install install-dev install-bench browser

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /|/' | awk -F'|' '{ printf "  make %-14s %s\n", $$1, $$2 }'

run: install ## install what is missing and serve Limelight on http://127.0.0.1:8501
	@echo "Limelight: http://127.0.0.1:$(PORT)   (stop with Ctrl-C)"
	@exec $(PY) -m streamlit run app.py --server.port $(PORT)

test: install-dev browser ## every check and every test, with a browser
	@$(PY) -m tests.everything "$(MAKE)"

check: lint types ## lint, format, types

lint: install-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: install-dev
	$(PY) -m mypy

format: install-dev ## put the code in order
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .

# Eight thousand assertions are rewritten by pytest when tests are first imported: once, not by each worker anew.
collect: install-dev
	@$(PY) -m pytest --collect-only -qq --doctest-modules core tests -m "not bench and not prove" >/dev/null || true

# One thread of DuckDB's each: for the few rows of most tests a second one costs a tenth of the time. The browser tests'
# apps, `make prove` and whoever calls pytest have as many as there are cores.
unit: install-dev ## tests of core and pages, and the examples in docstrings, in parallel
	LIMELIGHT_THREADS=1 $(PY) -m pytest -n $(UNITS) --dist worksteal --doctest-modules core tests -m "not bench and not prove and not browser"

browser-tests: install-dev browser ## tests in a real browser; those of one file share an app
	$(PY) -m pytest -n $(JOBS) --dist loadfile tests/browser -m "browser and not bench and not prove"

shots: install-dev browser ## a picture of every page into shots/, with the defects that can be seen by program
	$(PY) -m tests.browser.shots

bench: install-bench ## measure speed against bare DuckDB and others
	$(PY) -m pytest tests -m bench -s

prove: install-dev browser ## slow proofs; their dated results belong in docs/proofs/
	$(PY) -m pytest tests -m prove -s --timeout 3600
	LIMELIGHT_EXAMPLES=all $(PY) -m pytest -n $(JOBS) --dist worksteal tests -m laws --timeout 3600

sample: install ## make the sample data again
	$(PY) data/make_sample.py

clean: ## remove caches and pictures; keeps the virtual environment and all data
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis shots
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

browser: install-dev ## find a Chromium or Chrome, or install one
	@$(PY) -m tests.browser.find_browser

install: venv
	@want="$$($(PY) -c "$(DIGEST)" requirements.txt)"; \
	if [ "$$(cat $(VENV)/.limelight-run 2>/dev/null)" != "$$want" ]; then \
		echo "Installing requirements.txt into $(VENV)"; \
		$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt && \
		printf '%s\n' "$$want" > $(VENV)/.limelight-run; \
	fi

# Not compiled: that would take half a minute of one core, and tests import a third of it, on all cores.
install-dev: venv
	@want="$$($(PY) -c "$(DIGEST)" requirements.txt requirements-dev.txt)"; \
	if [ "$$(cat $(VENV)/.limelight-dev 2>/dev/null)" != "$$want" ]; then \
		echo "Installing requirements-dev.txt into $(VENV)"; \
		$(PY) -m pip install --quiet --no-compile --disable-pip-version-check -r requirements-dev.txt && \
		printf '%s\n' "$$want" > $(VENV)/.limelight-dev; \
	fi

install-bench: install-dev
	@want="$$($(PY) -c "$(DIGEST)" requirements-bench.txt)"; \
	if [ "$$(cat $(VENV)/.limelight-bench 2>/dev/null)" != "$$want" ]; then \
		echo "Installing requirements-bench.txt into $(VENV)"; \
		$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt && \
		printf '%s\n' "$$want" > $(VENV)/.limelight-bench; \
	fi

# A virtual environment whose Python is gone (upgraded, moved) or too old is made again; a folder that is not a
# virtual environment is never touched. Where a Python comes without ensurepip (Debian), help is tried in turn.
venv:
	@if [ -x $(PY) ] && $(PY) -c "$(NEW_ENOUGH)" 2>/dev/null && $(PY) -m pip --version >/dev/null 2>&1; then exit 0; fi; \
	if [ -e $(VENV) ] && [ ! -e $(VENV)/pyvenv.cfg ]; then \
		echo "$(VENV) exists and is not a virtual environment: move it away, or say make VENV=other-folder" >&2; exit 1; \
	fi; \
	found=""; \
	for candidate in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
		if $$candidate -c "$(NEW_ENOUGH)" >/dev/null 2>&1; then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Limelight needs Python 3.11 or newer; none of python3.13, python3.12, python3.11, python3 is that." >&2; \
		echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python@3.13)," >&2; \
		echo "or name it: make run PYTHON=/path/to/python3.12" >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$($$found --version) ($$found)"; \
	if $$found -m venv --clear $(VENV) >$(VENV).log 2>&1; then rm -f $(VENV).log; exit 0; fi; \
	minor="$$($$found -c 'import sys; print("%d.%d" % sys.version_info[:2])')"; root=""; \
	if [ "$$(id -u)" != 0 ]; then root="sudo -n"; fi; \
	if command -v apt-get >/dev/null 2>&1 && $$root true 2>/dev/null; then \
		echo "This Python cannot make one alone; installing Debian's python$$minor-venv"; \
		$$root apt-get update -qq >>$(VENV).log 2>&1; \
		$$root apt-get install -y -qq --no-install-recommends python$$minor-venv >>$(VENV).log 2>&1 || \
		$$root apt-get install -y -qq --no-install-recommends python3-venv >>$(VENV).log 2>&1; \
		if $$found -m venv --clear $(VENV) >>$(VENV).log 2>&1; then rm -f $(VENV).log; exit 0; fi; \
	fi; \
	if $$found -m virtualenv --version >/dev/null 2>&1 || \
		$$found -m pip install --user --quiet virtualenv >>$(VENV).log 2>&1; then \
		if $$found -m virtualenv --clear $(VENV) >>$(VENV).log 2>&1; then rm -f $(VENV).log; exit 0; fi; \
	fi; \
	cat $(VENV).log >&2; rm -rf $(VENV).log $(VENV); \
	echo "$$found cannot make a virtual environment (above: what was tried)." >&2; \
	echo "Install its venv module (Debian, Ubuntu: apt-get install python3-venv) and say make again." >&2; exit 1
