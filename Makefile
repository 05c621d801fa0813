# The only set-up a newcomer needs: each target makes .venv and installs the locked packages by itself.
PYTHON ?= python3
PORT ?= 8000
SANDBOX_PORT ?= 12111
JOBS ?= 2
BIN := .venv/bin
PYTEST = $(BIN)/pytest -n $(JOBS) --dist worksteal
RUNTIME := .venv/.runtime
DEVELOPMENT := .venv/.development
CATALOGS := $(wildcard membership/translations/*/LC_MESSAGES/messages.po)
COMPILED := $(CATALOGS:.po=.mo)

# A test run starts hundreds of processes of ours: each would compile every module again where the machine asks for that.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install demo test check lint types rules bench fuzz translations clean

install: $(RUNTIME) $(COMPILED)  ## the product and its commands in .venv, without what only tests need

demo: $(RUNTIME) $(COMPILED)  ## the site with two years of history on http://127.0.0.1:8000
	@$(BIN)/membership demo --port $(PORT) --sandbox-port $(SANDBOX_PORT)

test: lint types $(COMPILED)  ## the checks, then everything this machine can run
	$(PYTEST) -m "not browser"
	$(PYTEST) -m "not browser and not one_engine" --engine postgresql
	$(PYTEST) -m browser

check: lint types rules  ## lint, types, floors, templates, migrations

lint: $(DEVELOPMENT)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djlint --quiet --check --lint templates
	$(BIN)/lint-imports --no-cache

types: $(DEVELOPMENT)
	$(BIN)/mypy

rules: $(DEVELOPMENT) $(COMPILED)
	$(PYTEST) -q tests/rules

bench: $(DEVELOPMENT) $(COMPILED)  ## figures measured on this machine, beside their bars
	@$(BIN)/python -m bench

fuzz: $(DEVELOPMENT) $(COMPILED)  ## longer random histories and hostile inputs
	MEMBERSHIP_TEST_FUZZ=1 $(PYTEST) -m "hypothesis or fuzz"

translations: $(DEVELOPMENT)  ## collect the strings of the interface into the catalogs
	$(BIN)/pybabel -q extract -F babel.cfg -k lazy_gettext -k _l --no-wrap --add-location=never --sort-output \
	  --project=Membership --version=1 --copyright-holder="The Membership authors" -o membership/translations/messages.pot .
	$(BIN)/pybabel -q update -i membership/translations/messages.pot -d membership/translations --no-wrap --no-fuzzy-matching --ignore-obsolete

%.mo: %.po $(RUNTIME)
	@$(BIN)/pybabel -q compile -i $< -o $@ -l $(notdir $(patsubst %/LC_MESSAGES/messages.po,%,$<))

$(RUNTIME): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the locked packages into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(DEVELOPMENT): requirements-dev.lock $(RUNTIME)
	@echo "Installing the locked packages for development into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

clean:
	rm -rf .venv instance
