# Everything starts from Python 3.11+ with pip. `make help` lists the targets.
PYTHON ?= python3
BIN := .venv/bin
# Tests, and lectures that are built, side by side: one a core, four at most.
JOBS ?= $(shell $(PYTHON) -c 'import os; print(min(4, len(os.sched_getaffinity(0))))' 2>/dev/null || echo 2)
# Each lecture in one of its languages: its code stands once. `make test-all` takes both.
LECTURES := lectures/ru/0[1357]*.ipynb lectures/en/0[2468]*.ipynb
INSTALLED := .venv/.installed
# A machine without what pip can't bring, and what must hold there of what grades. (tests/bare
# is part of `make test`: its tests make such machines themselves.)
WITHOUT := $(BIN)/python tests/bare/without.py --hide bwrap hunspell chromium chromium-browser google-chrome google-chrome-stable
GRADES := tests/road \
	$(addprefix tests/teaching/, grading/test_gradebooks.py grading/test_broken_notebooks.py grading/test_kernel_start.py \
	attacks/test_collected.py attacks/test_plain_nbgrader.py doctor/test_marks.py)

.DEFAULT_GOAL := help
.PHONY: help setup demo lab build check test test-all test-bare bare-pip bare-none bare site gpu bench pin clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED)  ## .venv with everything the course, its tests and its benchmarks need

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, %s is %d.%d: make setup PYTHON=/path/to/newer/python" % (sys.executable, *sys.version_info[:2]))'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	@touch $@

demo: setup  ## one whole teaching cycle on a built-in class: hand-ins, marks, feedback; all: make demo ALL=1
	$(BIN)/course demo $(if $(ALL),--all)

lab: setup  ## JupyterLab on the course; options of `course lab`: make lab LAB="--language en"
	$(BIN)/course lab $(LAB)

build: setup  ## build notebooks, student versions and the Russian catalogue from their sources
	$(BIN)/course build --jobs $(JOBS)

check: setup  ## style, and that everything derived is fresh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/course build --check

test: check  ## all tests: units, assignments through their own checks, nbval on the lectures
	@failed=0; \
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --durations 25 tests || failed=1; \
	COURSE_STRICT=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadscope -p no:cacheprovider --nbval --nbval-cell-timeout 120 $(LECTURES) || failed=1; \
	exit $$failed  # the lectures are looked at though a test of the package fails

test-all: export COURSE_TEST_ALL = 1
test-all: export COURSE_PATIENCE = 900
test-all: LECTURES := lectures/ru lectures/en
test-all: test  ## the same with what takes minutes: every lecture in both languages and on VOC's layout, in a browser

test-bare: bare-pip bare-none  ## a demo and what grades without bubblewrap, Chromium and hunspell: by pip's bubblewrap, then without any

bare-pip: setup
	$(WITHOUT) -- $(MAKE) --no-print-directory bare

bare-none: setup
	$(WITHOUT) --hide-wheel -- $(MAKE) --no-print-directory bare

bare: setup
	$(BIN)/course demo metrics_and_loss --keep build/bare_demo
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(GRADES)

site: setup  ## the lectures as a static book, in site/: open site/index.html
	$(BIN)/course site

gpu: setup  ## lectures and model answers on a GPU, where one is
	$(BIN)/python -m tests.gpu

bench: setup  ## measure what the speed claims rest on; writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

pin: setup  ## write the versions installed now into constraints.txt
	$(BIN)/python -m pip freeze --exclude-editable | grep -v '@' > constraints.txt

clean:  ## remove working folders of the demo and of the tests
	rm -rf demo .pytest_cache .ruff_cache .hypothesis mutants build dist site
