# make run    build .venv, install, start the service on 127.0.0.1:8000
# make test   build what is missing, then lint, types and every default test
# make scale-demo    nginx before three gateways that share a redis-server, as local processes
# Long suites and measurements have targets of their own below.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
comma := ,
# `make run` installs what remote models need; TEST_EXTRAS adds llama.cpp (compiled, minutes the first time)
EXTRAS ?= anthropic,valkey,mcp
TEST_EXTRAS ?= dev,anthropic,valkey,mcp,otel,local
EDITABLE ?= -e
SYSTEM_PACKAGES := redis-server nginx chromium

stamp = $(VENV)/.installed-$(subst $(comma),-,$(1))

.PHONY: run test lint types install-only system api-docs golden fuzz schemathesis soak scale-demo bench-local weights \
    bench-extraction clean

run: $(call stamp,$(EXTRAS))
	$(BIN)/winnow serve

test: $(call stamp,$(TEST_EXTRAS)) system lint types
	$(BIN)/python -m pytest

lint: $(call stamp,$(TEST_EXTRAS))
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .

types: $(call stamp,$(TEST_EXTRAS))
	$(BIN)/mypy

# what the Dockerfile runs, so that these steps are exercised without Docker too
install-only: $(call stamp,$(EXTRAS))

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-%: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
	    $(EDITABLE) '.[$(subst -,$(comma),$*)]'
	@touch $@

# servers and a browser that tests use; elsewhere than on Debian as root the tests that need one say so and skip
system:
	@bash tests/system_packages.sh $(SYSTEM_PACKAGES)

api-docs: $(call stamp,$(TEST_EXTRAS))
	$(BIN)/python -m gateway.api.docs.reference > docs/api.md

golden: $(call stamp,$(TEST_EXTRAS))
	$(BIN)/python -m pytest tests/test_golden.py --update
	git diff --stat fixtures/pages

# a million mutated pages through the workers, an hour on two cores; FUZZ_PAGES and FUZZ_SEED change that
fuzz: $(call stamp,$(TEST_EXTRAS))
	FUZZ_PAGES=$${FUZZ_PAGES:-1000000} $(BIN)/python -m pytest tests/test_fuzz.py -s

# hundreds of requests to every route, each answer held against /docs/openapi.json: minutes
schemathesis: $(call stamp,$(TEST_EXTRAS))
	$(BIN)/python -m pytest tests/api/docs/test_openapi.py -m slow

# 70 % load with hostile pages among it: memory, descriptors and processes stay flat; SOAK_MINUTES=60 for a release
soak: $(call stamp,$(TEST_EXTRAS))
	$(BIN)/python -m bench.soak --minutes $${SOAK_MINUTES:-10}

scale-demo: $(call stamp,$(EXTRAS)) system
	$(BIN)/python -m fixtures.fleet

# the local backend: minutes, on one core; the server it is compared with wants llama-cpp-python[server]
PEER_PYTHON ?= $(BIN)/python
bench-local: $(call stamp,$(TEST_EXTRAS))
	$(BIN)/python -m pytest tests/backends/local -m slow
	$(BIN)/python -m bench.local_steps
	$(BIN)/python -m bench.local
	$(BIN)/python -m bench.local_http --peer-python $(PEER_PYTHON)

# the classifier's weights and model card from the labelled corpus: ten minutes on one core
TRAINING_EXTRAS ?= dev,training
CORPUS ?= ../shared/data/wcxb
weights: $(call stamp,$(TRAINING_EXTRAS))
	$(BIN)/python -m training --corpus $(CORPUS)

# extraction beside its peers; those that are not installed are named and left out
bench-extraction: $(call stamp,$(TEST_EXTRAS))
	$(PEER_PYTHON) -m bench.extraction --data $(CORPUS)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
