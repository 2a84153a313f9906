# make run    build .venv, install, start the service on 127.0.0.1:8000
# make run-local    the same with llama.cpp and a small model of its own: no key, no account
# make test   build what is missing, then lint, types and every default test
# make scale-demo    nginx before three gateways that share a redis-server, as local processes
# Long suites and measurements have targets of their own below.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
comma := ,
# `make run` installs what remote models need; TEST_EXTRAS adds llama.cpp (compiled, minutes the first time)
EXTRAS ?= anthropic,valkey,mcp
TEST_EXTRAS ?= anthropic,valkey,mcp,render,warc,otel,local,hub,starter
LOCAL_EXTRAS ?= $(EXTRAS),local,hub,starter
EDITABLE ?= -e
SYSTEM_PACKAGES := redis-server nginx chromium chromium-headless-shell

# an environment with the extras `a,b` and the dependency groups `c d` has the stamp `.installed-a-b+c+d`
stamp = $(VENV)/.installed-$(subst $(comma),-,$(1))$(subst $() ,,$(addprefix +,$(2)))
tested := $(call stamp,$(TEST_EXTRAS),dev)

.PHONY: run run-local test lint types install-only native system api-docs golden fuzz native-check native-arm64 schemathesis clients \
    soak render screenshots scale-demo bench-local weights bench-extraction clean

run: $(call stamp,$(EXTRAS)) native
	$(BIN)/winnow serve

run-local: $(call stamp,$(LOCAL_EXTRAS)) native
	@cat deploy/run-local.txt
	WINNOW_LOCAL_MODEL=$${WINNOW_LOCAL_MODEL:-starter} exec $(BIN)/winnow serve

# As many tests at once, three for two cores: they wait a lot. A file's tests stay together, since they share servers and
# browsers, and files go by the order of tests/conftest.py: by their number of tests, the longest of all would be the last.
TEST_PROCESSES ?= 3

test: $(tested) native system lint types
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

lint: $(tested)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/lint-imports --no-cache

types: $(tested)
	$(BIN)/mypy

# what the Dockerfile runs, so that these steps are exercised without Docker too
install-only: $(call stamp,$(EXTRAS)) native

# C that reads a page's tree; where it cannot be compiled Python reads it, and gives the same
native: $(VENV)/.native

$(VENV)/.native: $(wildcard packages/native/*.c packages/native/*.h) packages/native/pyproject.toml packages/native/setup.py | $(BIN)/python
	@{ command -v cc && $(PIP) ./packages/native; } > $(VENV)/native.log 2>&1 \
	    || echo 'no winnow-native: pages are walked by Python (a C compiler is missing, or see $(VENV)/native.log)'
	@touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# pip 25.1 is the first that knows dependency groups
$(VENV)/.installed-%: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) 'pip>=25.1'
	CMAKE_ARGS="$$($(BIN)/python deploy/llama_cmake_args.py)" $(PIP) -c constraints.txt $(EDITABLE) '.[$(subst -,$(comma),$(firstword $(subst +, ,$*)))]' \
	    $(addprefix --group ,$(wordlist 2,9,$(subst +, ,$*)))
	@touch $@

# servers and a browser that tests use; elsewhere than on Debian as root the tests that need one say so and skip
system:
	@bash tests/system_packages.sh $(SYSTEM_PACKAGES)

api-docs: $(tested)
	$(BIN)/python -m gateway.api.docs.reference > docs/api.md
	$(BIN)/python -m gateway.api.docs.tables
	$(BIN)/python -m gateway.api.docs.typescript > clients/js/api.d.ts
	$(BIN)/python -m gateway.api.docs.keywords

golden: $(tested)
	$(BIN)/python -m pytest tests/test_golden.py --update
	git diff --stat fixtures/pages

# a million mutated pages through the workers, an hour on two cores; FUZZ_PAGES and FUZZ_SEED change that
fuzz: $(tested)
	FUZZ_PAGES=$${FUZZ_PAGES:-1000000} $(BIN)/python -m pytest tests/test_fuzz.py -s

# C and Python over every labelled page, and over 100,000 mutated ones under AddressSanitizer: minutes
native_tests := tests/core/dom/test_native.py tests/core/dom/test_markup.py tests/core/metadata/test_lines.py \
    tests/core/markdown/test_native_lines.py tests/core/classifier/test_native_counts.py tests/core/classifier/test_native_layers.py \
    tests/core/visibility/test_css_scan.py tests/core/visibility/test_native_matching.py tests/core/visibility/test_possible.py
native-check: $(tested)
	NATIVE_PAGES=0 $(BIN)/python -m pytest $(native_tests) -k labelled
	LD_PRELOAD=$$(cc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc \
	    NATIVE_FLAGS='-g -fsanitize=address,undefined -fno-sanitize-recover=all' NATIVE_MUTATED=$${NATIVE_MUTATED:-100000} \
	    $(BIN)/python -m pytest $(native_tests) -k 'agree or alike'

# the same for arm64, under qemu
native-arm64: $(tested)
	bash tests/native_arm64.sh $(VENV)-arm64 $(BIN)/python $(native_tests)

# hundreds of requests to every route, each answer held against /docs/openapi.json: minutes
schemathesis: $(tested)
	$(BIN)/python -m pytest tests/api/docs/test_openapi.py -m slow

# clients, installed by their names: Firecrawl's and Vercel's `ai` for node, loaders and chat models of LangChain, LlamaIndex,
# instructor (740 MB), and the compiler that checks the types of our own for JavaScript
CLIENTS := $(abspath $(VENV))-clients
clients: $(tested)
	test -x $(CLIENTS)/bin/python || $(PYTHON) -m venv $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --quiet langchain-firecrawl llama-index-readers-web firecrawl-py \
	    langchain-openai langchain-anthropic instructor
	CLIENTS_PYTHON=$(CLIENTS)/bin/python $(BIN)/python -m pytest tests/api/firecrawl tests/clients -m slow

# 70 % load with hostile pages among it: memory, descriptors and processes stay flat; SOAK_MINUTES=60 for a release
soak: $(tested)
	$(BIN)/python -m bench.soak --minutes $${SOAK_MINUTES:-10}

# rendered pages at length: hostile ones, and hundreds in one browser
render: $(tested) system
	$(BIN)/python -m pytest tests/fetch/browser -m slow

# playground, reference and status in every state, width and scheme, held against axe-core's rules; two are the README's
screenshots: $(tested) system
	mkdir -p build/screenshots
	PICTURES=$(CURDIR)/build/screenshots $(BIN)/python -m pytest tests/api/playground -m 'slow or not slow' -k everyone
	cp build/screenshots/removed-1280-light.png docs/playground-light.png
	cp build/screenshots/removed-1280-dark.png docs/playground-dark.png

scale-demo: $(call stamp,$(EXTRAS)) system
	$(BIN)/python -m fixtures.fleet

# the local backend: minutes, on one core, beside llama-server (`python -m bench.local_http --help` says how it is built)
# and llama_cpp.server (a Python with llama-cpp-python[server]) where these are named
PEER_PYTHON ?= $(BIN)/python
LLAMA_SERVER ?=
bench-local: $(tested)
	$(BIN)/python -m pytest tests/backends/local -m slow
	$(BIN)/python -m bench.local_steps
	$(BIN)/python -m bench.local_quants
	$(BIN)/python -m bench.local_counting
	$(BIN)/python -m bench.local
	$(BIN)/python -m bench.local_http $(if $(LLAMA_SERVER),--llama-server $(LLAMA_SERVER)) \
	    $(if $(filter-out $(BIN)/python,$(PEER_PYTHON)),--peer-python $(PEER_PYTHON))

# the classifier's weights and model card from the labelled corpus, and news where they are: ten minutes on one core
CORPUS ?= ../shared/data/wcxb
NEWS ?= ../shared/data/news
weights: $(call stamp,$(EXTRAS),dev training)
	$(BIN)/python -m training --corpus $(CORPUS) $(if $(wildcard $(NEWS)),--news $(NEWS))

# extraction beside its peers; those that are not installed are named and left out
bench-extraction: $(tested)
	$(PEER_PYTHON) -m bench.extraction --data $(CORPUS)

clean:
	rm -rf $(VENV) $(VENV)-clients .mypy_cache .ruff_cache .pytest_cache .hypothesis
