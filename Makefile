# report · test · coverage · lab · app · bench · pictures · reference · check; each makes .venv on its first call and
# installs nothing on later ones.
PYTHON ?= python3
CALL ?= digitale-innovatie-2016
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python

# JupyterLab asks no other host for news or a newer version: the lock says which one is used.
NO_NEWS := --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate

.PHONY: report test coverage lab app bench pictures reference check lock

report: $(VENV)/.workbook
	$(BIN)/oproep run $(CALL)

test: $(VENV)/.tests
	$(BIN)/pytest --numprocesses auto --dist loadfile

coverage: $(VENV)/.tests
	$(BIN)/pytest --numprocesses auto --dist loadfile --cov --cov-report=term-missing:skip-covered --cov-fail-under=90

lab: $(VENV)/.workbook
	cd notebooks && OPROEP_ROOT="$(CURDIR)" ../$(BIN)/jupyter lab explore.ipynb $(NO_NEWS)

app: $(VENV)/.workbook
	$(BIN)/oproep app $(CALL)

check: $(VENV)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/nbstripout --verify notebooks/*.ipynb

pictures: $(VENV)/.tests report
	cd tests && $(abspath $(BIN))/python make_pictures.py

reference: $(VENV)/.workbook
	$(BIN)/python docs/make_reference.py

bench: $(VENV)/.tests
	cd tests && $(abspath $(BIN))/python -m bench $(SUBJECT)

# What installs and builds everything else is itself pinned by hash.
$(VENV)/.uv: requirements-setup.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.lock
	@touch $@

$(VENV)/.workbook: $(VENV)/.uv requirements.lock pyproject.toml
	$(UV) --require-hashes -r requirements.lock
	$(UV) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.tests: $(VENV)/.workbook requirements-test.lock
	$(UV) --require-hashes -r requirements-test.lock
	@touch $@

# Resolves the locks anew; they carry versions and hashes, and no address of an index.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate
lock: $(VENV)/.uv
	$(LOCK) requirements-setup.in -o requirements-setup.lock
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) pyproject.toml --group test -c requirements.lock -o requirements-test.lock
