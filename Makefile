# Needs nothing but make, bash and a CPython of at least 3.11 with venv; everything else goes into .venv.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= constraints.txt
CORPUS ?= ../shared/corpus
ARGUMENTS ?=

STAMP := $(VENV)/.installed
IN_VENV := source $(VENV)/bin/activate &&

.PHONY: help
help:  ## show this help
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

.PHONY: install
install: $(STAMP)  ## set up .venv with batchgraph and what its development needs

$(STAMP): pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("CPython 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(VENV)/bin/python -m pip install --quiet --editable . --group dev $(addprefix --constraint ,$(CONSTRAINTS))
	touch $@

.PHONY: run
run: $(STAMP)  ## make graphs, maps and tables of sample_pcaps in results/
	$(IN_VENV) batchgraph run sample_pcaps --out results $(ARGUMENTS)

.PHONY: test
test: $(STAMP)  ## run the tests; ARGUMENTS='-k name' runs some
	$(IN_VENV) python -m pytest $(ARGUMENTS)

.PHONY: check
check: $(STAMP)  ## lint, check the format and the types
	$(IN_VENV) ruff check .
	$(IN_VENV) ruff format --check .
	$(IN_VENV) mypy

.PHONY: pipelines
pipelines: $(STAMP)  ## run every analysis in pipelines/ and compare its tables with what is expected
	$(IN_VENV) shopt -s nullglob; for makefile in pipelines/*/Makefile; do $(MAKE) -C "$$(dirname "$$makefile")"; done

.PHONY: bench
bench: $(STAMP)  ## measure packets per second, beside other programs where they are installed
	$(IN_VENV) python -m tests.bench.bench $(ARGUMENTS)

.PHONY: corpus
corpus: $(STAMP)  ## extract the captures of CORPUS and hold them against its expected values
	$(IN_VENV) results=$$(mktemp -d); trap 'rm -rf "$$results"' EXIT; \
	batchgraph extract "$(CORPUS)/captures" --out "$$results" --fail-on never --quiet; \
	python "$(CORPUS)/tools/agree.py" "$$results" "$(CORPUS)/expected" $(ARGUMENTS)

.PHONY: fuzz
fuzz: $(STAMP)  ## put damaged frames, files and random tables through the kernels under guard pages
	$(IN_VENV) python -m tests.fuzz.harness --frames 200000 --files 10000 --tables 1000 $(ARGUMENTS)

.PHONY: damage
damage: $(STAMP)  ## damage captures in every way and print what is read of them
	$(IN_VENV) python -m tests.damage.kit --seeds 200 --packets 500 $(ARGUMENTS)

.PHONY: hosts
hosts: $(STAMP)  ## run on a cluster of separate hosts, which are network namespaces, as root; pull a cable, kill a host
	$(IN_VENV) python -m tests.faults.hosts sample_pcaps $(ARGUMENTS)

.PHONY: faults
faults: $(STAMP)  ## let every call of a run fail, fill disks, kill processes; what strace does where it is installed
	$(IN_VENV) python -m tests.faults.harness --by python $(ARGUMENTS)
	$(IN_VENV) python -m tests.faults.harness --by strace $(ARGUMENTS)
	$(IN_VENV) python -m tests.faults.harness --by strace --scenario split --every 9 $(ARGUMENTS)
	$(IN_VENV) python -m tests.faults.full_disk
	$(IN_VENV) python -m tests.faults.kills --rounds 100

.PHONY: browser-test
browser-test: $(STAMP)  ## drive report.html through a headless Chromium, which must be installed
	$(VENV)/bin/python -m pip install --quiet playwright
	$(IN_VENV) python -m pytest tests/browser/check_page.py $(ARGUMENTS)

.PHONY: screenshots
screenshots: $(STAMP)  ## take the README's picture of report.html anew; needs Chromium, as browser-test does
	$(VENV)/bin/python -m pip install --quiet playwright
	$(IN_VENV) python -m tests.browser.readme_picture

.PHONY: web-check
web-check:  ## prove that the script of report.html is what a build gives; needs node and npm
	cd batchgraph/render/web && npm ci --silent && npm run --silent check

.PHONY: test-lowest
test-lowest:  ## run the tests with the lowest versions that pyproject.toml allows
	$(PYTHON) -m venv --clear build/lowest
	build/lowest/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(PYTHON) .ci/lowest.py > build/lowest/pins.txt
	build/lowest/bin/python -m pip install --quiet --editable . --group test --constraint build/lowest/pins.txt
	build/lowest/bin/python -m pytest $(ARGUMENTS)

.PHONY: constraints
constraints:  ## write constraints.txt anew, with today's versions
	$(PYTHON) -m venv --clear build/constraints
	build/constraints/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	build/constraints/bin/python -m pip install --quiet . --group dev
	{ head -n 1 constraints.txt; build/constraints/bin/python -m pip freeze --exclude batchgraph; } > build/new
	mv build/new constraints.txt

.PHONY: clean
clean:  ## remove everything that was made here
	rm -rf $(VENV) build results pipelines/*/results .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
